//! Google Compute Engine: a JSON Web Token.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{NO_FIT, fits};

/// A key that signs tokens.
#[derive(Debug, Clone)]
pub(super) struct GoogleKey {
    id: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point of the curve, uncompressed.
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<KeyText>,
}

#[derive(Deserialize)]
struct KeyText {
    #[serde(default)]
    kid: String,
    kty: String,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Reads a JSON Web Key Set.
pub(super) fn read_keys(set: &str) -> Result<Vec<GoogleKey>, String> {
    let set: KeySet = serde_json::from_str(set).map_err(|error| format!("no set of keys: {error}"))?;
    set.keys.into_iter().map(read_key).collect()
}

fn read_key(key: KeyText) -> Result<GoogleKey, String> {
    let number = |text: Option<String>, name: &str| {
        let text = text.ok_or_else(|| format!("the key {:?} lacks {name}", key.kid))?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|error| format!("{name} of {:?}: {error}", key.kid))
    };
    let kind = match key.kty.as_str() {
        "RSA" => Kind::Rsa { modulus: number(key.n, "n")?, exponent: number(key.e, "e")? },
        "EC" => Kind::P256([vec![4], number(key.x, "x")?, number(key.y, "y")?].concat()),
        other => return Err(format!("keys of the kind {other:?} are not known")),
    };
    Ok(GoogleKey { id: key.kid, kind })
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    alg: String,
    #[serde(default)]
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    exp: i64,
    #[serde(default)]
    google: GoogleClaims,
}

#[derive(Deserialize, Default)]
struct GoogleClaims {
    #[serde(default)]
    compute_engine: ComputeEngine,
}

#[derive(Deserialize, Default)]
struct ComputeEngine {
    #[serde(default)]
    instance_id: String,
}

/// The instance that the token is about, if it is valid now.
pub(super) fn instance(keys: &[GoogleKey], token: &str, now: DateTime<Utc>) -> Result<String, String> {
    let segments: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = segments[..] else {
        let count = segments.len();
        return Err(format!("idtoken: invalid token, token must have three segments; found {count}"));
    };
    let signed = &token.as_bytes()[..header.len() + 1 + claims.len()];
    let header: Header = part(header, "header", "header")?;
    let claims: Claims = part(claims, "claims", "payload")?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|error| format!("idtoken: unable to decode JWT signature: {error}"))?;
    if now.timestamp() > claims.exp {
        return Err(format!("idtoken: token expired: now={}, expires={}", now.timestamp(), claims.exp));
    }
    let wants_rsa = match header.alg.as_str() {
        "RS256" => true,
        "ES256" => false,
        other => {
            let other = crate::quote::quoted(other);
            return Err(format!("idtoken: expected JWT signed with RS256 or ES256 but found {other}"));
        }
    };
    let key = keys
        .iter()
        .find(|key| key.id == header.kid && matches!(key.kind, Kind::Rsa { .. }) == wants_rsa)
        .ok_or("idtoken: could not find matching cert keyId for the token provided")?;
    let valid = match &key.kind {
        Kind::Rsa { modulus, exponent } => PublicKeyComponents { n: modulus, e: exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed, &signature)
            .map_err(|_| NO_FIT),
        Kind::P256(point) => {
            let fit = fits(&UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point), signed, &signature);
            if fit { Ok(()) } else { Err("idtoken: ES256 signature not valid") }
        }
    };
    valid.map(|()| claims.google.compute_engine.instance_id).map_err(str::to_owned)
}

/// A segment's JSON. The claims are called the payload once they are decoded.
fn part<T: DeserializeOwned>(segment: &str, encoded: &str, decoded: &str) -> Result<T, String> {
    let json =
        URL_SAFE_NO_PAD.decode(segment).map_err(|error| format!("idtoken: unable to decode JWT {encoded}: {error}"))?;
    serde_json::from_slice(&json).map_err(|error| format!("idtoken: unable to unmarshal JWT {decoded}: {error}"))
}
