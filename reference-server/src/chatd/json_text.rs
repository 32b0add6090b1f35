//! JSON as text: changes that keep every number digit by digit.

use serde_json::value::RawValue;

/// The text without the blanks between its tokens. The text must be JSON.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside {
            out.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => inside = false,
                _ => {}
            }
        } else if !matches!(c, ' ' | '\t' | '\n' | '\r') {
            inside = c == '"';
            out.push(c);
        }
    }
    out
}

/// The text as a database that stores JSON parsed gives it back: one blank after `:` and `,`, keys by length and then
/// by bytes, the last of equal keys. Text that is no JSON comes back as it is.
pub(crate) fn normalized(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    if write(json, &mut out).is_none() { json.to_owned() } else { out }
}

fn write(json: &str, out: &mut String) -> Option<()> {
    match json.trim_start().as_bytes().first()? {
        b'{' => {
            let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
            for (key, value) in serde_json::from_str::<Fields>(json).ok()?.0 {
                match fields.iter_mut().find(|(known, _)| *known == key) {
                    Some(field) => field.1 = value,
                    None => fields.push((key, value)),
                }
            }
            fields.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            out.push('{');
            for (i, (key, value)) in fields.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                out.push_str(&serde_json::to_string(key).ok()?);
                out.push_str(": ");
                write(value.get(), out)?;
            }
            out.push('}');
        }
        b'[' => {
            out.push('[');
            for (i, item) in serde_json::from_str::<Vec<&RawValue>>(json).ok()?.into_iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write(item.get(), out)?;
            }
            out.push(']');
        }
        b'"' => out.push_str(&serde_json::to_string(&serde_json::from_str::<String>(json).ok()?).ok()?),
        _ => out.push_str(json.trim()),
    }
    Some(())
}

/// The fields of an object in their order, repeated ones included.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_outside_of_strings_go() {
        assert_eq!(compact("{ \"a b\" : [ 1 , \"x\\\" y\" ] }\n"), r#"{"a b":[1,"x\" y"]}"#);
    }

    #[test]
    fn keys_are_ordered_by_length_and_the_last_of_equals_wins() {
        assert_eq!(normalized(r#"{"bb":1,"a":[1.50,null],"c":{},"a":2}"#), r#"{"a": 2, "c": {}, "bb": 1}"#);
        assert_eq!(normalized("[]"), "[]");
        assert_eq!(normalized("nope"), "nope");
    }
}
