//! Reading, writing, editing and attaching files.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use workspacesdk::NewContent;
use workspacesdk::files::{FileEdit, FileEditRequest, FileEdits, ReadFileLinesLimits};
use workspacesdk::fs::path;

use super::super::args::text;
use super::plan_path::{self, is_plan_name};
use super::{Outcome, PlanFile, Refusal, ToolResponse, WorkspaceTool, given};
use crate::http::go_json;

/// The largest file that can be attached, in bytes.
const MAX_ATTACHMENT: u64 = 10 << 20;
/// Largest plan, in bytes.
const MAX_PLAN: u64 = 32 << 10;

/// A file of `edit_files`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EditedFile {
    path: String,
    edits: Option<Vec<Edit>>,
}

/// An edit, under the names of today and those of before.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Edit {
    old_text: Option<String>,
    new_text: Option<String>,
    search: Option<String>,
    replace: Option<String>,
    replace_all: Option<bool>,
}

impl From<Edit> for FileEdit {
    fn from(edit: Edit) -> Self {
        let first =
            |new: Option<String>, old: Option<String>| new.filter(|text| !text.is_empty()).or(old).unwrap_or_default();
        Self {
            search: first(edit.old_text, edit.search),
            replace: first(edit.new_text, edit.replace),
            replace_all: edit.replace_all.unwrap_or_default(),
        }
    }
}

impl WorkspaceTool {
    pub(super) async fn read_file(&self, args: &Map<String, Value>) -> Outcome {
        let conn = self.workspace.conn().await?;
        let path = given(args, "path");
        if path.is_empty() {
            return Err("path is required".to_owned());
        }
        let number = |name: &str| args.get(name).and_then(Value::as_i64);
        let (offset, limit) = (number("offset").unwrap_or(1), number("limit").unwrap_or(0));
        let read = conn.read_file_lines(path, offset, limit, ReadFileLinesLimits::default()).await;
        let read = read.map_err(|error| error.to_string())?;
        if !read.success {
            return Err(read.error);
        }
        Ok(ToolResponse::json(&json!({
            "content": read.content,
            "file_size": read.file_size,
            "total_lines": read.total_lines,
            "lines_read": read.lines_read,
        })))
    }

    pub(super) async fn write_file(&self, args: &Map<String, Value>) -> Outcome {
        let path = text(args, "path");
        let plan = self.own_plan("write_file", [path].into_iter()).await?;
        let conn = self.workspace.conn().await?;
        if let Some(plan) = &plan {
            plan_path::refuse_link(&*conn, plan).await?;
        }
        if path.is_empty() {
            return Err("path is required".to_owned());
        }
        if is_plan_name(path) {
            if !path::is_absolute(path) {
                return Err(plan_path::RELATIVE.to_owned());
            }
            if let Some(refusal) = plan_path::refuse_shared(path, &self.workspace.plan_path().await) {
                return Err(refusal);
            }
        }
        let content = NewContent::from(given(args, "content"));
        conn.write_file(path, content).await.map_err(|error| error.to_string())?;
        Ok(ToolResponse::json(&json!({"ok": true})))
    }

    pub(super) async fn edit_files(&self, args: &Map<String, Value>) -> Outcome {
        let files = args.get("files").filter(|files| !files.is_null()).cloned().unwrap_or_else(|| json!([]));
        let files: Vec<EditedFile> = go_json::from_slice(files.to_string().as_bytes())
            .map_err(|error| format!("invalid parameters: files: {error}"))?;
        let plan = self.own_plan("edit_files", files.iter().map(|file| file.path.trim())).await?;
        let conn = self.workspace.conn().await?;
        if let Some(plan) = &plan {
            plan_path::refuse_link(&*conn, plan).await?;
        }
        if files.is_empty() {
            return Err("files is required".to_owned());
        }
        let none_applied = |refusal: &str| format!("{refusal}; no files in this batch were applied");
        let mut plan: Option<Result<PlanFile, Refusal>> = None;
        for path in files.iter().map(|file| file.path.trim()).filter(|path| is_plan_name(path)) {
            if !path::is_absolute(path) {
                return Err(none_applied(plan_path::RELATIVE));
            }
            if plan.is_none() {
                plan = Some(self.workspace.plan_path().await);
            }
            if let Some(refusal) = plan.as_ref().and_then(|plan| plan_path::refuse_shared(path, plan)) {
                return Err(none_applied(&refusal));
            }
        }
        let files = files.into_iter().map(|file| FileEdits {
            path: file.path.trim().to_owned(),
            edits: file.edits.unwrap_or_default().into_iter().map(FileEdit::from).collect(),
        });
        let request = FileEditRequest { files: files.collect(), include_diff: true };
        let edited = conn.edit_files(request).await.map_err(|error| error.to_string())?;
        Ok(ToolResponse::json(&json!({"ok": true, "files": edited.files})))
    }

