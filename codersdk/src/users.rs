//! Wire types.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

open_enum! {
    /// Values of `codersdk.AgentChatSendShortcut`.
    pub enum AgentChatSendShortcut {
        /// `enter`
        Enter => "enter",
        /// `modifier_enter`
        ModifierEnter => "modifier_enter",
    }
}

open_enum! {
    /// Values of `codersdk.AgentDisplayMode`.
    pub enum AgentDisplayMode {
        /// `auto`
        Auto => "auto",
        /// `always_expanded`
        AlwaysExpanded => "always_expanded",
        /// `always_collapsed`
        AlwaysCollapsed => "always_collapsed",
    }
}

/// `codersdk.AuthMethod`: auth method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthMethod {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
}

/// `codersdk.AuthMethods`: auth methods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthMethods {
    /// `terms_of_service_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_of_service_url: Option<String>,
    /// `password` on the wire.
    pub password: AuthMethod,
    /// `github` on the wire.
    pub github: GithubAuthMethod,
    /// `oidc` on the wire.
    pub oidc: OIdCAuthMethod,
}

/// `codersdk.ChangePasswordWithOneTimePasscodeRequest`: change password with one time passcode request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangePasswordWithOneTimePasscodeRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
    /// `one_time_passcode` on the wire.
    #[serde(default)]
    pub one_time_passcode: String,
}

/// `codersdk.ConvertLoginRequest`: convert login request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConvertLoginRequest {
    /// `to_type` on the wire.
    pub to_type: LoginType,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
}

/// `codersdk.CreateFirstUserOnboardingInfo`: create first user onboarding info.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserOnboardingInfo {
    /// `newsletter_marketing` on the wire.
    #[serde(default)]
    pub newsletter_marketing: bool,
    /// `newsletter_releases` on the wire.
    #[serde(default)]
    pub newsletter_releases: bool,
}

/// `codersdk.CreateFirstUserRequest`: create first user request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
    /// `trial` on the wire.
    #[serde(default)]
    pub trial: bool,
    /// `trial_info` on the wire.
    pub trial_info: CreateFirstUserTrialInfo,
    /// `onboarding_info` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding_info: Option<CreateFirstUserOnboardingInfo>,
}

/// `codersdk.CreateFirstUserResponse`: create first user response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserResponse {
    /// The user concerned.
    pub user_id: Uuid,
    /// The organization it belongs to.
    pub organization_id: Uuid,
}

/// `codersdk.CreateFirstUserTrialInfo`: create first user trial info.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateFirstUserTrialInfo {
    /// `first_name` on the wire.
    #[serde(default)]
    pub first_name: String,
    /// `last_name` on the wire.
    #[serde(default)]
    pub last_name: String,
    /// `phone_number` on the wire.
    #[serde(default)]
    pub phone_number: String,
    /// `job_title` on the wire.
    #[serde(default)]
    pub job_title: String,
    /// `company_name` on the wire.
    #[serde(default)]
    pub company_name: String,
    /// `country` on the wire.
    #[serde(default)]
    pub country: String,
    /// `developers` on the wire.
    #[serde(default)]
    pub developers: String,
}

/// `codersdk.CreateUserRequest`: create user request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
    /// `login_type` on the wire.
    pub login_type: LoginType,
    /// `disable_login` on the wire.
    #[serde(default)]
    pub disable_login: bool,
    /// The organization it belongs to.
    pub organization_id: Uuid,
}

/// `codersdk.CreateUserRequestWithOrgs`: create user request with orgs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserRequestWithOrgs {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
    /// `login_type` on the wire.
    pub login_type: LoginType,
    /// `user_status` on the wire.
    #[serde(default)]
    pub user_status: Option<UserStatus>,
    /// `organization_ids` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Uuid>>"))]
    pub organization_ids: Vec<Uuid>,
    /// `service_account` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<bool>,
    /// `roles` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
}

/// `codersdk.GetUsersResponse`: get users response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetUsersResponse {
    /// `users` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<User>>"))]
    pub users: Vec<User>,
    /// `count` on the wire.
    #[serde(default)]
    pub count: i64,
}

/// `codersdk.GithubAuthMethod`: github auth method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GithubAuthMethod {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `default_provider_configured` on the wire.
    #[serde(default)]
    pub default_provider_configured: bool,
}

/// `codersdk.LoginWithPasswordRequest`: login with password request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginWithPasswordRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
}

