//! As much of YAML as front matter needs: which fields the mapping at its top has, and which of them are text.
//!
//! What counts as text is decided by the rules of the library that agents use, which are not those of YAML 1.2 alone:
//! an unquoted date is none, but `yes` is text.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

/// How deep a document may be nested.
const MAX_DEPTH: usize = 1_000;

/// The value of a field.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    /// A number, a truth value, a date or nothing.
    Other,
    List(Rc<Vec<Value>>),
    Mapping(Rc<Vec<(String, Value)>>),
}

/// A list or mapping whose end has not come yet.
enum Open {
    List(usize, Vec<Value>),
    Mapping { anchor: usize, keys: HashSet<String>, key: Option<Key>, fields: Vec<(String, Value)> },
}

enum Key {
    Name(String),
    /// `<<`: the fields of the value are fields here.
    Merge,
    /// Not a single value, so it names nothing.
    Nameless,
}

/// The fields of the mapping that the document is; none for an empty one.
///
/// # Errors
/// What is wrong, when it is no YAML, no mapping, or has a key twice.
pub(super) fn mapping(text: &str) -> Result<HashMap<String, Value>, String> {
    match document(text)? {
        Some(Value::Mapping(fields)) => Ok(fields.iter().cloned().collect()),
        Some(Value::Text(_)) => Err("cannot unmarshal !!str into a mapping".to_owned()),
        Some(Value::List(_)) => Err("cannot unmarshal !!seq into a mapping".to_owned()),
        Some(Value::Other) | None => Ok(HashMap::new()),
    }
}

fn document(text: &str) -> Result<Option<Value>, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Value> = HashMap::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(Open::Mapping { keys, key: key @ None, .. }) = open.last_mut() {
                    let merges = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                    if !keys.insert(text.to_string()) {
                        return Err(format!("mapping key \"{text}\" already defined"));
                    }
                    *key = Some(if merges { Key::Merge } else { Key::Name(text.into_owned()) });
                    continue;
                }
                (anchor, scalar(&text, style, tag.as_deref())?)
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open::List(anchor, Vec::new()));
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open::Mapping { anchor, keys: HashSet::new(), key: None, fields: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(anchor, items)) => (anchor, Value::List(Rc::new(items))),
                Some(Open::Mapping { anchor, fields, .. }) => (anchor, Value::Mapping(Rc::new(fields))),
                None => return Err("a collection ends that did not begin".to_owned()),
            },
            Event::Alias(anchor) => (0, anchors.get(&anchor).cloned().ok_or("unknown anchor")?),
            Event::DocumentEnd | Event::StreamEnd => return Ok(None),
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
        };
        if anchor != 0 {
            anchors.insert(anchor, value.clone());
        }
        let at_top = open.len() == 1;
        match open.last_mut() {
            None => return Ok(Some(value)),
            Some(Open::List(_, items)) => items.push(value),
            Some(Open::Mapping { key, fields, .. }) => match key.take() {
                None if at_top => return Err("unmarshal errors: cannot unmarshal a collection into string".to_owned()),
                None => *key = Some(Key::Nameless),
                Some(Key::Nameless) => {}
                Some(Key::Name(name)) => fields.push((name, value)),
                Some(Key::Merge) => merge(fields, &value)?,
            },
        }
        if open.len() > MAX_DEPTH {
            return Err("nested too deep".to_owned());
        }
    }
    Ok(None)
}

/// Adds the fields of a mapping, or of the mappings of a list. They come first, as those that stand in the mapping
/// itself count before them.
fn merge(fields: &mut Vec<(String, Value)>, from: &Value) -> Result<(), String> {
    let sources = match from {
        Value::Mapping(_) => std::slice::from_ref(from),
        Value::List(items) => items,
        Value::Text(_) | Value::Other => &[Value::Other],
    };
    for source in sources {
        let Value::Mapping(source) = source else {
            return Err("map merge requires map or sequence of maps as the value".to_owned());
        };
        fields.splice(0..0, source.iter().cloned());
    }
    Ok(())
}

/// # Errors
/// When a value is not what its tag says.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        let is_text = style != ScalarStyle::Plain || is_text(text);
        return Ok(if is_text { Value::Text(text.to_owned()) } else { Value::Other });
    };
    if !tag.is_yaml_core_schema() || tag.suffix == "str" {
        return Ok(Value::Text(text.to_owned()));
    }
    let fits = match &*tag.suffix {
        "null" => matches!(text, "" | "~" | "null" | "Null" | "NULL"),
        "bool" => ["true", "True", "TRUE", "false", "False", "FALSE"].contains(&text),
        "int" | "float" => is_number(text),
        "timestamp" => is_time(text),
        _ => true,
    };
    if !fits && is_text_or_nothing(text) {
        return Err(format!("cannot decode !!str `{text}` as a !!{}", tag.suffix));
    }
    Ok(Value::Other)
}

fn is_text_or_nothing(text: &str) -> bool {
    text.is_empty() || is_text(text)
}