    /// The chat's plan, in a turn that may write nothing else: all the paths must be it. `None` in other turns.
    async fn own_plan<'a>(
        &self,
        tool: &str,
        mut paths: impl Iterator<Item = &'a str> + Send,
    ) -> Result<Option<String>, Refusal> {
        let first = paths.next();
        if !self.plans || first.is_none() {
            return Ok(None);
        }
        let plan = self.turn_plan().await?;
        if first.into_iter().chain(paths).any(|path| path != plan) {
            return Err(format!("during plan turns, {tool} is restricted to {plan}"));
        }
        Ok(Some(plan))
    }

    /// Where the chat's plan is kept.
    async fn turn_plan(&self) -> Result<String, Refusal> {
        let plan = self.workspace.plan_path().await;
        let plan = plan.map_err(|refusal| format!("resolve chat-specific plan path: {refusal}"))?.path;
        if plan.trim().is_empty() {
            return Err("chat-specific plan path is empty".to_owned());
        }
        Ok(plan.trim().to_owned())
    }

    pub(super) async fn attach_file(&self, args: &Map<String, Value>) -> Outcome {
        let conn = self.workspace.conn().await?;
        let path = text(args, "path");
        if path.is_empty() {
            return Err("path is required (use an absolute path, e.g. /home/coder/build.log)".to_owned());
        }
        let content = conn.read_file(path, 0, MAX_ATTACHMENT + 1).await.map_err(|error| error.to_string())?;
        let too_large = || format!("attachment exceeds {} MiB size limit", MAX_ATTACHMENT >> 20);
        let data = content.bytes(MAX_ATTACHMENT).await.map_err(|error| match error {
            error if error.is_too_large() => too_large(),
            error => error.to_string(),
        })?;
        if data.is_empty() {
            return Err("attachment is empty".to_owned());
        }
        let detect_name = path.trim_end_matches(['/', '\\']);
        let own_name = detect_name.rsplit(['/', '\\']).next().unwrap_or_default();
        let (name, detect_name) = match text(args, "name") {
            "" => (own_name, detect_name),
            name => (name, path),
        };
        if name.trim().is_empty() {
            return Err("attachment name is required".to_owned());
        }
        let size = data.len();
        let attachment = self.workspace.store_file(name, detect_name, data.into()).await?;
        let told = json!({
            "ok": true,
            "path": path,
            "file_id": attachment.file_id,
            "name": attachment.name,
            "media_type": attachment.media_type,
            "size": size,
        });
        Ok(ToolResponse::Attached(told.to_string(), attachment))
    }

    /// Shows the user the chat's plan.
    pub(super) async fn propose_plan(&self, args: &Map<String, Value>) -> Outcome {
        let mut path = text(args, "path").to_owned();
        if self.plans {
            let plan = self.turn_plan().await?;
            if path.is_empty() {
                path = plan;
            } else if path != plan {
                return Err(format!("during plan turns, propose_plan path must be {plan}"));
            }
        }
        let conn = self.workspace.conn().await?;
        if path.is_empty() {
            return Err("path is required (use the chat-specific absolute plan path)".to_owned());
        }
        if !path.ends_with(".md") {
            return Err("path must end with .md".to_owned());
        }
        if is_plan_name(&path) {
            if !path::is_absolute(&path) {
                return Err(plan_path::RELATIVE.to_owned());
            }
            if let Some(refusal) = plan_path::refuse_shared(&path, &self.workspace.plan_path().await) {
                return Err(refusal);
            }
        }
        let content = conn.read_file(&path, 0, MAX_PLAN + 1).await.map_err(|error| error.to_string())?;
        let too_large = || format!("plan file exceeds {} KiB size limit", MAX_PLAN >> 10);
        let data = content.bytes(MAX_PLAN).await.map_err(|error| match error {
            error if error.is_too_large() => too_large(),
            error => error.to_string(),
        })?;
        if String::from_utf8_lossy(&data).trim().is_empty() {
            return Err(format!("plan file is empty; write your plan to {path} before proposing"));
        }
        let stored = self.workspace.store_file(path::base(&path), &path, data.into()).await;
        let attachment = stored.map_err(|error| format!("failed to store plan file: {error}"))?;
        let told = json!({
            "ok": true,
            "path": path,
            "kind": "plan",
            "file_id": attachment.file_id,
            "media_type": attachment.media_type,
        });
        Ok(ToolResponse::Attached(told.to_string(), attachment))
    }
}
