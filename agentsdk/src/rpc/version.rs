//! Versions of the protocol.

use std::fmt;
use std::str::FromStr;

/// A version of the agent and tailnet API, which share one.
///
/// ```
/// use agentsdk::rpc::Version;
///
/// let version: Version = "2.4".parse()?;
/// assert!(version < Version::CURRENT);
/// assert_eq!(
///     Version::CURRENT.check("2.99").unwrap_err(),
///     "server is at version 2.10, behind requested minor version 2.99"
/// );
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Versions of another major number are not understood.
    pub major: u32,
    /// Rises with each addition.
    pub minor: u32,
}

impl Version {
    /// The first version over this protocol, and what a server takes one for granted who names none.
    pub const V2_0: Self = Self::new(2, 0);
    /// The newest version that this crate knows.
    pub const CURRENT: Self = Self::new(2, 10);

    /// Version `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Whether a server of this version serves a client that asks for `version`: one that is not newer.
    ///
    /// # Errors
    /// The reason why not, in the server's words.
    pub fn check(self, version: &str) -> Result<Self, String> {
        let (major, minor) = parse(version)?;
        let (own_major, own_minor) = (i64::from(self.major), i64::from(self.minor));
        if major > own_major {
            Err(format!("server is at version {self}, behind requested major version {version}"))
        } else if major < own_major {
            Err(format!("version {version} is no longer supported"))
        } else if minor > own_minor {
            Err(format!("server is at version {self}, behind requested minor version {version}"))
        } else {
            // A minor number below zero is not newer, and nothing depends on it.
            Ok(Self { minor: u32::try_from(minor).unwrap_or_default(), ..self })
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (major, minor) = parse(text)?;
        let number = |number, name| u32::try_from(number).map_err(|_| format!("invalid {name} version: {text}"));
        Ok(Self { major: number(major, "major")?, minor: number(minor, "minor")? })
    }
}

fn parse(text: &str) -> Result<(i64, i64), String> {
    let mut parts = text.split('.');
    let (Some(major), Some(minor), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("invalid version string: {text}"));
    };
    let major = major.parse().map_err(|_| format!("invalid major version: {text}"))?;
    let minor = minor.parse().map_err(|_| format!("invalid minor version: {text}"))?;
    Ok((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_in_the_servers_words() {
        for (version, words) in [
            ("1.0", "version 1.0 is no longer supported"),
            ("3.0", "server is at version 2.10, behind requested major version 3.0"),
            ("2.11", "server is at version 2.10, behind requested minor version 2.11"),
            ("x", "invalid version string: x"),
            ("2.0.0", "invalid version string: 2.0.0"),
            ("a.0", "invalid major version: a.0"),
            ("2.b", "invalid minor version: 2.b"),
        ] {
            assert_eq!(Version::CURRENT.check(version).unwrap_err(), words);
        }
        for minor in 0..=10 {
            assert_eq!(Version::CURRENT.check(&format!("2.{minor}")), Ok(Version::new(2, minor)));
        }
        assert_eq!(Version::CURRENT.check("+2.-1"), Ok(Version::V2_0));
    }
}
