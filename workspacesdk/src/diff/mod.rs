//! Unified diffs, with the choice among equally good ones that a workspace agent makes.

mod script;

use crate::quote::shown;

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// The unified diff that turns `old` into `new`, with `label` as the name of both; empty if they are equal.
///
/// Lines that have no newline at the end of a text are followed by the usual remark. Each byte that is not UTF-8 is
/// shown as U+FFFD.
pub fn unified(label: &str, old: &[u8], new: &[u8]) -> String {
    let (old, new) = (lines(old), lines(new));
    let mut hunks: Vec<Hunk<'_>> = Vec::new();
    let mut end = 0;
    // Agents do not count the unchanged lines within a hunk here, so a later hunk of theirs may name too small a line.
    let mut new_lines = 0;
    for change in script::changes(&old, &new) {
        match hunks.last_mut() {
            Some(hunk) if change.old.start <= end + 2 * CONTEXT => hunk.keep(&old[end..change.old.start]),
            last => {
                if let Some(hunk) = last {
                    hunk.keep(&old[end..old.len().min(end + CONTEXT)]);
                }
                let shown = change.old.start.saturating_sub(CONTEXT);
                let lead = change.old.start - shown;
                new_lines += change.old.start - end;
                let new_line = (new_lines + 1).saturating_sub(lead);
                let mut hunk = Hunk { old_line: shown + 1, new_line, lines: Vec::new() };
                hunk.keep(&old[shown..change.old.start]);
                hunks.push(hunk);
            }
        }
        if let Some(hunk) = hunks.last_mut() {
            hunk.lines.extend(old[change.old.clone()].iter().map(|line| ('-', *line)));
            hunk.lines.extend(new[change.new.clone()].iter().map(|line| ('+', *line)));
        }
        new_lines += change.new.len();
        end = change.old.end;
    }
    let Some(hunk) = hunks.last_mut() else { return String::new() };
    hunk.keep(&old[end..old.len().min(end + CONTEXT)]);
    let mut text = format!("--- {label}\n+++ {label}\n");
    hunks.iter().for_each(|hunk| hunk.write(&mut text));
    text
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// A run of changes with the lines around it.
struct Hunk<'a> {
    old_line: usize,
    new_line: usize,
    lines: Vec<(char, &'a [u8])>,
}

impl<'a> Hunk<'a> {
    fn keep(&mut self, lines: &[&'a [u8]]) {
        self.lines.extend(lines.iter().map(|line| (' ', *line)));
    }

    fn write(&self, text: &mut String) {
        let count = |other| self.lines.iter().filter(|(sign, _)| *sign != other).count();
        let (old, new) = (span(self.old_line, count('+')), span(self.new_line, count('-')));
        text.push_str(&format!("@@ -{old} +{new} @@\n"));
        for (sign, line) in &self.lines {
            text.push(*sign);
            text.push_str(&shown(line));
            if !line.ends_with(b"\n") {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
}

/// Where a hunk begins and how long it is; one line has no length, an empty file begins at 0.
fn span(line: usize, count: usize) -> String {
    match (line, count) {
        (1, 0) => "0,0".to_owned(),
        (line, 0 | 1) => line.to_string(),
        (line, count) => format!("{line},{count}"),
    }
}
