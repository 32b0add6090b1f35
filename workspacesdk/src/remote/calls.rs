//! The calls of an agent over HTTP.

use std::sync::PoisonError;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::SecondsFormat;
use codersdk::__private::Request;
use codersdk::{
    JsonSocket, Response, Result, WorkspaceAgentListContainersResponse, WorkspaceAgentListeningPortsResponse,
};
use http::header::CONTENT_TYPE;
use uuid::Uuid;

use super::HttpAgentConn;
use super::builder::header_map;
use super::socket_io::SocketIo;
use crate::agent_conn::{AgentConn, DebugLogsOptions, ProcessOutputOptions};
use crate::body::{BoxIo, FileContent, NewContent};
use crate::context::{ContextConfigResponse, ContextSnapshot, ContextSource};
use crate::desktop::{DesktopAction, DesktopActionResponse, StartDesktopRecordingRequest, StopDesktopRecordingRequest};
use crate::files::{
    FileEditRequest, FileEditResponse, LsRequest, LsResponse, ReadFileLinesLimits, ReadFileLinesResponse,
    ResolvePathResponse,
};
use crate::headers::ExtraHeaders;
use crate::mcp::{CallMcpToolRequest, CallMcpToolResponse};
use crate::netcheck::AgentNetcheckReport;
use crate::processes::{
    ListProcessesResponse, ProcessOutputResponse, ProcessSignal, SignalProcessRequest, StartProcessRequest,
    StartProcessResponse,
};
use crate::recording::DesktopRecording;
use crate::watch::{ContainersWatch, GitWatch};

/// The largest log that is read, in bytes: what an agent sends, and its marks between files.
const MAX_LOGS: usize = 128 << 20;

/// The largest message of a desktop's screen, in bytes.
const MAX_SCREEN: usize = 64 << 20;

#[async_trait]
impl AgentConn for HttpAgentConn {
    async fn set_extra_headers(&self, headers: ExtraHeaders) -> Result<()> {
        let headers = header_map(&headers)?;
        *self.inner.headers.write().unwrap_or_else(PoisonError::into_inner) = headers;
        Ok(())
    }

    async fn start_process(&self, request: StartProcessRequest) -> Result<StartProcessResponse> {
        self.send(Request::post("/api/v0/processes/start", &[]).untyped_json(&request).expect(&[200])).await?.json()
    }

    async fn list_processes(&self) -> Result<ListProcessesResponse> {
        self.send(Request::get("/api/v0/processes/list", &[]).expect(&[200])).await?.json()
    }

    async fn process_output(&self, id: &str, options: ProcessOutputOptions) -> Result<ProcessOutputResponse> {
        let request = Request::get("/api/v0/processes/{id}/output", &[&id]).expect(&[200]);
        if options.wait {
            self.send_long(request.query("wait", "true")).await?.json()
        } else {
            self.send(request).await?.json()
        }
    }

    async fn signal_process(&self, id: &str, signal: ProcessSignal) -> Result<()> {
        let body = SignalProcessRequest { signal };
        let request = Request::post("/api/v0/processes/{id}/signal", &[&id]).untyped_json(&body).expect(&[200]);
        self.send(request).await?.json::<Response>().map(drop)
    }

    async fn list_directory(&self, path: &str, request: LsRequest) -> Result<LsResponse> {
        let request = Request::post("/api/v0/list-directory", &[]).query("path", path).untyped_json(&request);
        self.send(request.expect(&[200])).await?.json()
    }

    async fn resolve_path(&self, path: &str) -> Result<String> {
        let request = Request::get("/api/v0/resolve-path", &[]).query("path", path).expect(&[200]);
        Ok(self.send(request).await?.json::<ResolvePathResponse>()?.resolved_path)
    }

    async fn read_file(&self, path: &str, offset: u64, limit: u64) -> Result<FileContent> {
        let request = Request::get("/api/v0/read-file", &[])
            .query("path", path)
            .query("offset", offset)
            .query("limit", limit)
            .expect(&[200]);
        let exchange = self.open(request, self.limits().call).await?;
        let mime_type = exchange.content_type();
        Ok(FileContent::new(mime_type, exchange.pieces(self.limits().idle)))
    }

    async fn read_file_lines(
        &self,
        path: &str,
        offset: i64,
        limit: i64,
        limits: ReadFileLinesLimits,
    ) -> Result<ReadFileLinesResponse> {
        let request = Request::get("/api/v0/read-file-lines", &[])
            .query("path", path)
            .query("offset", offset)
            .query("limit", limit)
            .query("max_file_size", limits.max_file_size)
            .query("max_line_bytes", limits.max_line_bytes)
            .query("max_response_lines", limits.max_response_lines)
            .query("max_response_bytes", limits.max_response_bytes);
        self.send(request.expect(&[200])).await?.json()
    }

    async fn write_file(&self, path: &str, content: NewContent) -> Result<()> {
        let length = content.length();
        let request = Request::post("/api/v0/write-file", &[]).query("path", path).expect(&[200]);
        let request = request.untyped_stream(length, Box::pin(content));
        self.send_long(request).await?.json::<Response>().map(drop)
    }

    async fn edit_files(&self, request: FileEditRequest) -> Result<FileEditResponse> {
        self.send(Request::post("/api/v0/edit-files", &[]).untyped_json(&request).expect(&[200])).await?.json()
    }

    async fn context_config(&self) -> Result<ContextConfigResponse> {
        self.send(Request::get("/api/v0/context-config", &[]).expect(&[200])).await?.json()
    }

