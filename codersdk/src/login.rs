//! Logging in and out, the first user, passwords.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// A way to log in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthMethod {
    /// Whether users may log in this way.
    #[serde(default)]
    pub enabled: bool,
}

/// The ways to log in that a deployment offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthMethods {
    /// Terms to accept before logging in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_of_service_url: Option<String>,
    /// Log-in by e-mail and password.
    pub password: AuthMethod,
    /// Log-in by GitHub.
    pub github: GithubAuthMethod,
    /// Log-in by OpenID Connect.
    pub oidc: OidcAuthMethod,
}

/// Sets a password with the code that was sent by mail.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangePasswordWithOneTimePasscodeRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
    /// The code that was sent by mail.
    #[serde(default)]
    pub one_time_passcode: String,
}

debug_without_secrets!(ChangePasswordWithOneTimePasscodeRequest { email; password, one_time_passcode });

/// Changes how a user logs in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConvertLoginRequest {
    /// How the user will log in.
    pub to_type: LoginType,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
}

debug_without_secrets!(ConvertLoginRequest { to_type; password });

/// What the first user answered at set-up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserOnboardingInfo {
    /// Whether other news are wanted.
    #[serde(default)]
    pub newsletter_marketing: bool,
    /// Whether news of releases are wanted.
    #[serde(default)]
    pub newsletter_releases: bool,
}

/// Creates the first user, who becomes the owner of the deployment.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default)]
    pub name: String,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
    /// Whether to start a trial licence.
    #[serde(default)]
    pub trial: bool,
    /// Who asks for the trial licence; counts only with `trial`.
    pub trial_info: CreateFirstUserTrialInfo,
    /// Answers of the first steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding_info: Option<CreateFirstUserOnboardingInfo>,
}

debug_without_secrets!(CreateFirstUserRequest { email, username, name, trial, trial_info, onboarding_info; password });

/// The first user and their organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserResponse {
    /// The user concerned.
    pub user_id: Uuid,
    /// The organization it belongs to.
    pub organization_id: Uuid,
}

/// Who asks for a trial licence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserTrialInfo {
    /// Given name.
    #[serde(default)]
    pub first_name: String,
    /// Family name.
    #[serde(default)]
    pub last_name: String,
    /// Telephone number.
    #[serde(default)]
    pub phone_number: String,
    /// Position.
    #[serde(default)]
    pub job_title: String,
    /// Company.
    #[serde(default)]
    pub company_name: String,
    /// Country.
    #[serde(default)]
    pub country: String,
    /// How many developers there are, as a range such as `51-100`.
    #[serde(default)]
    pub developers: String,
}

/// Log-in by GitHub.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GithubAuthMethod {
    /// Whether users may log in this way.
    #[serde(default)]
    pub enabled: bool,
    /// Whether Coder's own GitHub app is used.
    #[serde(default)]
    pub default_provider_configured: bool,
}

/// Logs in by e-mail and password.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginWithPasswordRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// Password in clear.
    #[serde(default)]
    pub password: String,
}

debug_without_secrets!(LoginWithPasswordRequest { email; password });

/// What a log-in gives.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginWithPasswordResponse {
    /// The session token, in clear. It is not shown again.
    #[serde(default)]
    pub session_token: String,
}

debug_without_secrets!(LoginWithPasswordResponse { ; session_token });

/// How to go on with changing the way of log-in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthConversionResponse {
    /// State to hand to the OAuth flow.
    #[serde(default)]
    pub state_string: String,
    /// When it stops being valid.
    pub expires_at: DateTime<Utc>,
    /// How the user will log in.
    pub to_type: LoginType,
    /// The user concerned.
    pub user_id: Uuid,
}

debug_without_secrets!(OAuthConversionResponse { expires_at, to_type, user_id; state_string });

/// Log-in by OpenID Connect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OidcAuthMethod {
    /// Whether users may log in this way.
    #[serde(default)]
    pub enabled: bool,
    /// Text of the log-in button.
    #[serde(rename = "signInText", default)]
    pub sign_in_text: String,
    /// Icon of the log-in button.
    #[serde(rename = "iconUrl", default)]
    pub icon_url: String,
}

/// What the identity provider said of the user at the last log-in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OidcClaimsResponse {
    /// Claims by name.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// Asks for a code by mail with which the password can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestOneTimePasscodeRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
}

/// Asks whether a password is strong enough.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidateUserPasswordRequest {
    /// The password to judge, in clear.
    #[serde(default)]
    pub password: String,
}

debug_without_secrets!(ValidateUserPasswordRequest { ; password });

/// Whether a password is strong enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidateUserPasswordResponse {
    /// Whether the password is strong enough.
    #[serde(default)]
    pub valid: bool,
    /// What is wrong with the password; empty if nothing.
    #[serde(default)]
    pub details: String,
}

/// The header by which a Coder server is known from others, such as a proxy that answers 404, too.
const BUILD_VERSION_HEADER: &str = "x-coder-build-version";

