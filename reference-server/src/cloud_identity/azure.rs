//! Azure: metadata in a PKCS #7 envelope, signed with a certificate of the cloud's metadata service.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use regex::Regex;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde::Deserialize;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::asn1_rs::{Any, Class, FromDer};
use x509_parser::certificate::X509Certificate;

use super::fits;
use crate::http::go_json;

/// Largest envelope, in bytes; real ones have a few thousand.
const MAX_ENVELOPE: usize = 256 << 10;

/// Who signs, by the common name of the certificate.
static SIGNERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(.*\.)?metadata\.(azure\.(com|us|cn)|microsoftazure\.de)$").expect("a constant pattern")
});

// Object identifiers as they stand in an envelope.
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";

#[derive(Deserialize)]
struct Metadata {
    #[serde(default, rename = "vmId")]
    vm_id: String,
}

/// The instance that the envelope is about, if a signer with a certificate that `roots` stand behind has signed it.
pub(super) fn instance(
    roots: &[CertificateDer<'static>],
    intermediates: &[CertificateDer<'static>],
    signature: &str,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let text: String = signature.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let der = STANDARD.decode(&text).map_err(|error| format!("decode base64: {error}"))?;
    if der.len() > MAX_ENVELOPE {
        return Err("parse pkcs7: too large".to_owned());
    }
    let envelope = Envelope::read(&der).ok_or("parse pkcs7: not an envelope with one signer")?;
    let (whole, signer) = envelope.signer().ok_or("no signers for signature")?;
    let name = signer.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default();
    if !SIGNERS.is_match(name) {
        return Err(format!("unmatched common name of signer: {name:?}"));
    }
    envelope.check(&signer).ok_or("verify pkcs7: the signature does not fit")?;
    check_chain(roots, intermediates, &envelope, whole, now).map_err(|error| format!("verify pkcs7: {error}"))?;
    let Metadata { vm_id } =
        go_json::from_slice(envelope.content).map_err(|error| format!("unmarshal metadata: {error}"))?;
    Ok(vm_id)
}

fn check_chain(
    roots: &[CertificateDer<'static>],
    intermediates: &[CertificateDer<'static>],
    envelope: &Envelope<'_>,
    signer: &[u8],
    now: DateTime<Utc>,
) -> Result<(), webpki::Error> {
    let anchors = roots.iter().map(anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>()?;
    let within = envelope.certificates.iter().map(|der| CertificateDer::from(*der));
    let between: Vec<_> = within.chain(intermediates.iter().cloned()).collect();
    let signer = CertificateDer::from(signer);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now.timestamp().try_into().unwrap_or_default()));
    EndEntityCert::try_from(&signer)?
        .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &between, now, KeyUsage::server_auth(), None, None)
        .map(drop)
}

/// The parts of an envelope that count.
struct Envelope<'a> {
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    /// Issuer and serial number of the signer's certificate, as they stand there.
    signer: &'a [u8],
    /// Object identifier of the digest.
    digest: &'a [u8],
    /// What is signed in place of the content, if anything.
    attributes: Option<&'a [u8]>,
    signature: &'a [u8],
}

/// One value: its kind, what it holds, and all of it.
#[derive(Clone, Copy)]
struct Value<'a> {
    /// The number of the tag; those that only have a meaning in their place are counted from 1000.
    tag: u32,
    held: &'a [u8],
    whole: &'a [u8],
}

/// The values that stand one after another.
fn values(mut der: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while !der.is_empty() {
        let (rest, value) = Any::from_der(der).ok()?;
        let place = if value.header.class() == Class::ContextSpecific { 1000 } else { 0 };
        let whole = &der[..der.len() - rest.len()];
        values.push(Value { tag: place + value.header.tag().0, held: value.data, whole });
        der = rest;
    }
    Some(values)
}

