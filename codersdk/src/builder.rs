//! Settings of a client.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use url::Url;

use crate::auth::{Token, find_login, read_login};
use crate::client::{Attempt, Client};
use crate::header_command::headers_of;
use crate::{Error, Result, RetryPolicy};

type Hook = Arc<dyn Fn(&Attempt<'_>) + Send + Sync>;

/// Makes a [`Client`]. From [`Client::builder`].
///
/// ```
/// use std::time::Duration;
/// use codersdk::{Client, RetryPolicy};
///
/// # fn main() -> Result<(), codersdk::Error> {
/// let client = Client::builder("https://coder.example.com")
///     .session_token("xxxxxxxxxx-yyyyyyyyyyyyyyyyyyyyyy")
///     .header("X-Proxy-Auth", "s3cret")
///     .total_timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::none())
///     .on_attempt(|attempt| println!("{} {} {:?}", attempt.method, attempt.url, attempt.status))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ClientBuilder {
    url: String,
    token: Option<SecretString>,
    chats: Option<String>,
    headers: Vec<(String, SecretString)>,
    header_command: Option<String>,
    root_certificates: Vec<Vec<u8>>,
    client_certificate: Option<SecretString>,
    proxy: Option<String>,
    no_proxy: bool,
    settings: Settings,
}

/// What of a builder lives on in the client.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) headers: HeaderMap,
    pub(crate) connect_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_body: usize,
    pub(crate) max_frame: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) hook: Option<Hook>,
    proxy: Option<reqwest::Proxy>,
    no_proxy: bool,
    roots: Vec<reqwest::Certificate>,
    identity: Option<reqwest::Identity>,
}

impl Settings {
    /// Whether a proxy may be spoken to by TLS.
    fn may_use_tls_proxy(&self) -> bool {
        const NAMES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let is_tls = |name| std::env::var_os(name).is_some_and(|url| url.to_string_lossy().starts_with("https"));
        self.proxy.is_some() || !self.no_proxy && NAMES.iter().any(is_tls)
    }

    /// Whether TLS may be spoken. Reading the system's certificates costs more than all the rest of a client, and without
    /// TLS it is spared: redirects to another scheme are not followed.
    fn needs_system_roots(&self, base: &Url) -> bool {
        base.scheme() != "http" || self.may_use_tls_proxy()
    }

    /// Makes the HTTP client. It is asked for again for upgrades, with HTTP/1.1 only.
    pub(crate) fn http_client(&self, base: &Url, http1_only: bool) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            // Redirects are followed by the caller, who knows what may see the token.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .user_agent(concat!("codersdk-rust/", env!("CARGO_PKG_VERSION")));
        if http1_only {
            builder = builder.http1_only();
        }
        if self.no_proxy {
            builder = builder.no_proxy();
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        if let Some(identity) = &self.identity {
            builder = builder.identity(identity.clone());
        }
        if !self.roots.is_empty() {
            builder = builder.tls_certs_merge(self.roots.iter().cloned());
        } else if !self.needs_system_roots(base) {
            builder = builder.tls_certs_only([]);
        }
        builder.build().map_err(|error| Error::config(format!("HTTP client: {error}")).with_source(error))
    }
}