    async fn context_sources(&self) -> Result<Vec<ContextSource>> {
        self.send(Request::get("/api/v0/context/sources", &[]).expect(&[200])).await?.json_list()
    }

    async fn add_context_source(&self, path: &str) -> Result<ContextSource> {
        let source = ContextSource { path: path.to_owned() };
        self.send(Request::post("/api/v0/context/sources", &[]).json(&source).expect(&[201])).await?.json()
    }

    async fn context_source(&self, path: &str) -> Result<ContextSource> {
        self.send(Request::get("/api/v0/context/sources/{path}", &[&path]).expect(&[200])).await?.json()
    }

    async fn remove_context_source(&self, path: &str) -> Result<()> {
        self.send(Request::delete("/api/v0/context/sources/{path}", &[&path]).expect(&[204])).await.map(drop)
    }

    async fn resync_context(&self) -> Result<ContextSnapshot> {
        self.send_long(Request::post("/api/v0/context/resync", &[]).expect(&[200])).await?.json()
    }

    async fn call_mcp_tool(&self, request: CallMcpToolRequest) -> Result<CallMcpToolResponse> {
        let request = Request::post("/api/v0/mcp/call-tool", &[]).untyped_json(&request).expect(&[200]);
        self.send_long(request).await?.json()
    }

    async fn list_containers(&self) -> Result<WorkspaceAgentListContainersResponse> {
        self.send(Request::get("/api/v0/containers", &[]).expect(&[200])).await?.json()
    }

    async fn watch_containers(&self) -> Result<ContainersWatch> {
        let request = Request::get("/api/v0/containers/watch", &[]);
        let socket = self.websocket(request, self.limits().max_message).await?;
        Ok(ContainersWatch::new(JsonSocket::from(socket)))
    }

    async fn recreate_devcontainer(&self, devcontainer_id: &str) -> Result<Response> {
        let request = Request::post("/api/v0/containers/devcontainers/{devcontainer}/recreate", &[&devcontainer_id]);
        self.send(request.expect(&[202])).await?.json()
    }

    async fn delete_devcontainer(&self, devcontainer_id: &str) -> Result<()> {
        let request = Request::delete("/api/v0/containers/devcontainers/{devcontainer}", &[&devcontainer_id]);
        self.send_long(request.expect(&[204])).await.map(drop)
    }

    async fn listening_ports(&self) -> Result<WorkspaceAgentListeningPortsResponse> {
        self.send(Request::get("/api/v0/listening-ports", &[]).expect(&[200])).await?.json()
    }

    async fn netcheck(&self) -> Result<AgentNetcheckReport> {
        self.send(Request::get("/api/v0/netcheck", &[]).expect(&[200])).await?.json()
    }

    async fn watch_git(&self, chat_id: Uuid) -> Result<GitWatch> {
        let chat_id = Some(chat_id).filter(|id| !id.is_nil());
        let request = Request::get("/api/v0/git/watch", &[]).query_opt::<Uuid>("chat_id", chat_id);
        let socket = self.websocket(request, self.limits().max_message).await?;
        Ok(JsonSocket::from(socket).into())
    }

    async fn connect_desktop_vnc(&self) -> Result<BoxIo> {
        let socket = self.websocket(Request::get("/api/v0/desktop/vnc", &[]), MAX_SCREEN).await?;
        Ok(Box::new(SocketIo::new(socket)))
    }

    async fn execute_desktop_action(&self, action: DesktopAction) -> Result<DesktopActionResponse> {
        self.send_long(Request::post("/api/v0/desktop/action", &[]).json(&action).expect(&[200])).await?.json()
    }

    async fn start_desktop_recording(&self, request: StartDesktopRecordingRequest) -> Result<()> {
        let request = Request::post("/api/v0/desktop/recording/start", &[]).untyped_json(&request).expect(&[200]);
        self.send_long(request).await.map(drop)
    }

    async fn stop_desktop_recording(&self, request: StopDesktopRecordingRequest) -> Result<DesktopRecording> {
        let request = Request::post("/api/v0/desktop/recording/stop", &[]).untyped_json(&request).expect(&[200]);
        let exchange = self.open(request, self.limits().long_call).await?;
        let content_type = exchange.content_type();
        Ok(DesktopRecording::new(content_type, exchange.pieces(self.limits().idle)))
    }

    async fn debug_logs(&self, options: DebugLogsOptions) -> Result<Bytes> {
        let after = options.after.map(|after| after.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let request = Request::get("/debug/logs", &[]).query_opt::<String>("after", after).expect(&[200]);
        Ok(self.send_within(request, self.limits().long_call, MAX_LOGS).await?.body)
    }

    async fn debug_manifest(&self) -> Result<Bytes> {
        Ok(self.send(Request::get("/debug/manifest", &[]).expect(&[200])).await?.body)
    }

    async fn debug_magicsock(&self) -> Result<Bytes> {
        Ok(self.send(Request::get("/debug/magicsock", &[]).expect(&[200])).await?.body)
    }

    async fn prometheus_metrics(&self) -> Result<Bytes> {
        Ok(self.send(Request::get("/debug/prometheus", &[]).expect(&[200])).await?.body)
    }
}

impl super::Exchange {
    /// The media type of the body, empty if the agent told none.
    fn content_type(&self) -> String {
        let value = self.response.headers().get(CONTENT_TYPE);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }
}
