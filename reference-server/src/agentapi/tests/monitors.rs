//! What agents monitor of their machines.

use agentsdk::rpc::proto::agent::PushResourcesMonitoringUsageRequest;
use agentsdk::rpc::proto::agent::push_resources_monitoring_usage_request::Datapoint;
use agentsdk::rpc::proto::agent::push_resources_monitoring_usage_request::datapoint::{MemoryUsage, VolumeUsage};
use agentsdk::rpc::{AgentRpc, RpcOptions};
use uuid::Uuid;

use super::World;
use crate::store::resource_monitors::{MonitorRow, insert_resource_monitor};

#[tokio::test]
async fn the_owner_is_told_when_memory_or_a_volume_runs_out() {
    let world = World::new().await;
    let state = world.server.state();
    let mut tx = state.store.begin().await.unwrap();
    for (path, enabled) in [("", true), ("/home", true), ("/var", false)] {
        let row = MonitorRow {
            agent_id: world.agent.id,
            path: path.to_owned(),
            enabled,
            threshold: 90,
            alarmed: false,
            quiet_until: crate::clock::zero_time(),
        };
        insert_resource_monitor(&mut tx, &row).await.unwrap();
    }
    tx.commit().await.unwrap();
    let connection = world.connect(RpcOptions::default()).await;
    let agent = connection.agent();
    let told = agent.get_resources_monitoring_configuration(Default::default()).await.unwrap();
    assert!(told.memory.unwrap().enabled);
    let volumes: Vec<_> = told.volumes.iter().map(|volume| (volume.path.as_str(), volume.enabled)).collect();
    assert_eq!(volumes, [("/home", true), ("/var", false)]);

    let volume = |path: &str| VolumeUsage { volume: path.to_owned(), used: 9, total: 10 };
    let sample = Datapoint {
        collected_at: None,
        memory: Some(MemoryUsage { used: 95, total: 100 }),
        volumes: vec![volume("/var"), volume("/home")],
    };
    for _ in 0..2 {
        let request = PushResourcesMonitoringUsageRequest { datapoints: vec![sample.clone(); 20] };
        agent.push_resources_monitoring_usage(request).await.unwrap();
    }
    let notices: Vec<(Uuid, String, String)> =
        sqlx::query_as("SELECT template_id, labels, data FROM notification_messages ORDER BY created_by")
            .fetch_all(state.store.pool())
            .await
            .unwrap();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(notices.len(), 2, "each is told once");
    assert_eq!(notices[0].0.to_string(), "a9d027b4-ac49-4fb1-9f6d-45af15f64e7a");
    assert_eq!(json(&notices[0].1), serde_json::json!({"workspace": "dev-ws", "threshold": "90%"}));
    assert_eq!(notices[1].0.to_string(), "f047f6a3-5713-40f7-85aa-0394cce9fa3a");
    assert_eq!(json(&notices[1].2)["volumes"], serde_json::json!([{"path": "/home", "threshold": "90%"}]));
}
