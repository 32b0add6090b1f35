//! The client: which agent it is, and where its token comes from.

use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use codersdk::__private::{Answer, Request};
use codersdk::{Client, ClientBuilder, Error, Result};
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::identity::{Exchange, InstanceIdentity};

/// A client of one Coder deployment, acting for one workspace agent.
///
/// It is cheap to clone, and clones share their connections and their token. Its calls are the methods of
/// [`AgentApi`](crate::AgentApi).
///
/// ```
/// use agentsdk::AgentClient;
///
/// # fn main() -> agentsdk::Result<()> {
/// let agent = AgentClient::builder("https://coder.example.com")
///     .session_token("00000000-0000-4000-8000-000000000000")
///     .build()?;
/// assert_eq!(agent.url(), "https://coder.example.com/");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AgentClient {
    inner: Arc<Inner>,
}

struct Inner {
    /// With the token, if that is fixed; without one, if it is exchanged for.
    client: Client,
    exchange: Option<Exchange>,
    /// The client with the token that was exchanged for last, and which exchange that was.
    current: Mutex<Option<(u64, Client)>>,
}

/// Where the token comes from.
enum Source {
    Missing,
    Token(SecretString),
    File(PathBuf),
    Identity(InstanceIdentity),
}

impl AgentClient {
    /// Starts a client with settings of its own. `url` is where the deployment is; a path in it does not count.
    pub fn builder(url: &str) -> AgentClientBuilder {
        AgentClientBuilder {
            http: Client::builder(url),
            url: url.to_owned(),
            source: Source::Missing,
            agent_name: String::new(),
            metadata_url: None,
        }
    }

    /// A client for what the environment of a workspace names: see [`AgentClientBuilder::from_env`].
    ///
    /// # Errors
    /// As there, and as [`AgentClientBuilder::build`].
    pub fn from_env() -> Result<Self> {
        AgentClientBuilder::from_env()?.build()
    }

    /// Where the deployment is, as an origin such as `https://coder.example.com/`.
    pub fn url(&self) -> &str {
        self.inner.client.url()
    }

    /// Gets a new token by the instance's identity. Calls do so by themselves after a 401. Does nothing for a client
    /// whose token was given.
    ///
    /// # Errors
    /// When the instance's metadata cannot be had or the deployment does not accept it.
    pub async fn refresh_token(&self) -> Result<()> {
        let mut current = self.inner.current.lock().await;
        self.exchange(&mut current).await.map(drop)
    }

    /// The client to call with, and the number of its token.
    async fn authorized(&self) -> Result<(u64, Client)> {
        if self.inner.exchange.is_none() {
            return Ok((0, self.inner.client.clone()));
        }
        let mut current = self.inner.current.lock().await;
        match &*current {
            Some(known) => Ok(known.clone()),
            None => self.exchange(&mut current).await,
        }
    }

    async fn exchange(&self, current: &mut Option<(u64, Client)>) -> Result<(u64, Client)> {
        let Some(exchange) = &self.inner.exchange else { return Ok((0, self.inner.client.clone())) };
        let token = exchange.token(&self.inner.client).await?;
        let number = current.as_ref().map_or(1, |(number, _)| number + 1);
        let known = (number, self.inner.client.with_session_token(token)?);
        *current = Some(known.clone());
        Ok(known)
    }

    /// Makes a call; after a 401 once more with a new token, if there is where to get one.
    pub(crate) async fn call<T, F>(&self, call: impl Fn(Client) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let (number, client) = self.authorized().await?;
        match call(client).await {
            Err(error) if error.is_unauthorized() && self.inner.exchange.is_some() => {}
            outcome => return outcome,
        }
        let (_, client) = {
            let mut current = self.inner.current.lock().await;
            match &*current {
                // Another call was refused, too, and has a new token already.
                Some(known) if known.0 > number => known.clone(),
                _ => self.exchange(&mut current).await?,
            }
        };
        call(client).await
    }

    pub(crate) async fn send(&self, request: impl Fn() -> Request) -> Result<Answer> {
        self.call(|client| {
            let request = request();
            async move { client.send(request).await }
        })
        .await
    }
}

impl fmt::Debug for AgentClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentClient").field("client", &self.inner.client).finish_non_exhaustive()
    }
}

/// Makes an [`AgentClient`]. From [`AgentClient::builder`].
#[must_use]
pub struct AgentClientBuilder {
    http: ClientBuilder,
    url: String,
    source: Source,
    agent_name: String,
    metadata_url: Option<String>,
}

