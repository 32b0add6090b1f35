//! What cloud instances show of themselves, and whose signatures under it count.

mod aws;
mod azure;
mod google;
#[cfg(test)]
mod tests;

use aws_lc_rs::signature::UnparsedPublicKey;
use chrono::{DateTime, Utc};
use rustls_pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;
use x509_parser::public_key::PublicKey;

use google::GoogleKey;

/// Whose signatures count when an agent shows the identity of its cloud instance in place of a token: nobody's, until
/// keys are added. Those of the clouds are public; tests bring their own.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), reference_server::CloudTrustError> {
/// use reference_server::CloudTrust;
///
/// let trust = CloudTrust::new().google_keys(r#"{"keys": []}"#)?;
/// let server = reference_server::ReferenceServer::builder().cloud_trust(trust);
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct CloudTrust {
    aws: Vec<Vec<u8>>,
    azure_roots: Vec<CertificateDer<'static>>,
    azure_intermediates: Vec<CertificateDer<'static>>,
    google: Vec<GoogleKey>,
}

/// Why something is no key or certificate.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CloudTrustError(String);

impl CloudTrust {
    /// Nobody is trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the documents of instances in an AWS region, by the region's certificate in PEM. Its key must be one for
    /// RSA.
    ///
    /// # Errors
    /// For what is no such certificate.
    pub fn aws_certificate(mut self, pem: &str) -> Result<Self, CloudTrustError> {
        let der = certificate(pem)?;
        let (_, certificate) = parse_x509_certificate(&der).map_err(|error| refused(&error))?;
        let key = certificate.public_key();
        if !matches!(key.parsed(), Ok(PublicKey::RSA(_))) {
            return Err(CloudTrustError("the certificate's key is not one for RSA".to_owned()));
        }
        self.aws.push(key.subject_public_key.data.to_vec());
        Ok(self)
    }

    /// Trusts attested metadata of Azure instances whose signers this root certificate in PEM stands behind.
    ///
    /// # Errors
    /// For what is no certificate.
    pub fn azure_root(mut self, pem: &str) -> Result<Self, CloudTrustError> {
        self.azure_roots.push(certificate(pem)?.into());
        Ok(self)
    }

    /// Knows a certificate in PEM between the roots and the signers of Azure: signatures do not bring it with them.
    ///
    /// # Errors
    /// For what is no certificate.
    pub fn azure_intermediate(mut self, pem: &str) -> Result<Self, CloudTrustError> {
        self.azure_intermediates.push(certificate(pem)?.into());
        Ok(self)
    }

    /// Trusts tokens of Google instances, by a JSON Web Key Set. Keys for RSA and for the curve P-256 count.
    ///
    /// # Errors
    /// For what is no such set.
    pub fn google_keys(mut self, set: &str) -> Result<Self, CloudTrustError> {
        self.google.extend(google::read_keys(set).map_err(CloudTrustError)?);
        Ok(self)
    }

    /// The instance that an AWS document is about.
    ///
    /// # Errors
    /// What is wrong with it, or with its signature.
    pub(crate) fn aws_instance(&self, document: &str, signature: &str) -> Result<String, String> {
        aws::instance(&self.aws, document, signature)
    }

    /// The instance that attested metadata of Azure are about.
    ///
    /// # Errors
    /// What is wrong with them, or with their signature.
    pub(crate) fn azure_instance(&self, signature: &str, now: DateTime<Utc>) -> Result<String, String> {
        azure::instance(&self.azure_roots, &self.azure_intermediates, signature, now)
    }

    /// The instance that a Google token is about.
    ///
    /// # Errors
    /// What is wrong with it, or with its signature.
    pub(crate) fn google_instance(&self, token: &str, now: DateTime<Utc>) -> Result<String, String> {
        google::instance(&self.google, token, now)
    }
}

/// The certificate in a PEM text.
fn certificate(pem: &str) -> Result<Vec<u8>, CloudTrustError> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|error| refused(&error))?;
    block.parse_x509().map_err(|error| refused(&error))?;
    Ok(block.contents)
}

fn refused(error: &dyn std::fmt::Display) -> CloudTrustError {
    CloudTrustError(format!("no certificate: {error}"))
}

/// What the original says of a signature that does not fit.
const NO_FIT: &str = "crypto/rsa: verification error";

fn fits(key: &UnparsedPublicKey<impl AsRef<[u8]>>, message: &[u8], signature: &[u8]) -> bool {
    key.verify(message, signature).is_ok()
}
