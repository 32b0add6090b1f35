//! Names in the paths of requests.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// The part of the path between the slashes `AT` and `AT + 1`, counted from 1. It is decoded where the path is escaped in
/// the usual way, and else, as when it hides a slash, it is as it was sent.
#[derive(Debug)]
pub(super) struct Segment<const AT: usize>(pub(super) String);

impl<S: Send + Sync, const AT: usize> FromRequestParts<S> for Segment<AT> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let path = parts.uri.path();
        let sent = path.split('/').nth(AT).unwrap_or_default();
        Ok(Self(match is_usual(path) {
            true => percent_decode_str(sent).decode_utf8_lossy().into_owned(),
            false => sent.to_owned(),
        }))
    }
}

/// Whether a path is what it would be if it were escaped anew: in capitals, and only where it must be.
fn is_usual(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte);
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let usual = match byte {
            b'%' => {
                let digits = [bytes.next().unwrap_or_default(), bytes.next().unwrap_or_default()];
                let escaped = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
                !digits.iter().any(u8::is_ascii_lowercase) && escaped.is_some_and(|byte| !plain(byte))
            }
            byte => plain(byte),
        };
        if !usual {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_escaped_in_the_usual_way_is_decoded() {
        for (sent, read) in [
            ("a%20b", "a b"),
            ("%C3%A9", "é"),
            ("a%22b", "a\"b"),
            ("a&b;c=d@e:f,g$h+i", "a&b;c=d@e:f,g$h+i"),
            ("%FF", "\u{fffd}"),
            ("a%2Fb", "a%2Fb"),
            ("%c3%a9", "%c3%a9"),
            ("%61", "%61"),
            ("a!%20b", "a!%20b"),
            ("a'b", "a'b"),
        ] {
            let request = http::Request::builder().uri(format!("/x/{sent}/y")).body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            let Segment::<2>(segment) = Segment::from_request_parts(&mut parts, &()).await.unwrap();
            assert_eq!(segment, read);
        }
    }
}
