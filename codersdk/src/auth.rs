//! The session token, and where it is found.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result};

/// A session token that a header can carry.
#[derive(Clone)]
pub(crate) struct Token {
    header: HeaderValue,
}

impl Token {
    pub(crate) fn new(secret: SecretString) -> Result<Self> {
        let text = secret.expose_secret().trim();
        let mut header = HeaderValue::from_str(text)
            .map_err(|_| Error::config("the session token has characters that a header cannot carry"))?;
        header.set_sensitive(true);
        Ok(Self { header })
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(REDACTED)")
    }
}
