//! What became of logs.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why logs did not reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// The queue of the boundary process was full.
    BoundaryChannelFull,
    /// The batch of the boundary process was full.
    BoundaryBatchFull,
    /// The proxy's queue was full: logs come faster than they can be forwarded.
    BufferFull,
    /// The server did not take them.
    ForwardFailed,
}

impl DropReason {
    const ALL: [Self; 4] = [Self::BoundaryChannelFull, Self::BoundaryBatchFull, Self::BufferFull, Self::ForwardFailed];

    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BoundaryChannelFull => "boundary_channel_full",
            Self::BoundaryBatchFull => "boundary_batch_full",
            Self::BufferFull => "buffer_full",
            Self::ForwardFailed => "forward_failed",
        }
    }
}

/// Counters of a proxy. Whole batches are dropped by the proxy only; boundary processes tell of single logs.
#[derive(Debug, Default)]
pub struct Metrics {
    forwarded: AtomicU64,
    batches: [AtomicU64; 4],
    logs: [AtomicU64; 4],
}

impl Metrics {
    pub(super) fn forwarded(&self) {
        self.forwarded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped_batch(&self, reason: DropReason, logs: usize) {
        self.batches[reason as usize].fetch_add(1, Ordering::Relaxed);
        self.dropped_logs(reason, logs as u64);
    }

    pub(super) fn dropped_logs(&self, reason: DropReason, logs: u64) {
        self.logs[reason as usize].fetch_add(logs, Ordering::Relaxed);
    }

    /// How many batches the server took.
    pub fn batches_forwarded(&self) -> u64 {
        self.forwarded.load(Ordering::Relaxed)
    }

    /// How many batches were dropped.
    pub fn batches_dropped(&self, reason: DropReason) -> u64 {
        self.batches[reason as usize].load(Ordering::Relaxed)
    }

    /// How many logs were dropped, those of dropped batches included.
    pub fn logs_dropped(&self, reason: DropReason) -> u64 {
        self.logs[reason as usize].load(Ordering::Relaxed)
    }

    /// The counters in Prometheus' text format. One that never counted is left out.
    pub fn to_prometheus(&self) -> String {
        let mut out = String::new();
        for (name, help, counts) in [
            ("batches_dropped_total", "Batches of boundary logs that did not reach the server.", &self.batches),
            ("logs_dropped_total", "Boundary logs that did not reach the server.", &self.logs),
        ] {
            let counted: Vec<_> = DropReason::ALL
                .into_iter()
                .map(|reason| (reason, counts[reason as usize].load(Ordering::Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect();
            if counted.is_empty() {
                continue;
            }
            head(&mut out, name, help);
            for (reason, count) in counted {
                let _ = writeln!(out, "agent_boundary_log_proxy_{name}{{reason=\"{}\"}} {count}", reason.as_str());
            }
        }
        head(&mut out, "batches_forwarded_total", "Batches of boundary logs that the server took.");
        let _ = writeln!(out, "agent_boundary_log_proxy_batches_forwarded_total {}", self.batches_forwarded());
        out
    }
}

fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP agent_boundary_log_proxy_{name} {help}");
    let _ = writeln!(out, "# TYPE agent_boundary_log_proxy_{name} counter");
}
