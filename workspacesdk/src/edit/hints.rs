//! What a search that found nothing may have meant.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use super::lines::{cut_ending, without_surrounding_space, without_trailing_blanks};
use crate::quote::{quoted, shown};

/// How many places a hint lists.
const MOST_PLACES: usize = 5;
/// How many hints about miscounted characters are given.
const MOST_MISCOUNTS: usize = 3;

/// Search and replacement look swapped: the replacement is what stands in the text.
pub(super) fn swapped(text: &[u8], lines: &[&[u8]], replacement: &[u8], wanted: &[&[u8]]) -> Option<String> {
    if wanted.is_empty() {
        return None;
    }
    let found = [
        lines_with(text, replacement),
        lines_like(lines, wanted, without_trailing_blanks),
        lines_like(lines, wanted, without_surrounding_space),
    ]
    .into_iter()
    .find(|found| !found.is_empty())?;
    let places = listed(&found, ToString::to_string);
    Some(format!(r#"Did you swap "search" and "replace"? Your replace string appears at line {places}"#))
}

/// A line of the search is a line of the text but for how often one character stands in it.
pub(super) fn miscounted(lines: &[&[u8]], search: &[&[u8]]) -> Option<String> {
    let texts: Vec<&[u8]> = lines.iter().map(|line| cut_ending(line).0).collect();
    let frequencies: Vec<Frequencies> = texts.iter().map(|text| Frequencies::of(text)).collect();
    let mut hints = Vec::new();
    let mut left_out = 0;
    for line in search {
        if without_surrounding_space(line).is_empty() {
            continue;
        }
        let wanted = Frequencies::of(cut_ending(line).0);
        for miscount in Miscount::collect(&wanted, &frequencies) {
            if hints.len() < MOST_MISCOUNTS {
                hints.push(miscount.to_string());
            } else {
                left_out += 1;
            }
        }
    }
    if left_out > 0 {
        hints.push(format!("and {left_out} more"));
    }
    (!hints.is_empty()).then(|| hints.join(". "))
}

/// How often each character stands in a line. A byte that is part of none counts as U+FFFD.
struct Frequencies(BTreeMap<char, usize>);

impl Frequencies {
    fn of(text: &[u8]) -> Self {
        let mut counts = BTreeMap::new();
        for c in shown(text).chars() {
            *counts.entry(c).or_insert(0) += 1;
        }
        Self(counts)
    }

    fn count(&self, c: char) -> usize {
        self.0.get(&c).copied().unwrap_or(0)
    }

    /// The only character that the two lines have in different numbers, if it stands in one of them at least twice.
    fn only_difference(&self, other: &Self) -> Option<char> {
        if self.0.is_empty() || other.0.is_empty() {
            return None;
        }
        let new = other.0.keys().filter(|c| !self.0.contains_key(c));
        let mut different = self.0.keys().chain(new).filter(|&&c| self.count(c) != other.count(c));
        let only = *different.next()?;
        (different.next().is_none() && self.count(only).max(other.count(only)) >= 2).then_some(only)
    }
}

/// A character that stands in the search in another number than in lines of the text.
struct Miscount {
    character: char,
    wanted: usize,
    /// The number of each line, from 1, and how often the character stands in it.
    found: Vec<(usize, usize)>,
}

impl Miscount {
    /// The miscounts of one line of the search, in the order in which the text shows them.
    fn collect(wanted: &Frequencies, lines: &[Frequencies]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let Some(character) = wanted.only_difference(line) else { continue };
            let place = (index + 1, line.count(character));
            match all.iter_mut().find(|miscount| miscount.character == character) {
                Some(miscount) => miscount.found.push(place),
                None => all.push(Self { character, wanted: wanted.count(character), found: vec![place] }),
            }
        }
        all
    }
}

impl std::fmt::Display for Miscount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { character, wanted, found } = self;
        let code = u32::from(*character);
        let places = listed(found, |(line, count)| format!("{count} at line {line}"));
        let quoted = quoted(&character.to_string());
        write!(f, "Your search has {wanted} {quoted} (U+{code:04X}); the file has {places}")
    }
}

/// The numbers, from 1, of the lines in which the text begins; overlapping ones count.
fn lines_with(text: &[u8], wanted: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut line, mut counted, mut from) = (1, 0, 0);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(wanted)).map(|at| from + at) {
        line += text[counted..at].find_iter("\n").count();
        counted = at;
        if found.last() != Some(&line) {
            found.push(line);
        }
        from = at + 1;
    }
    found
}

/// The numbers, from 1, of the lines at which runs begin that equal the wanted ones once trimmed.
fn lines_like(lines: &[&[u8]], wanted: &[&[u8]], trim: fn(&[u8]) -> &[u8]) -> Vec<usize> {
    let runs = lines.windows(wanted.len()).enumerate();
    runs.filter(|(_, run)| run.iter().zip(wanted).all(|(a, b)| trim(a) == trim(b))).map(|(at, _)| at + 1).collect()
}

fn listed<T>(all: &[T], show: impl Fn(&T) -> String) -> String {
    let mut text = all.iter().take(MOST_PLACES).map(show).collect::<Vec<_>>().join(", ");
    if all.len() > MOST_PLACES {
        text.push_str(&format!(" and {} more", all.len() - MOST_PLACES));
    }
    text
}
