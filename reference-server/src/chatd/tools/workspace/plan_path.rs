//! Where plans are kept: a file for each chat, below the home directory.

use uuid::Uuid;
use workspacesdk::AgentConn;
use workspacesdk::fs::path;

use super::{PlanFile, Refusal};

/// Where all chats of a workspace once kept one plan.
const SHARED: &str = "/home/coder/PLAN.md";

pub(super) const RELATIVE: &str = "plan files must use absolute paths; use the chat-specific absolute plan path";

/// The path of a chat's plan.
pub(super) fn of_chat(home: &str, chat: Uuid) -> String {
    path::join(&[home, ".coder", "plans", &format!("PLAN-{chat}.md")])
}

/// Whether a file's name is that of a plan which chats would share.
pub(super) fn is_plan_name(requested: &str) -> bool {
    path::base(&path::clean(requested)).eq_ignore_ascii_case("plan.md")
}

/// Whether the file is the plan in the home directory itself.
pub(super) fn is_home_plan(requested: &str, home: &str) -> bool {
    is_plan_name(requested) && path::parent(&path::clean(requested)).to_lowercase() == path::clean(home).to_lowercase()
}

/// Why a plan that chats would share must not be written, if it is one. Without knowing the home directory only the
/// one that once was is refused.
pub(super) fn refuse_shared(requested: &str, plan: &Result<PlanFile, Refusal>) -> Option<Refusal> {
    let was_shared = path::clean(requested).eq_ignore_ascii_case(SHARED);
    match plan {
        Ok(plan) => (was_shared || is_home_plan(requested, &plan.home)).then(|| {
            format!(
                "the plan path {requested} is no longer supported at the home root; use the chat-specific plan path: {}",
                plan.path
            )
        }),
        Err(_) => was_shared.then(|| {
            format!(
                "the plan path {requested} could not be verified because the workspace is currently unavailable to \
                 resolve the chat-specific plan path, try again shortly"
            )
        }),
    }
}

/// Refuses a plan whose path is a link: what is written there would land elsewhere. An agent that cannot tell is
/// trusted.
pub(super) async fn refuse_link(conn: &dyn AgentConn, plan: &str) -> Result<(), Refusal> {
    let resolved = match conn.resolve_path(plan).await {
        Err(error) if error.is_not_found() => return Ok(()),
        resolved => resolved.map_err(|error| format!("resolve plan path: {error}"))?,
    };
    let (plan, resolved) = (path::clean(plan.trim()), path::clean(resolved.trim()));
    if resolved == plan {
        return Ok(());
    }
    Err(format!(
        "the chat-specific plan path {plan} resolves to {resolved}; symlinked plan paths are not allowed during plan turns"
    ))
}
