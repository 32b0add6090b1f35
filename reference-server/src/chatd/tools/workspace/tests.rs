use std::sync::Mutex;

use codersdk::__private::ErrorKind;
use codersdk::{Error, Result as CallResult};
use futures_util::StreamExt;
use serde_json::json;
use workspacesdk::files::{
    FileEditRequest, FileEditResponse, FileEditResult, ReadFileLinesLimits, ReadFileLinesResponse,
};
use workspacesdk::processes::{
    ListProcessesResponse, ProcessInfo, ProcessOutputResponse, ProcessSignal, ProcessTruncation, StartProcessRequest,
    StartProcessResponse,
};
use workspacesdk::{NewContent, ProcessOutputOptions};

use super::*;
use crate::chatd::tools::builtin::{TurnMode, toolset};
use crate::clock::SystemClock;
use crate::testing::{Case, replay, same, vectors};

/// An agent that answers as a recorded case says, and notes what it is asked.
#[derive(Debug)]
struct Recorded {
    case: Case,
    asked: Mutex<Vec<Value>>,
}

impl Recorded {
    fn ask(&self, question: Value) -> CallResult<()> {
        let fails = self.case.text("fail") == question["op"].as_str().unwrap_or_default();
        self.asked.lock().unwrap().push(question);
        if fails { Err(said("agent says no")) } else { Ok(()) }
    }
}

fn said(words: &str) -> Error {
    Error::new(ErrorKind::Transport, words)
}

#[async_trait]
impl AgentConn for Recorded {
    async fn start_process(&self, request: StartProcessRequest) -> CallResult<StartProcessResponse> {
        self.ask(json!({"op": "start_process", "request": request}))?;
        Ok(StartProcessResponse { id: "p1".to_owned(), started: true })
    }

    async fn process_output(&self, id: &str, options: ProcessOutputOptions) -> CallResult<ProcessOutputResponse> {
        self.ask(json!({"op": "process_output", "id": id, "wait": options.wait}))?;
        let outputs = self.case.input["outputs"].as_array().cloned().unwrap_or_default();
        let count = self.asked.lock().unwrap().iter().filter(|asked| asked["op"] == "process_output").count();
        let answer = outputs.get(count - 1).or(outputs.last()).cloned().unwrap_or_default();
        if answer["hang"] == true {
            std::future::pending::<()>().await;
        }
        if let Some(words) = answer["fail"].as_str() {
            return Err(said(words));
        }
        let times = answer["repeat"].as_u64().map_or(1, |times| usize::try_from(times).unwrap());
        let output = answer["output"].as_str().unwrap_or_default().repeat(times);
        let bytes = i64::try_from(output.len()).unwrap();
        let truncated = answer["omitted_bytes"].as_i64().map(|omitted| ProcessTruncation {
            original_bytes: bytes + omitted,
            retained_bytes: bytes,
            omitted_bytes: omitted,
            strategy: "head_tail".to_owned(),
        });
        let (running, exit_code) = (answer["running"] == true, answer["exit_code"].as_i64());
        Ok(ProcessOutputResponse { output, truncated, running, exit_code })
    }

    async fn list_processes(&self) -> CallResult<ListProcessesResponse> {
        self.ask(json!({"op": "list_processes"}))?;
        let process = |id: &str, command: &str| ProcessInfo {
            id: id.to_owned(),
            command: command.to_owned(),
            ..ProcessInfo::default()
        };
        let running = ProcessInfo { running: true, started_at_unix: 1_782_580_089, ..process("p1", "x") };
        let ended = ProcessInfo {
            workdir: Some("/w".to_owned()),
            background: true,
            exit_code: Some(1),
            started_at_unix: 1_782_580_080,
            exited_at_unix: Some(1_782_580_099),
            ..process("p2", "y")
        };
        Ok(ListProcessesResponse { processes: vec![running, ended].into() })
    }

    async fn signal_process(&self, id: &str, signal: ProcessSignal) -> CallResult<()> {
        self.ask(json!({"op": "signal_process", "id": id, "signal": signal}))
    }

    async fn read_file_lines(
        &self,
        path: &str,
        offset: i64,
        limit: i64,
        limits: ReadFileLinesLimits,
    ) -> CallResult<ReadFileLinesResponse> {
        self.ask(json!({"op": "read_file_lines", "path": path, "offset": offset, "limit": limit, "limits": {
            "max_file_size": limits.max_file_size,
            "max_line_bytes": limits.max_line_bytes,
            "max_response_lines": limits.max_response_lines,
            "max_response_bytes": limits.max_response_bytes,
        }}))?;
        if self.case.text("fail") == "read_file_lines_soft" {
            let error = format!("file does not exist: {path}");
            return Ok(ReadFileLinesResponse { error, ..ReadFileLinesResponse::default() });
        }
        let content = "1\ta\n2\t<b>".to_owned();
        let (file_size, total_lines, lines_read) = (4, 3, 2);
        Ok(ReadFileLinesResponse { success: true, file_size, total_lines, lines_read, content, error: String::new() })
    }

    async fn write_file(&self, path: &str, mut content: NewContent) -> CallResult<()> {
        let mut whole = Vec::new();
        while let Some(piece) = content.next().await {
            whole.extend_from_slice(&piece.unwrap());
        }
        self.ask(json!({"op": "write_file", "path": path, "content": String::from_utf8(whole).unwrap()}))
    }

