//! How Coder looks to a user, and what else a user has set.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

open_enum! {
    /// Which key sends a chat message.
    pub enum AgentChatSendShortcut {
        /// `enter`
        Enter => "enter",
        /// `modifier_enter`
        ModifierEnter => "modifier_enter",
    }
}

open_enum! {
    /// How a tool's calls are shown.
    pub enum AgentDisplayMode {
        /// `auto`
        Auto => "auto",
        /// `always_expanded`
        AlwaysExpanded => "always_expanded",
        /// `always_collapsed`
        AlwaysCollapsed => "always_collapsed",
    }
}

open_enum! {
    /// A font of the web terminal.
    pub enum TerminalFontName {
        /// Not chosen.
        Unset => "",
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
    /// Whether the theme follows the system.
    pub enum ThemeMode {
        /// Not chosen.
        Unset => "",
        /// `sync`
        Sync => "sync",
        /// `single`
        Single => "single",
    }
}

open_enum! {
    /// How a model's reasoning is shown.
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

/// Changes how the dashboard looks to a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserAppearanceSettingsRequest {
    /// Name of the dashboard theme; empty if never chosen.
    #[serde(default)]
    pub theme_preference: String,
    /// Whether the theme follows the system's light and dark mode.
    pub theme_mode: ThemeMode,
    /// Theme for light mode.
    #[serde(default)]
    pub theme_light: String,
    /// Theme for dark mode.
    #[serde(default)]
    pub theme_dark: String,
    /// Font of the web terminal.
    pub terminal_font: TerminalFontName,
}

/// Changes a user's preferences; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserPreferenceSettingsRequest {
    /// Whether the hint about task notifications was put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_notification_alert_dismissed: Option<bool>,
    /// How a model's reasoning is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_display_mode: Option<ThinkingDisplayMode>,
    /// How a chat's shell calls are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_tool_display_mode: Option<AgentDisplayMode>,
    /// How a chat's code changes are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_diff_display_mode: Option<AgentDisplayMode>,
    /// Which key sends a chat message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_chat_send_shortcut: Option<AgentChatSendShortcut>,
}

/// Changes a user's quiet hours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserQuietHoursScheduleRequest {
    /// Cron expression with time zone, such as `CRON_TZ=Europe/Dublin 00 22 * * *`; empty to go back to the default.
    #[serde(default)]
    pub schedule: String,
}

/// How the dashboard looks to a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserAppearanceSettings {
    /// Name of the dashboard theme; empty if never chosen.
    #[serde(default)]
    pub theme_preference: String,
    /// Whether the theme follows the system's light and dark mode.
    pub theme_mode: ThemeMode,
    /// Theme for light mode.
    #[serde(default)]
    pub theme_light: String,
    /// Theme for dark mode.
    #[serde(default)]
    pub theme_dark: String,
    /// Font of the web terminal.
    pub terminal_font: TerminalFontName,
}

/// A user's preferences.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserPreferenceSettings {
    /// Whether the hint about task notifications was put away.
    #[serde(default)]
    pub task_notification_alert_dismissed: bool,
    /// How a model's reasoning is shown.
    pub thinking_display_mode: ThinkingDisplayMode,
    /// How a chat's shell calls are shown.
    pub shell_tool_display_mode: AgentDisplayMode,
    /// How a chat's code changes are shown.
    pub code_diff_display_mode: AgentDisplayMode,
    /// Which key sends a chat message.
    pub agent_chat_send_shortcut: AgentChatSendShortcut,
}

/// A user's quiet hours, in which workspaces may be stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserQuietHoursScheduleResponse {
    /// The schedule as it was set.
    #[serde(default)]
    pub raw_schedule: String,
    /// Whether the user set it, or the deployment's default counts.
    #[serde(default)]
    pub user_set: bool,
    /// Whether the user may set one.
    #[serde(default)]
    pub user_can_set: bool,
    /// Time of day at which quiet hours begin, such as `22:00`.
    #[serde(default)]
    pub time: String,
    /// Time zone of the schedule, such as `Europe/Dublin`.
    #[serde(default)]
    pub timezone: String,
    /// When quiet hours next begin.
    pub next: DateTime<Utc>,
}
