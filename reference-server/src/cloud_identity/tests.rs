//! Identities signed with keys of the tests' own.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};
use serde_json::json;

use super::*;

/// A key that both makes certificates and signs.
struct Signer {
    key: KeyPair,
    rsa: RsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
        let der = rustls_pki_types::PrivatePkcs8KeyDer::from(der.as_ref().to_vec());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).unwrap();
        Self { key, rsa }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    fn certificate(&self, name: &str, by: Option<&(CertificateParams, Signer)>) -> (CertificateParams, Certificate) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if by.is_none() {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let made = match by {
            Some((issuer, signer)) => params.signed_by(&self.key, &Issuer::from_params(issuer, &signer.key)),
            None => params.self_signed(&self.key),
        };
        (params, made.unwrap())
    }
}

#[test]
fn aws_documents_count_if_a_region_has_signed_them() {
    let signer = Signer::new();
    let trust = CloudTrust::new().aws_certificate(&signer.certificate("ec2", None).1.pem()).unwrap();
    let document = r#"{"instanceId": "i-1", "region": "x"}"#;
    let mut signature = STANDARD.encode(signer.sign(document.as_bytes()));
    signature.insert(64, '\n');
    assert_eq!(trust.aws_instance(document, &signature).unwrap(), "i-1");
    let other = document.replace("i-1", "i-2");
    assert_eq!(trust.aws_instance(&other, &signature).unwrap_err(), "crypto/rsa: verification error");
    assert_eq!(CloudTrust::new().aws_instance(document, &signature).unwrap_err(), "crypto/rsa: verification error");
    assert!(trust.aws_instance("no", &signature).unwrap_err().starts_with("parse document: "));
    assert!(trust.aws_instance("{}", "?").unwrap_err().starts_with("decode signature: "));
    assert!(CloudTrust::new().aws_certificate("nonsense").is_err());
}

#[test]
fn google_tokens_count_until_they_expire() {
    let signer = Signer::new();
    let key = signer.rsa.public_key();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (key.modulus().big_endian_without_leading_zero(), key.exponent().big_endian_without_leading_zero());
    let set = json!({"keys": [{"kid": "one", "kty": "RSA", "alg": "RS256", "n": number(n), "e": number(e)}]});
    let trust = CloudTrust::new().google_keys(&set.to_string()).unwrap();
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let token = |header: serde_json::Value, expires: i64| {
        let claims = json!({"exp": expires, "google": {"compute_engine": {"instance_id": "77"}}});
        let text = format!("{}.{}", number(header.to_string().as_bytes()), number(claims.to_string().as_bytes()));
        let signature = number(&signer.sign(text.as_bytes()));
        format!("{text}.{signature}")
    };
    let header = json!({"alg": "RS256", "kid": "one"});
    let good = token(header.clone(), now.timestamp());
    assert_eq!(trust.google_instance(&good, now).unwrap(), "77");
    for (token, error) in [
        ("a.b".to_owned(), "idtoken: invalid token, token must have three segments; found 2"),
        (token(header, 1_799_999_999), "idtoken: token expired: now=1800000000, expires=1799999999"),
        (
            token(json!({"alg": "RS256", "kid": "two"}), i64::MAX),
            "idtoken: could not find matching cert keyId for the token provided",
        ),
        (
            token(json!({"alg": "none"}), i64::MAX),
            "idtoken: expected JWT signed with RS256 or ES256 but found \"none\"",
        ),
        (format!("{}AAAA", &good[..good.len() - 4]), "crypto/rsa: verification error"),
    ] {
        assert_eq!(trust.google_instance(&token, now).unwrap_err(), error);
    }
    for broken in ["%.e30.", "e30.%.", "e30.e30.%", "bm8.e30."] {
        assert!(trust.google_instance(broken, now).unwrap_err().starts_with("idtoken: unable to "), "{broken}");
    }
}

