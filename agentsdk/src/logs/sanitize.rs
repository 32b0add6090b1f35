//! What has no place in a log line.

/// What stands for it: U+274C.
const CROSS: &str = "❌";

/// Makes a log line of bytes as they came from a program: each run of bytes that are no UTF-8 becomes one `❌`, and each
/// NUL, too. The server does the same to what it gets.
///
/// ```
/// assert_eq!(agentsdk::sanitize_log_output(b"a\0\0b\xff\xfec"), "a❌❌b❌c");
/// ```
pub fn sanitize_log_output(output: &[u8]) -> String {
    let mut text = String::with_capacity(output.len());
    // A run of bad bytes may come in several chunks, which good text separates.
    let mut bad = false;
    for chunk in output.utf8_chunks() {
        if !chunk.valid().is_empty() {
            bad = false;
            for (at, piece) in chunk.valid().split('\0').enumerate() {
                if at > 0 {
                    text.push_str(CROSS);
                }
                text.push_str(piece);
            }
        }
        if !chunk.invalid().is_empty() && !std::mem::replace(&mut bad, true) {
            text.push_str(CROSS);
        }
    }
    text
}