/// Whether an unquoted value is text, and nothing that has a meaning of its own.
fn is_text(text: &str) -> bool {
    const MEANINGFUL: &[&str] = &[
        "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", ".nan", ".NaN", ".NAN",
        ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
    ];
    !MEANINGFUL.contains(&text) && !is_number(text) && !is_time(text)
}

fn is_number(text: &str) -> bool {
    // Underscores may group digits, but a number begins with something else.
    if text.starts_with('_') {
        return false;
    }
    let plain = text.replace('_', "");
    let bare = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let prefixed = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| bare.strip_prefix(prefix));
        digits.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)))
    };
    prefixed(["0x", "0X"], 16) || prefixed(["0o", "0O"], 8) || prefixed(["0b", "0B"], 2) || is_decimal(bare)
}

/// Whether a text without a sign is a whole number or a fraction, with or without an exponent.
fn is_decimal(text: &str) -> bool {
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = !whole.is_empty() || !fraction.is_empty();
    digits && all_digits(whole) && all_digits(fraction) && exponent.is_none_or(|e| !e.is_empty() && all_digits(e))
}

/// Whether a text is a date, or a date and a time.
fn is_time(text: &str) -> bool {
    fn number(text: &mut &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let length = text.bytes().take(*digits.end()).take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at(length);
        *text = rest;
        digits.contains(&length).then(|| number.parse().ok()).flatten()
    }
    fn skip(text: &mut &str, separators: &[char]) -> Option<()> {
        *text = text.strip_prefix(separators)?;
        Some(())
    }
    fn read(mut text: &str) -> Option<()> {
        let year = number(&mut text, 4..=4)?;
        skip(&mut text, &['-'])?;
        let month = number(&mut text, 1..=2)?;
        skip(&mut text, &['-'])?;
        let day = number(&mut text, 1..=2)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days).contains(&day) || text.is_empty() {
            return ((1..=days).contains(&day)).then_some(());
        }
        let zoned = text.starts_with(['T', 't']);
        skip(&mut text, &['T', 't', ' '])?;
        let hour = number(&mut text, 1..=2)?;
        skip(&mut text, &[':'])?;
        let minute = number(&mut text, 1..=2)?;
        skip(&mut text, &[':'])?;
        let second = number(&mut text, 1..=2)?;
        if skip(&mut text, &['.', ',']).is_some() {
            number(&mut text, 1..=9)?;
        }
        if zoned && skip(&mut text, &['Z']).is_none() {
            skip(&mut text, &['+', '-'])?;
            number(&mut text, 2..=2)?;
            skip(&mut text, &[':'])?;
            number(&mut text, 2..=2)?;
        }
        (hour < 24 && minute < 60 && second < 60 && text.is_empty()).then_some(())
    }
    read(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Option<String> {
        match mapping(&format!("x: {text}")).unwrap().remove("x") {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn what_is_text() {
        for text in ["a", "yes", "on", "<<", "1.2.3", "2026-13-01", "2026-01-01x", "0xzz", "1e", "v1", "10:30", "08-15"]
        {
            assert_eq!(field(text).as_deref(), Some(text));
        }
        for text in ["5", "-1_000", "0x1F", "0b11", "1.5", ".5", "1e3", "true", "~", "", ".inf", "2026-01-01"] {
            assert_eq!(field(text), None, "{text}");
        }
        for text in ["2026-1-2 3:04:05", "2026-01-02T03:04:05Z", "2026-01-02t03:04:05.5+01:00", "[a]", "{a: b}"] {
            assert_eq!(field(text), None, "{text}");
        }
        for (text, value) in [("\"5\"", "5"), ("'~'", "~"), ("!!str 5", "5"), ("!mine 5", "5")] {
            assert_eq!(field(text).as_deref(), Some(value));
        }
    }

    #[test]
    fn documents_that_are_refused() {
        for text in [
            "- a",
            "a",
            "a: 1\na: 2",
            "x:\n  b: 1\n  b: 2",
            "a: [",
            "a: b: c",
            "a: *nobody",
            "? a: b",
            "x: !!bool x",
            "x: !!null x",
        ] {
            assert!(mapping(text).is_err(), "{text}");
        }
        assert!(mapping(&"[".repeat(60_000)).is_err());
        assert!(mapping(&format!("a: {}{}", "[".repeat(20_000), "]".repeat(20_000))).is_err());
        for text in ["", "~", "# nothing"] {
            assert!(mapping(text).unwrap().is_empty(), "{text}");
        }
    }

    #[test]
    fn anchors_are_followed_and_merged_fields_give_way() {
        let fields = mapping("base: &b {x: 1, name: other}\nt: &t text\nu: *t\n<<: *b\nname: own").unwrap();
        assert!(matches!(&fields["u"], Value::Text(text) if text == "text"));
        assert!(matches!(&fields["name"], Value::Text(text) if text == "own"));
        assert!(matches!(fields["x"], Value::Other));
        assert!(mapping("<<: 5").is_err());
    }
}
