//! Names of dev containers: made from their folders, fit to be names of agents.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

/// Longest name, in bytes.
const LONGEST: usize = 64;
/// How many folders further up may be taken into a name to tell it from others.
const MOST_PARENTS: usize = 5;

static VALID: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i)^[a-z0-9](-?[a-z0-9])*$").expect("a constant"));

/// A name for the dev container of a folder that none of `taken` has, or the name of its container made fit.
pub(super) fn agent_name(folder: &str, container: &str, taken: &HashSet<String>) -> String {
    let parts: Vec<&str> = folder.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    for parents in 0..=MOST_PARENTS {
        let from = parts.len().saturating_sub(parents + 1);
        let Some(name) = fit(&parts[from..].join("-")) else { break };
        if !taken.contains(&name) {
            return name;
        }
    }
    container.to_lowercase().replace('_', "-")
}

/// Letters and digits with single hyphens between them, if any are left.
fn fit(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.truncate(LONGEST);
    VALID.is_match(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_folders() {
        let none = HashSet::new();
        for (folder, name) in [
            ("/home/coder/foo", "foo"),
            ("/home/coder/foo-bar/", "foo-bar"),
            ("/x/Foo  __ Bar!", "foo-bar"),
            ("/x/---", "my-friend"),
            ("", "my-friend"),
            ("/", "my-friend"),
        ] {
            assert_eq!(agent_name(folder, "My_friend", &none), name, "{folder}");
        }
        assert_eq!(agent_name(&"a".repeat(100), "c", &none).len(), LONGEST);
    }

    #[test]
    fn folders_further_up_tell_names_apart() {
        let taken: HashSet<String> = ["foo", "coder-foo"].map(str::to_owned).into();
        assert_eq!(agent_name("/home/coder/foo", "c", &taken), "home-coder-foo");
        let all: HashSet<String> = ["foo", "coder-foo", "home-coder-foo"].map(str::to_owned).into();
        assert_eq!(agent_name("/home/coder/foo", "c_1", &all), "c-1");
    }
}