impl AgentClientBuilder {
    /// Starts from what the environment says, as a workspace sets it for its processes: the deployment in
    /// `CODER_AGENT_URL`; the way to authenticate in `CODER_AGENT_AUTH` (`token`, the default,
    /// `aws-instance-identity`, `azure-instance-identity` or `google-instance-identity`); the token in
    /// `CODER_AGENT_TOKEN`, or in the file that `CODER_AGENT_TOKEN_FILE` names; for an instance with several agents, the
    /// name of this one in `CODER_AGENT_NAME`.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) if there is no deployment, no token where one is needed, or a
    /// way to authenticate that is not known.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(|name| std::env::var_os(name))
    }

    fn from_vars(env: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let text = |name: &str| {
            let value = env(name)?.into_string().ok()?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let url = text("CODER_AGENT_URL").ok_or_else(|| Error::config("no deployment: set CODER_AGENT_URL"))?;
        let mut builder = AgentClient::builder(&url);
        if let Some(name) = text("CODER_AGENT_NAME") {
            builder = builder.agent_name(&name);
        }
        match text("CODER_AGENT_AUTH").as_deref().unwrap_or("token") {
            "token" => {}
            "aws-instance-identity" => return Ok(builder.instance_identity(InstanceIdentity::Aws)),
            "azure-instance-identity" => return Ok(builder.instance_identity(InstanceIdentity::Azure)),
            "google-instance-identity" => {
                return Ok(builder.instance_identity(InstanceIdentity::Google { service_account: None }));
            }
            other => return Err(Error::config(format!("CODER_AGENT_AUTH: {other:?} is not known"))),
        }
        if let Some(token) = text("CODER_AGENT_TOKEN") {
            return Ok(builder.session_token(token));
        }
        match env("CODER_AGENT_TOKEN_FILE").filter(|path| !path.is_empty()) {
            Some(path) => Ok(builder.token_file(path)),
            None => Err(Error::config("no agent token: set CODER_AGENT_TOKEN or CODER_AGENT_TOKEN_FILE")),
        }
    }

    /// The agent's token. White space around it does not count.
    pub fn session_token(mut self, token: impl Into<SecretString>) -> Self {
        self.source = Source::Token(token.into());
        self
    }

    /// The file with the agent's token, which is read by [`build`](Self::build).
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.source = Source::File(path.into());
        self
    }

    /// Gets a token for the identity of the cloud instance that this runs on: by the first call, and again when it is
    /// refused (401).
    pub fn instance_identity(mut self, identity: InstanceIdentity) -> Self {
        self.source = Source::Identity(identity);
        self
    }

    /// Which agent to be, for an instance that several agents share. Only for
    /// [`instance_identity`](Self::instance_identity).
    pub fn agent_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.agent_name);
        self
    }

    /// Where the cloud's metadata service is; `http://169.254.169.254` unless told.
    pub fn metadata_url(mut self, url: &str) -> Self {
        self.metadata_url = Some(url.to_owned());
        self
    }

    /// Changes how requests are sent: headers, proxies, certificates, time limits, retries.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> agentsdk::Result<()> {
    /// let agent = agentsdk::AgentClient::builder("https://coder.example.com")
    ///     .session_token("00000000-0000-4000-8000-000000000000")
    ///     .http(|http| http.connect_timeout(Duration::from_secs(2)).no_proxy())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn http(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.http = change(self.http);
        self
    }

    /// Makes the client. Sends nothing.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) for settings that cannot be used: the URL, the token, a token
    /// file that cannot be read, or no token at all.
    pub fn build(self) -> Result<AgentClient> {
        let (client, exchange) = match self.source {
            Source::Missing => return Err(Error::config("an agent's client needs a token or an instance identity")),
            Source::Token(token) => (self.http.session_token(token).build()?, None),
            Source::File(path) => {
                let token = std::fs::read_to_string(&path)
                    .map_err(|error| Error::config(format!("read {}: {error}", path.display())).with_source(error))?;
                (self.http.session_token(token).build()?, None)
            }
            Source::Identity(identity) => {
                let exchange = Exchange::new(identity, self.agent_name, self.metadata_url.as_deref())?;
                (self.http.build()?, Some(exchange))
            }
        };
        Ok(AgentClient { inner: Arc::new(Inner { client, exchange, current: Mutex::default() }) })
    }
}

impl fmt::Debug for AgentClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentClientBuilder")
            .field("url", &codersdk::__private::redact_url(&self.url))
            .field("agent_name", &self.agent_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(vars: &[(&str, &str)]) -> Result<AgentClient> {
        let vars: Vec<_> = vars.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        AgentClientBuilder::from_vars(move |name| {
            vars.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })?
        .build()
    }

    #[test]
    fn the_environment_of_a_workspace_is_enough() {
        let url = ("CODER_AGENT_URL", "https://a.test");
        assert_eq!(from(&[url, ("CODER_AGENT_TOKEN", "t")]).unwrap().url(), "https://a.test/");
        assert!(from(&[url]).unwrap_err().to_string().contains("CODER_AGENT_TOKEN_FILE"));
        assert!(from(&[("CODER_AGENT_TOKEN", "t")]).unwrap_err().is_invalid_request());
        assert!(from(&[url, ("CODER_AGENT_AUTH", "aws-instance-identity")]).is_ok());
        assert!(from(&[url, ("CODER_AGENT_AUTH", "magic")]).unwrap_err().to_string().contains("magic"));
    }

    #[test]
    fn the_token_may_be_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let vars = [("CODER_AGENT_URL", "https://a.test"), ("CODER_AGENT_TOKEN_FILE", path.to_str().unwrap())];
        assert!(from(&vars).unwrap_err().is_invalid_request());
        std::fs::write(&path, "secret-token\n").unwrap();
        let client = from(&vars).unwrap();
        assert!(!format!("{client:?}").contains("secret-token"));
    }
}