    async fn edit_files(&self, request: FileEditRequest) -> CallResult<FileEditResponse> {
        self.ask(json!({"op": "edit_files", "request": request}))?;
        let edited = FileEditResult { path: "/a".to_owned(), diff: "d".to_owned() };
        Ok(FileEditResponse { files: Some(vec![edited]) })
    }

    async fn resolve_path(&self, path: &str) -> CallResult<String> {
        self.ask(json!({"op": "resolve_path", "path": path}))?;
        match self.case.text("resolve") {
            "" => Ok(path.to_owned()),
            "404" => Err(Error::api(404, "status 404")),
            "500" => Err(said("status 500")),
            resolved => Ok(resolved.to_owned()),
        }
    }
}

#[derive(Debug)]
struct Recording(Arc<Recorded>);

#[async_trait]
impl Workspace for Recording {
    async fn conn(&self) -> Result<Arc<dyn AgentConn>, Refusal> {
        match self.0.case.text("no_workspace") {
            "" => Ok(self.0.clone()),
            refusal => Err(refusal.to_owned()),
        }
    }

    async fn plan_path(&self) -> Result<PlanFile, Refusal> {
        let case = &self.0.case;
        match case.text("plan_error") {
            "" => Ok(PlanFile { path: case.text("plan_path").to_owned(), home: case.text("home").to_owned() }),
            refusal => Err(refusal.to_owned()),
        }
    }

    async fn store_file(&self, _: &str, _: &str, _: Vec<u8>) -> Result<Attachment, Refusal> {
        Err("no file is kept here".to_owned())
    }
}

/// What the model was told, in the form of the cases: long texts by their ends.
fn told(text: &str) -> Value {
    let mut content = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    if let Some(fields) = content.as_object_mut() {
        fields.remove("wall_duration_ms");
        if let Some(output) = fields.get("output").and_then(Value::as_str).filter(|output| output.len() > 1000) {
            let end = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (first, last) = (&output.as_bytes()[..40], &output.as_bytes()[output.len() - 40..]);
            let last = end(last);
            let shown =
                json!({"bytes": output.len(), "first": end(first), "last": last.trim_start_matches('\u{fffd}')});
            fields.insert("output".to_owned(), shown);
        }
    }
    content
}

#[test]
fn tools_ask_the_agent_and_tell_the_model_as_recorded() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    replay(&vectors("chat_tool_calls.json"), |case| {
        // Here a workspace always knows where its chat's plan is kept.
        if case.input["no_resolver"] == true {
            return Ok(());
        }
        let agent = Arc::new(Recorded { case: case.clone(), asked: Mutex::default() });
        let workspace: Arc<dyn Workspace> = Arc::new(Recording(agent.clone()));
        let mode = TurnMode { root: true, plan: case.input["plan"] == true, explore: false };
        let questions = TurnMode { plan: true, ..mode };
        let mode = if case.text("tool") == "ask_user_question" { questions } else { mode };
        let clock: SharedClock = Arc::new(SystemClock);
        let tools = toolset(mode).in_workspace(&workspace, mode.plan, &clock);
        let tool = tools.named(case.text("tool")).ok_or("no such tool")?;
        let response = runtime.block_on(tool.run("id", case.text("args")));
        let (text, is_error) = match response {
            ToolResponse::Text(text) | ToolResponse::Attached(text, _) => (text, false),
            ToolResponse::Error(text) => (text, true),
            ToolResponse::ErrorJson(value) => (value.to_string(), true),
            ToolResponse::Media { data, .. } => (data, false),
        };
        let asked = agent.asked.lock().unwrap().clone();
        same(&json!({"content": told(&text), "is_error": is_error, "agent_calls": asked}), &case.output)
    });
}

#[tokio::test]
async fn edits_are_read_in_any_letters_and_null_is_nothing() {
    let case = Case { name: "letters".to_owned(), input: json!({}), output: Value::Null, error: None };
    let agent = Arc::new(Recorded { case, asked: Mutex::default() });
    let workspace: Arc<dyn Workspace> = Arc::new(Recording(agent.clone()));
    let clock: SharedClock = Arc::new(SystemClock);
    let mode = TurnMode { root: true, plan: false, explore: false };
    let tools = toolset(mode).in_workspace(&workspace, false, &clock);
    let edits = json!([{"OLD_TEXT": "a", "new_text": null, "replace_all": null}, null]);
    let files = json!({"Files": [{"Path": "/a", "Edits": edits}, {"path": null, "edits": null}]});
    let answer = tools.named("edit_files").unwrap().run("id", &files.to_string()).await;
    assert!(matches!(answer, ToolResponse::Text(_)), "{answer:?}");
    let edits = json!([{"search": "a", "replace": ""}, {"search": "", "replace": ""}]);
    let files = json!([{"path": "/a", "edits": edits}, {"path": "", "edits": []}]);
    let asked = json!({"op": "edit_files", "request": {"files": files, "include_diff": true}});
    assert_eq!(*agent.asked.lock().unwrap(), [asked]);
}

#[test]
fn plans_are_kept_where_recorded() {
    replay(&vectors("chat_tool_helpers.json"), |case| match case.text("rule") {
        "plan_path" => {
            let chat = case.text("chat_id").parse().unwrap();
            same(&json!({"path": plan_path::of_chat(case.text("home"), chat)}), &case.output)
        }
        "home_plan" => {
            let is_plan = plan_path::is_home_plan(case.text("path"), case.text("home"));
            same(&json!({"home_plan": is_plan}), &case.output)
        }
        _ => Ok(()),
    });
}