/// A value of DER with what it holds.
fn value(tag: u8, held: &[&[u8]]) -> Vec<u8> {
    let held = held.concat();
    let length = u32::try_from(held.len()).unwrap().to_be_bytes();
    let short = [held.len() as u8];
    let long = [&[0x84][..], &length].concat();
    [&[tag][..], if held.len() < 0x80 { &short } else { &long }, &held].concat()
}

/// What Azure's metadata service would answer.
fn envelope(signer: &Signer, certificate: &Certificate, content: &[u8], attributes: bool) -> String {
    const SEQUENCE: u8 = 0x30;
    let (_, parsed) = parse_x509_certificate(certificate.der()).unwrap();
    let identifier = |bytes: &[u8]| value(6, &[bytes]);
    let sha256 = value(SEQUENCE, &[&identifier(b"\x60\x86\x48\x01\x65\x03\x04\x02\x01")]);
    let data = identifier(b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
    let told = value(4, &[digest::digest(&digest::SHA256, content).as_ref()]);
    let told = value(SEQUENCE, &[&identifier(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"), &value(0x31, &[&told])]);
    let (signed, within) = match attributes {
        true => (value(0x31, &[&told]), value(0xa0, &[&told])),
        false => (content.to_vec(), Vec::new()),
    };
    let name = value(SEQUENCE, &[parsed.issuer().as_raw(), &value(2, &[parsed.raw_serial()])]);
    let rsa = value(SEQUENCE, &[&identifier(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")]);
    let info =
        value(SEQUENCE, &[&value(2, &[&[1]]), &name, &sha256, &within, &rsa, &value(4, &[&signer.sign(&signed)])]);
    let signed = value(
        SEQUENCE,
        &[
            &value(2, &[&[1]]),
            &value(0x31, &[&sha256]),
            &value(SEQUENCE, &[&data, &value(0xa0, &[&value(4, &[content])])]),
            &value(0xa0, &[certificate.der()]),
            &value(0x31, &[&info]),
        ],
    );
    let kind = identifier(b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
    STANDARD.encode(value(SEQUENCE, &[&kind, &value(0xa0, &[&signed])]))
}

#[test]
fn azure_metadata_count_if_a_root_stands_behind_their_signer() {
    let root = Signer::new();
    let (params, root_certificate) = root.certificate("Test Root", None);
    let root = (params, root);
    let signer = Signer::new();
    let (_, certificate) = signer.certificate("eu.metadata.azure.com", Some(&root));
    let trust = CloudTrust::new().azure_root(&root_certificate.pem()).unwrap();
    let now = Utc::now();
    let content = br#"{"vmId": "vm-1"}"#;
    for attributes in [false, true] {
        let shown = envelope(&signer, &certificate, content, attributes);
        assert_eq!(trust.azure_instance(&shown, now).unwrap(), "vm-1");
        assert!(CloudTrust::new().azure_instance(&shown, now).is_err(), "nobody stands behind it");
        let later = now + TimeDelta::days(365 * 3000);
        assert!(trust.azure_instance(&shown, later).is_err(), "the certificate is no longer valid");
        let other = shown_with(&shown, content, br#"{"vmId": "vm-2"}"#);
        assert_eq!(trust.azure_instance(&other, now).unwrap_err(), "verify pkcs7: the signature does not fit");
    }
    let (_, stranger) = signer.certificate("metadata.azure.com.example.com", Some(&root));
    let error = trust.azure_instance(&envelope(&signer, &stranger, content, true), now).unwrap_err();
    assert_eq!(error, "unmatched common name of signer: \"metadata.azure.com.example.com\"");
    let shown = STANDARD.decode(envelope(&signer, &certificate, content, true)).unwrap();
    for end in (0..shown.len()).step_by(7) {
        assert!(trust.azure_instance(&STANDARD.encode(&shown[..end]), now).is_err());
    }
}

/// The envelope with another content under the same signature.
fn shown_with(shown: &str, content: &[u8], other: &[u8]) -> String {
    let mut der = STANDARD.decode(shown).unwrap();
    let at = der.windows(content.len()).position(|window| window == content).unwrap();
    der[at..at + content.len()].copy_from_slice(other);
    STANDARD.encode(der)
}
