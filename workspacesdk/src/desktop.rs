//! The desktop of a workspace: what is asked of it, and recordings of it.

use serde::{Deserialize, Serialize};

use crate::wire::is_default;

/// Width of a workspace's desktop in pixels, unless told otherwise.
pub const DESKTOP_NATIVE_WIDTH: i64 = 1920;

/// Height of a workspace's desktop in pixels, unless told otherwise.
pub const DESKTOP_NATIVE_HEIGHT: i64 = 1080;

/// Something to be done with the mouse, the keyboard or the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DesktopAction {
    /// What is to be done, such as `left_click`, `type` or `screenshot`.
    #[serde(default)]
    pub action: String,
    /// Where, in the pixels of the declared size: across and down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<[i64; 2]>,
    /// Where a drag begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_coordinate: Option<[i64; 2]>,
    /// What is typed, or the keys that are pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
    /// How far to scroll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scroll_amount: Option<i64>,
    /// Where to scroll: `up`, `down`, `left` or `right`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scroll_direction: Option<String>,
    /// The declared width of the desktop in pixels, to which screenshots and coordinates are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_width: Option<i64>,
    /// The declared height of the desktop in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_height: Option<i64>,
}

/// What an action gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DesktopActionResponse {
    /// What was done, in words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: String,
    /// A screenshot as PNG in base64, if one was asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub screenshot_data: String,
    /// Its width in pixels.
    #[serde(default, skip_serializing_if = "is_default")]
    pub screenshot_width: i64,
    /// Its height in pixels.
    #[serde(default, skip_serializing_if = "is_default")]
    pub screenshot_height: i64,
}

/// A recording to be started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartDesktopRecordingRequest {
    /// Id that the caller gives it: a UUID.
    #[serde(default)]
    pub recording_id: String,
}

/// A recording to be ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StopDesktopRecordingRequest {
    /// Its id.
    #[serde(default)]
    pub recording_id: String,
}
