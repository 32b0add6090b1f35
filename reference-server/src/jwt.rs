//! Signed claims, in the compact form of JSON Web Tokens with HMAC and SHA-256 or SHA-512.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Signs claims with SHA-256.
pub(crate) fn sign(key: &[u8], claims: &Value) -> String {
    signed(hmac::HMAC_SHA256, key, &json!({"alg": "HS256", "typ": "JWT"}), claims)
}

/// Signs claims with SHA-512, and names the key.
pub(crate) fn sign_named(key_id: &str, key: &[u8], claims: &Value) -> String {
    signed(hmac::HMAC_SHA512, key, &json!({"alg": "HS512", "kid": key_id}), claims)
}

fn signed(algorithm: hmac::Algorithm, key: &[u8], header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let tag = hmac::sign(&hmac::Key::new(algorithm, key), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_all_that_is_before_it() {
        let token = sign(b"key", &json!({"sub": "x"}));
        let (signed, tag) = token.rsplit_once('.').unwrap();
        let tag = URL_SAFE_NO_PAD.decode(tag).unwrap();
        let verify =
            |key: &[u8], text: &str| hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes(), &tag);
        assert!(verify(b"key", signed).is_ok());
        assert!(verify(b"other", signed).is_err() && verify(b"key", &signed[1..]).is_err());
    }
}
