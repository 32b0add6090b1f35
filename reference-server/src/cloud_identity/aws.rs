//! Amazon EC2: a JSON document, and a signature of its region over it.

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{NO_FIT, fits};
use crate::http::go_json;

#[derive(Deserialize)]
struct Document {
    #[serde(default, rename = "instanceId")]
    instance_id: String,
}

/// The instance that the document is about, if one of the keys has signed it.
pub(super) fn instance(keys: &[Vec<u8>], document: &str, signature: &str) -> Result<String, String> {
    let Document { instance_id } =
        go_json::from_slice(document.as_bytes()).map_err(|error| format!("parse document: {error}"))?;
    // Line ends may stand within the text.
    let text: String = signature.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let signature = STANDARD.decode(&text).map_err(|error| format!("decode signature: {error}"))?;
    // The keys of some regions are that short.
    let signed = keys
        .iter()
        .map(|key| UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, key))
        .any(|key| fits(&key, document.as_bytes(), &signature));
    if signed { Ok(instance_id) } else { Err(NO_FIT.to_owned()) }
}
