//! Signed claims, in the compact form of JSON Web Tokens with HMAC and SHA-256.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Signs claims.
pub(crate) fn sign(key: &[u8], claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
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
