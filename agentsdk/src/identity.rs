//! Tokens for the identity of a cloud instance: what the cloud's metadata service signs is exchanged with the deployment
//! for an agent's token.

use std::time::Duration;

use codersdk::__private::Request;
use codersdk::{Client, Error, Result};
use http::HeaderName;
use serde::{Deserialize, Serialize};

/// Where the metadata service of every cloud is.
const METADATA: &str = "http://169.254.169.254";

/// How long one exchange may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The most that is read of a metadata answer, in bytes.
const MAX_METADATA: usize = 1 << 20;

/// Whose instance the agent runs on, for tokens by the instance's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstanceIdentity {
    /// Amazon EC2.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Compute Engine.
    Google {
        /// The service account whose identity counts; the instance's default one if absent.
        service_account: Option<String>,
    },
}

/// What an AWS instance shows: the signed document with its signature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AwsInstanceIdentityToken {
    /// The signature over the document.
    #[serde(default)]
    pub signature: String,
    /// The document that describes the instance.
    #[serde(default)]
    pub document: String,
    /// Which agent, for an instance that several share; left out if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_name: String,
}

/// What an Azure instance shows: attested metadata.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AzureInstanceIdentityToken {
    /// The signed data.
    #[serde(default)]
    pub signature: String,
    /// How it is encoded, such as `pkcs7`.
    #[serde(default)]
    pub encoding: String,
    /// Which agent, for an instance that several share; left out if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_name: String,
}

/// What a Google instance shows: a signed JSON web token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GoogleInstanceIdentityToken {
    /// The token.
    #[serde(default)]
    pub json_web_token: String,
    /// Which agent, for an instance that several share; left out if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_name: String,
}

/// The answer of an exchange.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthenticateResponse {
    /// The agent's token.
    #[serde(default)]
    pub session_token: String,
}

codersdk::debug_without_secrets!(AuthenticateResponse { ; session_token });

/// Gets tokens.
pub(crate) struct Exchange {
    identity: InstanceIdentity,
    agent_name: String,
    metadata: Client,
}

impl Exchange {
    pub(crate) fn new(identity: InstanceIdentity, agent_name: String, metadata_url: Option<&str>) -> Result<Self> {
        // A proxy would show the identity of its own instance, if any.
        let metadata = Client::builder(metadata_url.unwrap_or(METADATA)).no_proxy().max_body(MAX_METADATA).build()?;
        Ok(Self { identity, agent_name, metadata })
    }

    /// Gets a new token. `coder` has none.
    pub(crate) async fn token(&self, coder: &Client) -> Result<String> {
        match tokio::time::timeout(LIMIT, self.exchange(coder)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::timeout("the exchange of the instance's identity", LIMIT)),
        }
    }

    async fn exchange(&self, coder: &Client) -> Result<String> {
        let request = match &self.identity {
            InstanceIdentity::Aws => {
                Request::post("/api/v2/workspaceagents/aws-instance-identity", &[]).json(&self.aws().await?)
            }
            InstanceIdentity::Azure => {
                Request::post("/api/v2/workspaceagents/azure-instance-identity", &[]).json(&self.azure().await?)
            }
            InstanceIdentity::Google { service_account } => {
                let account = service_account.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
                Request::post("/api/v2/workspaceagents/google-instance-identity", &[])
                    .json(&self.google(account).await?)
            }
        };
        let answer: AuthenticateResponse = coder.send(request.expect(&[200])).await?.json()?;
        Ok(answer.session_token)
    }

    async fn aws(&self) -> Result<AwsInstanceIdentityToken> {
        let ttl = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
        let session = self.text(metadata(http::Method::PUT, "/latest/api/token").header(ttl, "21600")).await?;
        let name = HeaderName::from_static("x-aws-ec2-metadata-token");
        let get = |path| metadata(http::Method::GET, path).header(name.clone(), &session);
        Ok(AwsInstanceIdentityToken {
            signature: self.text(get("/latest/dynamic/instance-identity/signature")).await?,
            document: self.text(get("/latest/dynamic/instance-identity/document")).await?,
            agent_name: self.agent_name.clone(),
        })
    }

    async fn azure(&self) -> Result<AzureInstanceIdentityToken> {
        let request = metadata(http::Method::GET, "/metadata/attested/document?api-version=2020-09-01")
            .header(HeaderName::from_static("metadata"), "true");
        let mut token: AzureInstanceIdentityToken = self.metadata.send(request).await?.json()?;
        token.agent_name.clone_from(&self.agent_name);
        Ok(token)
    }

    async fn google(&self, account: &str) -> Result<GoogleInstanceIdentityToken> {
        // Without format=full the token lacks the instance's id.
        let path =
            format!("/computeMetadata/v1/instance/service-accounts/{account}/identity?audience=coder&format=full");
        let request = metadata(http::Method::GET, &path).header(HeaderName::from_static("metadata-flavor"), "Google");
        Ok(GoogleInstanceIdentityToken {
            json_web_token: self.text(request).await?,
            agent_name: self.agent_name.clone(),
        })
    }

    async fn text(&self, request: Request) -> Result<String> {
        let answer = self.metadata.send(request.expect(&[200])).await?;
        Ok(String::from_utf8_lossy(&answer.body).trim().to_owned())
    }
}

/// A request to the metadata service.
fn metadata(method: http::Method, path: &str) -> Request {
    Request::at(method, path)
}