/// `codersdk.LoginWithPasswordResponse`: login with password response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginWithPasswordResponse {
    /// `session_token` on the wire.
    #[serde(default)]
    pub session_token: String,
}

/// `codersdk.OAuthConversionResponse`: oauth conversion response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthConversionResponse {
    /// `state_string` on the wire.
    #[serde(default)]
    pub state_string: String,
    /// `expires_at` on the wire.
    pub expires_at: DateTime<Utc>,
    /// `to_type` on the wire.
    pub to_type: LoginType,
    /// The user concerned.
    pub user_id: Uuid,
}

/// `codersdk.OIDCAuthMethod`: oid cauth method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OIdCAuthMethod {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `signInText` on the wire.
    #[serde(rename = "signInText", default)]
    pub sign_in_text: String,
    /// `iconUrl` on the wire.
    #[serde(rename = "iconUrl", default)]
    pub icon_url: String,
}

/// `codersdk.OIDCClaimsResponse`: oid cclaims response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OIdCClaimsResponse {
    /// `claims` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// `codersdk.ReducedUser`: reduced user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReducedUser {
    /// Unique id.
    pub id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `avatar_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// `last_seen_at` on the wire.
    pub last_seen_at: DateTime<Utc>,
    /// State it is in.
    pub status: UserStatus,
    /// `login_type` on the wire.
    pub login_type: LoginType,
    /// `is_service_account` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_service_account: Option<bool>,
    /// `theme_preference` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_preference: Option<String>,
}

/// `codersdk.RequestOneTimePasscodeRequest`: request one time passcode request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestOneTimePasscodeRequest {
    /// E-mail address.
    #[serde(default)]
    pub email: String,
}

open_enum! {
    /// Values of `codersdk.TerminalFontName`.
    pub enum TerminalFontName {
        /// ``
        Empty => "",
        /// `geist-mono`
        GeistMono => "geist-mono",
        /// `ibm-plex-mono`
        IbmPlexMono => "ibm-plex-mono",
        /// `fira-code`
        FiraCode => "fira-code",
        /// `source-code-pro`
        SourceCodePro => "source-code-pro",
        /// `jetbrains-mono`
        JetbrainsMono => "jetbrains-mono",
    }
}

open_enum! {
    /// Values of `codersdk.ThemeMode`.
    pub enum ThemeMode {
        /// ``
        Empty => "",
        /// `sync`
        Sync => "sync",
        /// `single`
        Single => "single",
    }
}

open_enum! {
    /// Values of `codersdk.ThinkingDisplayMode`.
    pub enum ThinkingDisplayMode {
        /// `auto`
        Auto => "auto",
        /// `preview`
        Preview => "preview",
        /// `always_expanded`
        AlwaysExpanded => "always_expanded",
        /// `always_collapsed`
        AlwaysCollapsed => "always_collapsed",
    }
}

/// `codersdk.UpdateRoles`: update roles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateRoles {
    /// `roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub roles: Vec<String>,
}

/// `codersdk.UpdateUserAppearanceSettingsRequest`: update user appearance settings request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserAppearanceSettingsRequest {
    /// `theme_preference` on the wire.
    #[serde(default)]
    pub theme_preference: String,
    /// `theme_mode` on the wire.
    pub theme_mode: ThemeMode,
    /// `theme_light` on the wire.
    #[serde(default)]
    pub theme_light: String,
    /// `theme_dark` on the wire.
    #[serde(default)]
    pub theme_dark: String,
    /// `terminal_font` on the wire.
    pub terminal_font: TerminalFontName,
}

/// `codersdk.UpdateUserPasswordRequest`: update user password request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserPasswordRequest {
    /// `old_password` on the wire.
    #[serde(default)]
    pub old_password: String,
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
}

/// `codersdk.UpdateUserPreferenceSettingsRequest`: update user preference settings request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserPreferenceSettingsRequest {
    /// `task_notification_alert_dismissed` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_notification_alert_dismissed: Option<bool>,
    /// `thinking_display_mode` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_display_mode: Option<ThinkingDisplayMode>,
    /// `shell_tool_display_mode` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_tool_display_mode: Option<AgentDisplayMode>,
    /// `code_diff_display_mode` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_diff_display_mode: Option<AgentDisplayMode>,
    /// `agent_chat_send_shortcut` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_chat_send_shortcut: Option<AgentChatSendShortcut>,
}

