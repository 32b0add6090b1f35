//! Values that agents report again and again.

use agentsdk::rpc::proto::agent::{BatchUpdateMetadataRequest, BatchUpdateMetadataResponse};
use agentsdk::rpc::{Error, Result};

use super::{AgentApi, failed};
use crate::workspaces::hub::AgentChange;

/// Length of all keys of a report, in bytes; what is beyond is not stored.
const MAX_KEYS: usize = 6144;
/// Length of a value and of an error, in bytes.
const MAX_VALUE: usize = 2048;

impl AgentApi {
    pub(super) async fn report_metadata(
        &self,
        request: BatchUpdateMetadataRequest,
    ) -> Result<BatchUpdateMetadataResponse> {
        // Not the agent's time: its clock may be wrong.
        let collected_at = self.state.clock.now();
        let agent = self.caller.agent.id;
        let mut keys = 0;
        let mut fits = true;
        for metadatum in request.metadata {
            keys += metadatum.key.len();
            fits = keys <= MAX_KEYS;
            if !fits {
                break;
            }
            let result = metadatum.result.unwrap_or_default();
            let (value, error) = cut(result.value.trim(), result.error.trim());
            self.state
                .store
                .set_agent_metadata(agent, &metadatum.key, &value, &error, collected_at)
                .await
                .map_err(|error| failed("add metadata to batcher", &error))?;
        }
        self.state.workspaces.hub.agent_changed(agent, AgentChange::Metadata);
        if fits {
            Ok(BatchUpdateMetadataResponse {})
        } else {
            Err(Error::new(format!("metadata keys of {keys} bytes exceeded {MAX_KEYS} bytes")))
        }
    }
}

/// What is stored of a value and its error.
fn cut(value: &str, error: &str) -> (String, String) {
    let mut stored = error.to_owned();
    let mut end = value.len();
    if value.len() > MAX_VALUE {
        stored = format!("value of {} bytes exceeded {MAX_VALUE} bytes", value.len());
        end = (0..=MAX_VALUE).rev().find(|at| value.is_char_boundary(*at)).unwrap_or_default();
    }
    if error.len() > MAX_VALUE {
        stored = format!("error of {} bytes exceeded {MAX_VALUE} bytes", error.len());
    }
    (value[..end].to_owned(), stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_say_so() {
        assert_eq!(cut("1.5", ""), ("1.5".to_owned(), String::new()));
        let (value, error) = cut(&"é".repeat(1025), "was");
        assert_eq!((value.len(), error.as_str()), (2048, "value of 2050 bytes exceeded 2048 bytes"));
        assert_eq!(cut("v", &"x".repeat(2049)).1, "error of 2049 bytes exceeded 2048 bytes");
    }
}