impl ClientBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: None,
            chats: None,
            headers: Vec::new(),
            header_command: None,
            root_certificates: Vec::new(),
            client_certificate: None,
            proxy: None,
            no_proxy: false,
            settings: Settings {
                headers: HeaderMap::new(),
                connect_timeout: Duration::from_secs(10),
                attempt_timeout: Duration::from_secs(60),
                total_timeout: Duration::from_secs(120),
                upgrade_timeout: Duration::from_secs(15),
                idle_timeout: Duration::from_secs(45),
                max_body: 64 << 20,
                max_frame: 4 << 20,
                retry: RetryPolicy::default(),
                hook: None,
                proxy: None,
                no_proxy: false,
                roots: Vec::new(),
                identity: None,
            },
        }
    }

    /// Starts from what the environment says: the deployment in `CODER_URL`, the token in `CODER_SESSION_TOKEN`. What
    /// of them is missing is taken from the files that `coder login` has saved, in the folder `CODER_CONFIG_DIR`, or
    /// else `coderv2` in the user's configuration folder. The saved token is taken only for the saved deployment.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) if there is no deployment, or a file cannot be read.
    pub fn from_env() -> Result<Self> {
        let login = find_login(|name| std::env::var_os(name))?;
        Ok(Self { token: login.token, ..Self::new(&login.url) })
    }

    /// Starts from what `coder login` has saved in a folder: the files `url` and `session`.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) if nobody is logged in, or a file cannot be read.
    pub fn from_cli_config(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let login = read_login(folder)?
            .ok_or_else(|| Error::config(format!("nobody is logged in: no url in {}", folder.display())))?;
        Ok(Self { token: login.token, ..Self::new(&login.url) })
    }

    /// The session token or API key to act for. White space around it does not count.
    pub fn session_token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// A header for every request, as access proxies in front of a deployment want. Its value is treated as a
    /// secret.
    pub fn header(mut self, name: &str, value: impl Into<SecretString>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A command that prints headers for every request, as the CLI's `--header-command`: the system's shell runs it once,
    /// when the client is built, with the deployment in `CODER_URL`. Each line of its output is `name=value`; at most
    /// 64 KiB and 30 s. The values are treated as secrets.
    ///
    /// Building the client then waits for the command; in async code, build it where blocking is allowed.
    pub fn header_command(mut self, command: &str) -> Self {
        self.header_command = Some(command.to_owned());
        self
    }

    /// How long connecting may take, TLS included; 10 s unless told.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// How long one attempt of a call may take, from sending to the end of the answer; 60 s unless told. Streams
    /// have none.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// How long a call may take with all its attempts and the pauses between them; 2 min unless told. Streams have
    /// none.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.settings.total_timeout = timeout;
        self
    }

    /// How long the upgrade to a WebSocket may take; 15 s unless told.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.settings.upgrade_timeout = timeout;
        self
    }

    /// How long a stream may be silent before its peer counts as dead; 45 s unless told. The server pings every
    /// 15 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.idle_timeout = timeout;
        self
    }

    /// The longest answer that a call takes, in bytes after decompression; 64 MiB unless told. Downloads have
    /// limits of their own.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// The longest message that a stream takes, in bytes; 4 MiB unless told.
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.settings.max_frame = bytes;
        self
    }

    /// Which calls are made again after a failure, and when.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// The proxy for every request, such as `http://user:password@proxy:3128`. Without it, the system's settings
    /// and the environment (`HTTPS_PROXY` and so on) count.
    pub fn proxy(mut self, url: &str) -> Self {
        self.proxy = Some(url.to_owned());
        self.no_proxy = false;
        self
    }

    /// No proxy, whatever the system's settings and the environment say.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = None;
        self.no_proxy = true;
        self
    }

    /// Trusts these certificates (PEM, one or more) besides the system's.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Shows this certificate to the server: PEM of the private key and of the certificate with its chain, one
    /// after the other.
    pub fn client_certificate_pem(mut self, pem: impl Into<SecretString>) -> Self {
        self.client_certificate = Some(pem.into());
        self
    }

    /// Where the chat routes are, such as `/api/experimental/chats`. Without it, the first chat call finds out.
    pub fn chats_path(mut self, path: &str) -> Self {
        self.chats = Some(path.to_owned());
        self
    }

    /// Calls `hook` after every attempt of a call, with nothing secret in what it sees. It must not block.
    pub fn on_attempt(mut self, hook: impl Fn(&Attempt<'_>) + Send + Sync + 'static) -> Self {
        self.settings.hook = Some(Arc::new(hook));
        self
    }

    /// Makes the client. Sends nothing.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) for settings that cannot be used: the URL, the token or a
    /// header with characters not allowed there, a header command that fails, a certificate that cannot be read.
    pub fn build(mut self) -> Result<Client> {
        let mut base =
            Url::parse(self.url.trim()).map_err(|error| Error::config(format!("the server's URL: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(Error::config("the server's URL must begin with http:// or https://"));
        }
        base.set_path("/");
        base.set_query(None);
        base.set_fragment(None);
        let token = self.token.as_ref().map(Token::new).transpose()?;
        let chats = self.chats.take().map(|path| format!("/{}", path.trim_matches('/')));
        if let Some(command) = self.header_command.as_deref().filter(|command| !command.trim().is_empty()) {
            self.headers.extend(headers_of(command, &base)?);
        }
        self.read_headers()?;
        self.read_tls()?;
        Client::from_settings(base, token, chats, self.settings)
    }

    fn read_headers(&mut self) -> Result<()> {
        use secrecy::ExposeSecret as _;
        for (name, value) in &self.headers {
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Error::config(format!("{name:?} is no header name")))?;
            let mut value = HeaderValue::from_str(value.expose_secret())
                .map_err(|_| Error::config(format!("the value of header {name} has characters not allowed there")))?;
            value.set_sensitive(true);
            self.settings.headers.append(header, value);
        }
        Ok(())
    }

    fn read_tls(&mut self) -> Result<()> {
        self.settings.no_proxy = self.no_proxy;
        if let Some(url) = &self.proxy {
            // Its own message may hold the URL with the password.
            let proxy = reqwest::Proxy::all(url).map_err(|_| Error::config("the proxy's URL cannot be used"))?;
            self.settings.proxy = Some(proxy);
        }
        #[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
        {
            use secrecy::ExposeSecret as _;
            for pem in &self.root_certificates {
                let bundle = reqwest::Certificate::from_pem_bundle(pem)
                    .map_err(|error| Error::config(format!("root certificates: {error}")).with_source(error))?;
                if bundle.is_empty() {
                    return Err(Error::config("root certificates: no certificate in the PEM"));
                }
                self.settings.roots.extend(bundle);
            }
            if let Some(pem) = &self.client_certificate {
                let identity = reqwest::Identity::from_pem(pem.expose_secret().as_bytes())
                    .map_err(|_| Error::config("the client certificate's PEM needs a private key and a certificate"))?;
                self.settings.identity = Some(identity);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("url", &crate::request::redact_url(&self.url))
            .field("has_session_token", &self.token.is_some())
            .field("retry", &self.settings.retry)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_certificates_are_read_only_for_tls() {
        let needs = |builder: ClientBuilder| {
            let mut builder = builder;
            builder.read_tls().unwrap();
            builder.settings.needs_system_roots(&Url::parse(&builder.url).unwrap())
        };
        assert!(!needs(ClientBuilder::new("http://127.0.0.1:1").no_proxy()));
        assert!(needs(ClientBuilder::new("https://127.0.0.1:1").no_proxy()));
        assert!(needs(ClientBuilder::new("http://127.0.0.1:1").proxy("https://proxy.test")));
    }
}