/// `codersdk.UpdateUserProfileRequest`: update user profile request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserProfileRequest {
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
}

/// `codersdk.UpdateUserQuietHoursScheduleRequest`: update user quiet hours schedule request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserQuietHoursScheduleRequest {
    /// `schedule` on the wire.
    #[serde(default)]
    pub schedule: String,
}

/// `codersdk.User`: user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// Unique id.
    pub id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `avatar_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// `last_seen_at` on the wire.
    pub last_seen_at: DateTime<Utc>,
    /// State it is in.
    pub status: UserStatus,
    /// `login_type` on the wire.
    pub login_type: LoginType,
    /// `is_service_account` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_service_account: Option<bool>,
    /// `theme_preference` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_preference: Option<String>,
    /// `organization_ids` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Uuid>>"))]
    pub organization_ids: Vec<Uuid>,
    /// `roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub roles: Vec<SlimRole>,
    /// `has_ai_seat` on the wire.
    #[serde(default)]
    pub has_ai_seat: bool,
}

/// `codersdk.UserAppearanceSettings`: user appearance settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserAppearanceSettings {
    /// `theme_preference` on the wire.
    #[serde(default)]
    pub theme_preference: String,
    /// `theme_mode` on the wire.
    pub theme_mode: ThemeMode,
    /// `theme_light` on the wire.
    #[serde(default)]
    pub theme_light: String,
    /// `theme_dark` on the wire.
    #[serde(default)]
    pub theme_dark: String,
    /// `terminal_font` on the wire.
    pub terminal_font: TerminalFontName,
}

/// `codersdk.UserParameter`: user parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserParameter {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// `value` on the wire.
    #[serde(default)]
    pub value: String,
}

/// `codersdk.UserPreferenceSettings`: user preference settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserPreferenceSettings {
    /// `task_notification_alert_dismissed` on the wire.
    #[serde(default)]
    pub task_notification_alert_dismissed: bool,
    /// `thinking_display_mode` on the wire.
    pub thinking_display_mode: ThinkingDisplayMode,
    /// `shell_tool_display_mode` on the wire.
    pub shell_tool_display_mode: AgentDisplayMode,
    /// `code_diff_display_mode` on the wire.
    pub code_diff_display_mode: AgentDisplayMode,
    /// `agent_chat_send_shortcut` on the wire.
    pub agent_chat_send_shortcut: AgentChatSendShortcut,
}

/// `codersdk.UserQuietHoursScheduleResponse`: user quiet hours schedule response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserQuietHoursScheduleResponse {
    /// `raw_schedule` on the wire.
    #[serde(default)]
    pub raw_schedule: String,
    /// `user_set` on the wire.
    #[serde(default)]
    pub user_set: bool,
    /// `user_can_set` on the wire.
    #[serde(default)]
    pub user_can_set: bool,
    /// `time` on the wire.
    #[serde(default)]
    pub time: String,
    /// `timezone` on the wire.
    #[serde(default)]
    pub timezone: String,
    /// `next` on the wire.
    pub next: DateTime<Utc>,
}

/// `codersdk.UserRoles`: user roles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserRoles {
    /// `roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub roles: Vec<String>,
    /// `organization_roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<Uuid, Vec<String>>>"))]
    pub organization_roles: BTreeMap<Uuid, Vec<String>>,
}

open_enum! {
    /// Values of `codersdk.UserStatus`.
    pub enum UserStatus {
        /// `active`
        Active => "active",
        /// `dormant`
        Dormant => "dormant",
        /// `suspended`
        Suspended => "suspended",
    }
}

/// `codersdk.UsersRequest`: users request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UsersRequest {
    // internal: search
    // internal: name
    // internal: status
    // internal: role
    // internal: login_type
    /// `q` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// `after_id` on the wire.
    pub after_id: Uuid,
    /// `limit` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// `offset` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
}

/// `codersdk.ValidateUserPasswordRequest`: validate user password request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidateUserPasswordRequest {
    /// `password` on the wire.
    #[serde(default)]
    pub password: String,
}

/// `codersdk.ValidateUserPasswordResponse`: validate user password response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidateUserPasswordResponse {
    /// `valid` on the wire.
    #[serde(default)]
    pub valid: bool,
    /// `details` on the wire.
    #[serde(default)]
    pub details: String,
}