api_trait! {
    /// Logging in and out, the first user, passwords.
    pub trait AuthApi {
        /// Whether the deployment has its first user. Needs no session token. `GET /api/v2/users/first`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) if a 404 comes from something that is no Coder server.
        async fn has_first_user(&self) -> bool;

        /// Creates the first user, who becomes the owner. Needs no session token. `POST /api/v2/users/first`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) if there is one already, or for a weak password.
        async fn create_first_user(&self, req: CreateFirstUserRequest) -> CreateFirstUserResponse;

        /// Logs in. Needs no session token; make a client with the one that comes back by
        /// [`Client::with_session_token`]. `POST /api/v2/users/login`.
        ///
        /// # Errors
        /// [`is_unauthorized`](Error::is_unauthorized) for a wrong address or password, or a suspended user.
        async fn login_with_password(&self, req: LoginWithPasswordRequest) -> LoginWithPasswordResponse;

        /// Ends the session of the client's token. `POST /api/v2/users/logout`.
        ///
        /// # Errors
        /// [`is_unauthorized`](Error::is_unauthorized) if it is ended already.
        async fn logout(&self);

        /// The ways to log in. Needs no session token. `GET /api/v2/users/authmethods`.
        ///
        /// # Errors
        /// None of its own.
        async fn auth_methods(&self) -> AuthMethods;

        /// Judges a password. Needs no session token. `POST /api/v2/users/validate-password`.
        ///
        /// # Errors
        /// None of its own: a weak password is an answer.
        async fn validate_user_password(&self, req: ValidateUserPasswordRequest) -> ValidateUserPasswordResponse;

        /// Sends a code by mail with which the password can be set. Needs no session token, and does not tell
        /// whether there is such a user. `POST /api/v2/users/otp/request`.
        ///
        /// # Errors
        /// None of its own.
        async fn request_one_time_passcode(&self, req: RequestOneTimePasscodeRequest);

        /// Sets a password with the code that was sent. Needs no session token.
        /// `POST /api/v2/users/otp/change-password`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for a wrong or old code or a weak password.
        async fn change_password_with_one_time_passcode(&self, req: ChangePasswordWithOneTimePasscodeRequest);

        /// Begins to change how the caller logs in. As [`convert_user_login_type`](Self::convert_user_login_type)
        /// with `me`.
        ///
        /// # Errors
        /// As there.
        async fn convert_login_type(&self, req: ConvertLoginRequest) -> OAuthConversionResponse;

        /// Begins to change how a user logs in. `POST /api/v2/users/{user}/convert-login`.
        ///
        /// # Errors
        /// [`is_bad_request`](Error::is_bad_request) for a way that is not offered;
        /// [`is_unauthorized`](Error::is_unauthorized) for a wrong password.
        async fn convert_user_login_type(&self, user: &str, req: ConvertLoginRequest) -> OAuthConversionResponse;

        /// What the identity provider said of the caller. `GET /api/v2/users/oidc-claims`.
        ///
        /// # Errors
        /// [`is_not_found`](Error::is_not_found) for a user who does not log in by OpenID Connect.
        async fn user_oidc_claims(&self) -> OidcClaimsResponse;
    }
}

#[async_trait::async_trait]
impl AuthApi for Client {
    async fn has_first_user(&self) -> Result<bool> {
        let answer = self.send(Request::get("/api/v2/users/first", &[]).expect(&[200, 404])).await?;
        if answer.status != 404 {
            return Ok(true);
        }
        if answer.headers.contains_key(BUILD_VERSION_HEADER) {
            return Ok(false);
        }
        let error = Error::api(404, "missing build version header, not a coder instance");
        Err(error.with_request(&answer.method, &answer.url))
    }

    async fn create_first_user(&self, req: CreateFirstUserRequest) -> Result<CreateFirstUserResponse> {
        self.send(Request::post("/api/v2/users/first", &[]).json(&req)).await?.json()
    }

    async fn login_with_password(&self, req: LoginWithPasswordRequest) -> Result<LoginWithPasswordResponse> {
        self.send(Request::post("/api/v2/users/login", &[]).json(&req)).await?.json()
    }

    async fn logout(&self) -> Result<()> {
        self.send(Request::post("/api/v2/users/logout", &[])).await.map(drop)
    }

    async fn auth_methods(&self) -> Result<AuthMethods> {
        self.send(Request::get("/api/v2/users/authmethods", &[])).await?.json()
    }

    async fn validate_user_password(&self, req: ValidateUserPasswordRequest) -> Result<ValidateUserPasswordResponse> {
        let request = Request::post("/api/v2/users/validate-password", &[]).json(&req);
        self.send(request.idempotent(true)).await?.json()
    }

    async fn request_one_time_passcode(&self, req: RequestOneTimePasscodeRequest) -> Result<()> {
        self.send(Request::post("/api/v2/users/otp/request", &[]).json(&req)).await.map(drop)
    }

    async fn change_password_with_one_time_passcode(
        &self,
        req: ChangePasswordWithOneTimePasscodeRequest,
    ) -> Result<()> {
        self.send(Request::post("/api/v2/users/otp/change-password", &[]).json(&req)).await.map(drop)
    }

    async fn convert_login_type(&self, req: ConvertLoginRequest) -> Result<OAuthConversionResponse> {
        self.convert_user_login_type("me", req).await
    }

    async fn convert_user_login_type(&self, user: &str, req: ConvertLoginRequest) -> Result<OAuthConversionResponse> {
        self.send(Request::post("/api/v2/users/{user}/convert-login", &[&user]).json(&req)).await?.json()
    }

    async fn user_oidc_claims(&self) -> Result<OidcClaimsResponse> {
        self.send(Request::get("/api/v2/users/oidc-claims", &[])).await?.json()
    }
}
