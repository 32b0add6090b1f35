//! What an agent tells of itself and of the machine it is on.

use codersdk::ChatMessagePart;
use tokio::net::TcpListener;
use workspacesdk::AgentConn;
use workspacesdk::mcp::CallMcpToolRequest;
use workspacesdk::netcheck::HealthSeverity;

use crate::real::Real;

#[tokio::test]
async fn of_its_network() {
    let real = Real::start().await;
    let report = real.conn().netcheck().await.unwrap();
    assert_eq!((report.severity, report.dismissed), (HealthSeverity::Ok, false));
    let found = report.net_info.unwrap();
    assert_eq!((found.working_udp, found.preferred_derp), (Some(false), 0), "it has no tunnel");
    let loopback = report.interfaces.interfaces.iter().find(|interface| interface.name == "lo").unwrap();
    assert!(loopback.addresses.iter().any(|address| address == "127.0.0.1/8"), "{loopback:?}");
}

#[tokio::test]
async fn of_the_ports_that_programs_listen_on() {
    let program = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = program.local_addr().unwrap().port();
    let real = Real::start().await;
    let ports = real.conn().listening_ports().await.unwrap().ports;
    assert!(ports.iter().any(|listening| listening.port == port && listening.network == "tcp"), "{ports:?}");
    let own: u16 = real.agent.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(ports.iter().all(|listening| listening.port != own), "{ports:?}");
}

#[tokio::test]
async fn of_what_it_was_told_and_what_it_did() {
    let real = Real::start().await;
    let conn = real.conn();
    let manifest: serde_json::Value = serde_json::from_slice(&conn.debug_manifest().await.unwrap()).unwrap();
    assert_eq!(manifest["directory"], real.path("").trim_end_matches('/'));
    let metrics = String::from_utf8(conn.prometheus_metrics().await.unwrap().to_vec()).unwrap();
    assert!(metrics.contains("# TYPE "), "{metrics}");
    let no_tunnel = conn.debug_magicsock().await.unwrap_err();
    assert_eq!(no_tunnel.status(), Some(500));
}

#[tokio::test]
async fn of_its_instructions() {
    let real = Real::start().await;
    std::fs::write(real.path("AGENTS.md"), "Be kind.").unwrap();
    let parts = real.conn().context_config().await.unwrap().parts;
    let content = parts.iter().find_map(|part| match part {
        ChatMessagePart::ContextFile(file) => file.context_file_content.as_deref(),
        _ => None,
    });
    assert_eq!(content, Some("Be kind."));
}

#[tokio::test]
async fn of_tools_and_containers_that_it_lacks() {
    let real = Real::start().await;
    let conn = real.conn();
    let call = |name: &str| CallMcpToolRequest { tool_name: name.to_owned(), ..Default::default() };
    assert!(conn.call_mcp_tool(call("nope")).await.unwrap_err().is_bad_request());
    assert!(conn.call_mcp_tool(call("nobody__nope")).await.unwrap_err().is_not_found());
    assert!(conn.list_containers().await.unwrap_err().is_forbidden());
}
