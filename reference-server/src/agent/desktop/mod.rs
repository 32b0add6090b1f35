//! The desktop of a workspace: its picture as a stream, mouse and keyboard, recordings.

mod actions;
mod geometry;
mod http;
mod portable;
mod recordings;
#[cfg(test)]
mod tests;

use std::fmt;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

pub use portable::PortableDesktop;

pub(super) use http::router;

/// A desktop that an agent can start, show, use and record.
///
/// [`PortableDesktop`] is the real one.
#[async_trait]
pub trait Desktop: fmt::Debug + Send + Sync + 'static {
    /// Starts it unless it runs.
    ///
    /// # Errors
    /// When it cannot be started.
    async fn start(&self) -> Result<DisplayConfig, DesktopError>;

    /// Connects to its VNC server. It must have been started.
    ///
    /// # Errors
    /// When it does not run or cannot be reached.
    async fn vnc(&self) -> Result<Box<dyn VncStream>, DesktopError>;

    /// Its picture in this width and height, in pixels: a PNG in base64.
    ///
    /// # Errors
    /// When it cannot be had.
    async fn screenshot(&self, width: i64, height: i64) -> Result<String, DesktopError>;

    /// Does something with the mouse or the keyboard.
    ///
    /// # Errors
    /// When it cannot be done.
    async fn input(&self, input: Input<'_>) -> Result<(), DesktopError>;

    /// Where the mouse is: across and down, in its own pixels.
    ///
    /// # Errors
    /// When that is not known.
    async fn cursor(&self) -> Result<(i64, i64), DesktopError>;

    /// Notes that it is used, so that recordings go on.
    fn record_activity(&self);

    /// Begins to record it under this id; one that is being made goes on, one that was made is replaced.
    ///
    /// # Errors
    /// When it cannot be started or recorded.
    async fn start_recording(&self, id: &str) -> Result<(), DesktopError>;

    /// Ends a recording, unless that was done, and gives it.
    ///
    /// # Errors
    /// When there is none of this id, or it was damaged.
    async fn stop_recording(&self, id: &str) -> Result<Artifact, DesktopError>;

    /// Ends the desktop and its recordings.
    async fn close(&self);
}

/// A desktop that runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DisplayConfig {
    /// Its width in pixels.
    pub width: i64,
    /// Its height in pixels.
    pub height: i64,
}

/// A connection to a VNC server.
pub trait VncStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> VncStream for T {}

/// Something to be done with the mouse or the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<'a> {
    /// Move the mouse there: across and down, in the desktop's own pixels.
    Move(i64, i64),
    /// Press and release a button.
    Click(MouseButton),
    /// Press a button.
    ButtonDown(MouseButton),
    /// Release a button.
    ButtonUp(MouseButton),
    /// Turn the wheel: to the right and down, in clicks.
    Scroll(i64, i64),
    /// Press and release keys, such as `ctrl+c`.
    Key(&'a str),
    /// Press a key.
    KeyDown(&'a str),
    /// Release a key.
    KeyUp(&'a str),
    /// Type a text.
    Type(&'a str),
}

/// A button of a mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseButton {
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
}

impl MouseButton {
    fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Middle => "middle",
            Self::Right => "right",
        }
    }
}

/// A recording that was made.
pub struct Artifact {
    /// The video, as MP4.
    pub video: Content,
    /// A still image, as JPEG.
    pub thumbnail: Option<Content>,
}

/// Bytes that can be read.
pub struct Content {
    /// Where they are read from.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// How many there are.
    pub size: u64,
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifact").field("video", &self.video).field("thumbnail", &self.thumbnail).finish()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Why a desktop did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DesktopError {
    /// Something failed, in words.
    #[error("{0}")]
    Failed(String),
    /// It was closed for good.
    #[error("desktop closed")]
    Closed,
    /// There is no recording of this id.
    #[error("unknown recording ID")]
    UnknownRecording,
    /// The recording had to be broken off.
    #[error("recording corrupted: process was force-killed")]
    Corrupted,
}
