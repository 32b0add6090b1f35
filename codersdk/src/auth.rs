//! The session token, and where it is found.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{Error, Result};

/// A session token that a header can carry.
#[derive(Clone)]
pub(crate) struct Token {
    header: HeaderValue,
}

impl Token {
    pub(crate) fn new(secret: &SecretString) -> Result<Self> {
        let text = secret.expose_secret().trim();
        if text.is_empty() {
            return Err(Error::config("the session token is empty"));
        }
        let header = HeaderValue::from_str(text).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic()));
        let mut header =
            header.ok_or_else(|| Error::config("the session token has characters that a header cannot carry"))?;
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

/// Where a deployment is, and the token for it.
pub(crate) struct Login {
    pub(crate) url: String,
    pub(crate) token: Option<SecretString>,
}

/// What `env` and the files of the coder CLI say. A value of the environment goes before that of a file; the file's
/// token counts only for the file's own deployment, so that it is never sent to another one.
pub(crate) fn find_login(env: impl Fn(&str) -> Option<OsString>) -> Result<Login> {
    let text = |name: &str| {
        let value = env(name)?.into_string().ok()?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let token = text("CODER_SESSION_TOKEN").map(SecretString::from);
    let url = text("CODER_URL");
    if let (Some(url), Some(_)) = (&url, &token) {
        return Ok(Login { url: url.clone(), token });
    }
    let saved = config_dir(&env).map(|folder| read_login(&folder)).transpose()?.flatten();
    match (url, saved) {
        (None, None) => Err(Error::config("no deployment: set CODER_URL, or log in by 'coder login'")),
        (None, Some(saved)) => Ok(Login { token: token.or(saved.token), url: saved.url }),
        (Some(url), None) => Ok(Login { url, token }),
        (Some(url), Some(saved)) => {
            let saved = saved.token.filter(|_| same_origin(&url, &saved.url));
            Ok(Login { token: token.or(saved), url })
        }
    }
}

/// What the coder CLI has saved in a folder; `None` if nobody is logged in.
pub(crate) fn read_login(folder: &Path) -> Result<Option<Login>> {
    let read = |name: &str| match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let path = folder.join(name);
            Err(Error::config(format!("read {}: {error}", path.display())).with_source(error))
        }
    };
    let token = read("session")?.map(SecretString::from);
    Ok(read("url")?.map(|url| Login { url, token }))
}

/// Where the coder CLI keeps its files.
fn config_dir(env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = path("CODER_CONFIG_DIR") {
        return Some(folder);
    }
    let base = if cfg!(windows) {
        path("APPDATA")
    } else if cfg!(target_os = "macos") {
        path("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        path("XDG_CONFIG_HOME").or_else(|| path("HOME").map(|home| home.join(".config")))
    };
    base.map(|base| base.join("coderv2"))
}

fn same_origin(left: &str, right: &str) -> bool {
    matches!((Url::parse(left), Url::parse(right)), (Ok(left), Ok(right)) if left.origin() == right.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(vars: &[(&str, &str)]) -> Result<(String, Option<String>)> {
        let login = find_login(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))?;
        Ok((login.url, login.token.map(|token| token.expose_secret().to_owned())))
    }

    fn pair(url: &str, token: Option<&str>) -> (String, Option<String>) {
        (url.to_owned(), token.map(str::to_owned))
    }

    #[test]
    fn the_environment_is_enough() {
        let vars = [("CODER_URL", " https://a.test "), ("CODER_SESSION_TOKEN", "t\n")];
        assert_eq!(found(&vars).unwrap(), pair("https://a.test", Some("t")));
        assert_eq!(found(&vars[..1]).unwrap(), pair("https://a.test", None));
        assert!(found(&[]).unwrap_err().is_invalid_request());
    }

    #[test]
    fn the_cli_files_fill_in_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let files = folder.path().join("coderv2");
        std::fs::create_dir(&files).unwrap();
        let vars = [("XDG_CONFIG_HOME", home), ("HOME", "/nowhere"), ("APPDATA", home)];
        if cfg!(target_os = "macos") {
            return;
        }
        assert!(found(&vars).is_err());
        std::fs::write(files.join("url"), "https://a.test/\n").unwrap();
        std::fs::write(files.join("session"), "saved\n").unwrap();
        assert_eq!(found(&vars).unwrap(), pair("https://a.test/", Some("saved")));

        let with = |name, value| [&vars[..], &[(name, value)]].concat();
        assert_eq!(found(&with("CODER_SESSION_TOKEN", "env")).unwrap(), pair("https://a.test/", Some("env")));
        assert_eq!(found(&with("CODER_URL", "https://a.test")).unwrap(), pair("https://a.test", Some("saved")));
        // The saved token is for the saved deployment only.
        assert_eq!(found(&with("CODER_URL", "https://b.test")).unwrap(), pair("https://b.test", None));
        assert_eq!(found(&with("CODER_URL", "http://a.test")).unwrap(), pair("http://a.test", None));
        assert!(found(&with("CODER_CONFIG_DIR", "/nowhere")).is_err());
        assert_eq!(found(&with("CODER_CONFIG_DIR", files.to_str().unwrap())).unwrap().1.unwrap(), "saved");
    }

    #[test]
    fn a_token_must_fit_a_header_and_is_not_shown() {
        let token = Token::new(&SecretString::from(" abc ")).unwrap();
        assert!(token.header().is_sensitive());
        assert_eq!(token.header(), "abc");
        assert!(!format!("{token:?}{:?}", token.header()).contains("abc"));
        for bad in ["a\nb", "", " ", "ü"] {
            let error = Token::new(&SecretString::from(bad)).unwrap_err();
            assert!(error.is_invalid_request() && (bad.trim().is_empty() || !error.to_string().contains(bad)));
        }
    }
}
