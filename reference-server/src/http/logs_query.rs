//! How logs of builds and agents are asked for.

use super::error::ApiError;
use super::query::QueryValues;

/// How logs are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogsQuery {
    pub(crate) after: i64,
    pub(crate) follow: bool,
    pub(crate) text: bool,
}

impl LogsQuery {
    /// Reads the parameters; `least` is the smallest id after which may be read.
    ///
    /// # Errors
    /// 400 for the first that is wrong.
    pub(crate) fn read(query: &QueryValues, least: i64, rule: &str) -> Result<Self, ApiError> {
        let format = query.get("format").filter(|format| !format.is_empty()).unwrap_or("json");
        let follow = query.get("follow").is_some();
        if !["json", "text"].contains(&format) {
            return Err(
                ApiError::bad_request("Invalid format parameter.").detail("Allowed values are \"json\" and \"text\".")
            );
        }
        if format == "text" && follow {
            return Err(ApiError::bad_request("Text format is not supported with follow mode.")
                .detail("Use format=json or omit the follow parameter."));
        }
        let after = match query.get("after").filter(|after| !after.is_empty()) {
            None => 0,
            Some(text) => text.parse().ok().filter(|after| *after >= least).ok_or_else(|| {
                ApiError::bad_request(format!("Query param \"after\" must be {rule}."))
                    .field("after", format!("Must be {rule}"))
            })?,
        };
        Ok(Self { after, follow, text: format == "text" })
    }
}
