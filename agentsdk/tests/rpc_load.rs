//! Many calls at once. In a process of its own, whose memory is looked at.

#![cfg(feature = "rpc")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentsdk::rpc::proto::agent::{GetServiceBannerRequest, ServiceBanner};
use agentsdk::rpc::{AgentRpc, Connection, Result, Server, Version};
use async_trait::async_trait;

const CALLS: usize = 10_000;
const ANSWER: usize = 32 << 10;

#[derive(Default)]
struct Slow {
    open: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl AgentRpc for Slow {
    async fn get_service_banner(&self, _: GetServiceBannerRequest) -> Result<ServiceBanner> {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(open, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.open.fetch_sub(1, Ordering::SeqCst);
        Ok(ServiceBanner { message: "x".repeat(ANSWER), ..Default::default() })
    }
}

/// The most memory that the process has had, in bytes.
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok()? << 10)
}

/// All their answers together would take 320 MB.
#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_on_one_connection() {
    let before = peak_memory();
    let slow = Arc::new(Slow::default());
    let (near, far) = tokio::io::duplex(64 << 10);
    let _served = Server::new().agent(Arc::clone(&slow) as Arc<dyn AgentRpc>).serve(far);
    let connection = Connection::over(near, Version::CURRENT);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let agent = connection.agent();
        calls.spawn(
            async move { agent.get_service_banner(Default::default()).await.map(|banner| banner.message.len()) },
        );
    }
    let sizes = calls.join_all().await;
    assert_eq!(sizes.len(), CALLS);
    assert!(sizes.into_iter().all(|size| size.is_ok_and(|size| size == ANSWER)));
    let most = slow.most.load(Ordering::SeqCst);
    assert!(most > 100 && most <= 512, "{most} calls at once");
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        assert!(after - before < 100 << 20, "{} MiB", (after - before) >> 20);
    }
}
