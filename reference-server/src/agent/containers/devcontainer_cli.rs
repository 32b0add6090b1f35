//! The program `devcontainer`, which makes dev containers.

use serde::Deserialize;

use super::engine::{DevcontainerUp, UpError};
use crate::program;

/// The last line that the program writes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Outcome {
    outcome: String,
    container_id: String,
    message: String,
    description: String,
}

/// Makes a dev container and gives the id of its container.
pub(super) async fn up(request: &DevcontainerUp, limit: usize) -> Result<String, UpError> {
    let mut arguments = vec!["up", "--log-format", "json", "--workspace-folder", &request.workspace_folder];
    if let Some(path) = request.config_path.as_deref().filter(|path| !path.is_empty()) {
        arguments.extend(["--config", path]);
    }
    if request.remove_existing {
        arguments.push("--remove-existing-container");
    }
    let finished = program::run("devcontainer", &arguments, limit).await;
    told(&finished.stdout, finished.outcome)
}

/// What came of it: what the last line says, unless the program failed.
fn told(output: &[u8], ended: Result<(), String>) -> Result<String, UpError> {
    let outcome = last_line(output);
    let id = |outcome: &Outcome| Some(outcome.container_id.clone()).filter(|id| !id.is_empty());
    match (ended, outcome) {
        (Ok(()), Ok(outcome)) if outcome.outcome == "success" => Ok(outcome.container_id),
        (Ok(()), Ok(outcome)) => Err(UpError {
            message: format!(
                "devcontainer up failed: {} (description: {}, message: {})",
                outcome.outcome, outcome.description, outcome.message
            ),
            container_id: id(&outcome),
        }),
        (Ok(()), Err(message)) => Err(UpError { message, container_id: None }),
        (Err(reason), Ok(outcome)) => Err(UpError { message: reason, container_id: id(&outcome) }),
        (Err(reason), Err(message)) => Err(UpError { message: format!("{reason}\n{message}"), container_id: None }),
    }
}

fn last_line(output: &[u8]) -> Result<Outcome, String> {
    let last = output.split(|byte| *byte == b'\n').rfind(|line| line.first() == Some(&b'{'));
    let line = last.ok_or_else(|| "devcontainer result is not json: \"\"".to_owned())?;
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_tells() {
        let success = b"{\"type\":\"text\"}\nnoise\n{\"outcome\":\"success\",\"containerId\":\"abc\"}\n";
        assert_eq!(told(success, Ok(())).unwrap(), "abc");
        let failed = br#"{"outcome":"error","message":"m","description":"d","containerId":"abc"}"#;
        let error = told(failed, Ok(())).unwrap_err();
        assert_eq!(error.message, "devcontainer up failed: error (description: d, message: m)");
        assert_eq!(error.container_id.as_deref(), Some("abc"));
        let error = told(failed, Err("exit status 1".to_owned())).unwrap_err();
        assert_eq!((error.message.as_str(), error.container_id.as_deref()), ("exit status 1", Some("abc")));
        let error = told(b"", Err("exit status 1".to_owned())).unwrap_err();
        assert_eq!(error.message, "exit status 1\ndevcontainer result is not json: \"\"");
        assert_eq!(error.container_id, None);
    }
}
