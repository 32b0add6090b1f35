//! Text as messages of agents and servers show it.

pub use codersdk::__private::{is_shown, quoted};

/// Bytes as text, with U+FFFD for each byte that is no part of a character.
///
/// ```
/// assert_eq!(workspacesdk::quote::shown(b"\xe2\x82 ok"), "\u{fffd}\u{fffd} ok");
/// ```
pub fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