const OCTETS: u32 = 4;
const IDENTIFIER: u32 = 6;
const SEQUENCE: u32 = 16;
const SET: u32 = 17;
const PLACE_0: u32 = 1000;

impl<'a> Value<'a> {
    /// The values within, if this is of the kind.
    fn within(self, tag: u32) -> Option<Vec<Value<'a>>> {
        (self.tag == tag).then_some(())?;
        values(self.held)
    }

    fn holds(self, tag: u32) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.held)
    }
}

impl<'a> Envelope<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let [info] = values(der)?[..] else { return None };
        let [kind, explicit] = info.within(SEQUENCE)?[..] else { return None };
        (kind.holds(IDENTIFIER)? == SIGNED_DATA).then_some(())?;
        let [signed] = explicit.within(PLACE_0)?[..] else { return None };
        let signed = signed.within(SEQUENCE)?;
        let [_version, _digests, content, rest @ ..] = &signed[..] else { return None };
        let [_kind, content] = content.within(SEQUENCE)?[..] else { return None };
        let [content] = content.within(PLACE_0)?[..] else { return None };
        let certificates = rest.iter().find(|value| value.tag == PLACE_0)?;
        let [signer] = rest.iter().find(|value| value.tag == SET)?.within(SET)?[..] else { return None };
        let signer = signer.within(SEQUENCE)?;
        let [_version, name, digest, rest @ ..] = &signer[..] else { return None };
        let attributes = rest.first().filter(|value| value.tag == PLACE_0);
        let [_algorithm, signature, ..] = &rest[usize::from(attributes.is_some())..] else { return None };
        Some(Self {
            content: content.holds(OCTETS)?,
            certificates: values(certificates.held)?.iter().map(|value| value.whole).collect(),
            signer: name.holds(SEQUENCE)?,
            digest: digest.within(SEQUENCE)?.first()?.holds(IDENTIFIER)?,
            attributes: attributes.map(|value| value.whole),
            signature: signature.holds(OCTETS)?,
        })
    }

    /// The certificate of who signed.
    fn signer(&self) -> Option<(&'a [u8], X509Certificate<'a>)> {
        let [issuer, serial] = values(self.signer)?[..] else { return None };
        self.certificates.iter().find_map(|whole| {
            let (_, certificate) = X509Certificate::from_der(whole).ok()?;
            let same = certificate.issuer().as_raw() == issuer.whole && certificate.raw_serial() == serial.held;
            same.then_some((*whole, certificate))
        })
    }

    /// Checks that the holder of the certificate has signed the content.
    fn check(&self, signer: &X509Certificate<'_>) -> Option<()> {
        let (digest, parameters): (&digest::Algorithm, &'static RsaParameters) = match self.digest {
            SHA256 => (&digest::SHA256, &RSA_PKCS1_2048_8192_SHA256),
            SHA384 => (&digest::SHA384, &RSA_PKCS1_2048_8192_SHA384),
            SHA512 => (&digest::SHA512, &RSA_PKCS1_2048_8192_SHA512),
            _ => return None,
        };
        let signed = match self.attributes {
            None => self.content.to_vec(),
            Some(attributes) => {
                // They are signed as the set that they are, not as what stands in their place.
                let mut set = attributes.to_vec();
                *set.first_mut()? = 0x31;
                let [set_value] = values(&set)?[..] else { return None };
                let told = values(set_value.held)?.into_iter().find_map(|attribute| {
                    let [kind, value] = attribute.within(SEQUENCE)?[..] else { return None };
                    (kind.holds(IDENTIFIER)? == MESSAGE_DIGEST).then_some(())?;
                    value.within(SET)?.first()?.holds(OCTETS).map(<[u8]>::to_vec)
                });
                (told? == digest::digest(digest, self.content).as_ref()).then_some(())?;
                set
            }
        };
        let key = UnparsedPublicKey::new(parameters, &signer.public_key().subject_public_key.data);
        fits(&key, &signed, self.signature).then_some(())
    }
}
