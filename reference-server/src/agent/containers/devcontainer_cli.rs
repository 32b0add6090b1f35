//! The program `devcontainer`, which makes dev containers.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::docker::DockerEngine;
use super::engine::{DevcontainerConfig, DevcontainerRef, DevcontainerUp, UpError};
use crate::http::go_json;
use crate::program;
use crate::quote::quoted;

/// The last line that the program writes when it makes one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    outcome: String,
    container_id: String,
    message: String,
    description: String,
}

/// The last line that it writes when it reads a configuration.
#[derive(Debug, Deserialize)]
struct Read {
    configuration: Configuration,
}

#[derive(Debug, Deserialize)]
struct Configuration {
    customizations: Customizations,
}

#[derive(Debug, Deserialize)]
struct Customizations {
    coder: Customization,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customization {
    auto_start: bool,
}

/// Makes a dev container and gives the id of its container.
pub(super) async fn up(engine: &DockerEngine, request: &DevcontainerUp, limit: usize) -> Result<String, UpError> {
    let mut arguments = vec!["up", "--log-format", "json"];
    arguments.extend(which(&request.devcontainer));
    if request.remove_existing {
        arguments.push("--remove-existing-container");
    }
    let finished = program::run(engine.command("devcontainer", &arguments), limit).await;
    told(&finished.stdout, finished.outcome)
}

/// Reads a configuration.
pub(super) async fn read_config(
    engine: &DockerEngine,
    devcontainer: &DevcontainerRef,
    env: &[String],
    limit: usize,
) -> Result<DevcontainerConfig, String> {
    let mut arguments = vec!["read-configuration", "--include-merged-configuration"];
    arguments.extend(which(devcontainer));
    let mut command = engine.command("devcontainer", &arguments);
    command.envs(env.iter().filter_map(|variable| variable.split_once('=')));
    let finished = program::run(command, limit).await;
    finished.outcome.map_err(|reason| format!("devcontainer read-configuration failed: {reason}"))?;
    let read: Read = last_line(&finished.stdout)?;
    Ok(DevcontainerConfig { auto_start: read.configuration.customizations.coder.auto_start })
}

fn which(devcontainer: &DevcontainerRef) -> Vec<&str> {
    let mut arguments = vec!["--workspace-folder", &devcontainer.workspace_folder];
    if let Some(path) = devcontainer.config_path.as_deref().filter(|path| !path.is_empty()) {
        arguments.extend(["--config", path]);
    }
    arguments
}

/// What came of it: what the last line says, unless the program failed.
fn told(output: &[u8], ended: Result<(), String>) -> Result<String, UpError> {
    let outcome = last_line::<Outcome>(output);
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

/// The longest line that is read, in bytes.
const LONGEST_LINE: usize = 64 << 10;

fn last_line<T: DeserializeOwned>(output: &[u8]) -> Result<T, String> {
    let mut lines = output.split(|byte| *byte == b'\n');
    if lines.clone().any(|line| line.len() >= LONGEST_LINE) {
        return Err("bufio.Scanner: token too long".to_owned());
    }
    let last = lines.rfind(|line| line.first() == Some(&b'{'));
    let line = last.ok_or_else(|| format!("devcontainer result is not json: {}", quoted("")))?;
    go_json::from_whole(line).map_err(|error| error.to_string())
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
