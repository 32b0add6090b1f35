//! The programs that a shell command runs, for people to see at a glance.
//!
//! A reader of Bash's grammar, as far as it must go to tell commands from words. Nothing is run or expanded: a word
//! with any expansion in it counts as empty.

mod words;

use super::part::Json;

/// Deepest nesting of commands within commands that is read.
const MAX_DEPTH: usize = 64;

/// A program, and its first argument that is no flag.
pub(crate) type Step = Vec<String>;

/// The steps of an `execute` call, none where its command cannot be read.
pub(crate) fn commands_of_call(args: &Json) -> Vec<Step> {
    #[derive(serde::Deserialize)]
    struct Execute {
        #[serde(default)]
        command: String,
    }

    serde_json::from_str::<Execute>(args.text()).ok().and_then(|args| commands(&args.command)).unwrap_or_default()
}

/// The steps of a command in the order of the source; `None` where it does not parse.
pub(crate) fn commands(command: &str) -> Option<Vec<Step>> {
    let mut reader =
        Reader { text: command.chars().filter(|c| *c != '\r').collect(), at: 0, depth: 0, heredocs: Vec::new() };
    let mut steps = Vec::new();
    reader.list(&mut steps, &[])?;
    reader.blanks();
    (reader.at == reader.text.len() && reader.heredocs.is_empty()).then_some(steps)
}

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
    heredocs: Vec<Heredoc>,
}

struct Heredoc {
    end: String,
    quoted: bool,
    strip: bool,
}

/// A word: what it says literally, and the commands inside of its expansions.
#[derive(Default)]
struct Word {
    /// `None` where the word has an expansion.
    literal: Option<String>,
    /// Whether nothing in it was quoted, so that it may be a keyword.
    plain: bool,
    inner: Vec<Step>,
}

const OPENING: [&str; 9] = ["if", "while", "until", "for", "select", "case", "{", "[[", "function"];
const CLOSING: [&str; 9] = ["then", "else", "elif", "fi", "do", "done", "esac", "}", "in"];
const DECLARING: [&str; 6] = ["declare", "local", "export", "readonly", "typeset", "nameref"];

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn looks_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c))
    }

    fn skip(&mut self, text: &str) -> bool {
        let there = self.looks_at(text);
        if there {
            self.at += text.chars().count();
        }
        there
    }

    /// Skips blanks, joined lines and a comment.
    fn blanks(&mut self) {
        while let Some(c) = self.peek(0) {
            match c {
                ' ' | '\t' => self.at += 1,
                '\\' if self.peek(1) == Some('\n') => self.at += 2,
                '#' => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and ends of lines, with the here-documents that begin there.
    fn lines(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        loop {
            self.blanks();
            if self.peek(0) != Some('\n') {
                return Some(());
            }
            self.at += 1;
            self.read_heredocs(steps)?;
        }
    }

    fn read_heredocs(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let mut body = String::new();
            loop {
                if self.at >= self.text.len() {
                    return None;
                }
                let end = self.text[self.at..].iter().position(|c| *c == '\n').map(|end| self.at + end);
                let line: String = self.text[self.at..end.unwrap_or(self.text.len())].iter().collect();
                self.at = end.map_or(self.text.len(), |end| end + 1);
                if (if heredoc.strip { line.trim_start_matches('\t') } else { &line }) == heredoc.end {
                    break;
                }
                body.push_str(&line);
                body.push('\n');
            }
            if !heredoc.quoted {
                let mut inner =
                    Reader { text: body.chars().collect(), at: 0, depth: self.depth + 1, heredocs: Vec::new() };
                let mut word = Word::default();
                while inner.at < inner.text.len() {
                    inner.double_quoted_char(&mut word)?;
                }
                steps.append(&mut word.inner);
            }
            // The end of the line before the body is still to be seen by whoever ends a command with it.
        }
        Some(())
    }

    /// A list of commands, up to one of the words or marks that end it.
    fn list(&mut self, steps: &mut Vec<Step>, ends: &[&str]) -> Option<()> {
        loop {
            self.lines(steps)?;
            if self.at >= self.text.len() || self.is_end(ends) {
                return Some(());
            }
            self.and_or(steps)?;
            self.blanks();
            match self.peek(0) {
                Some('\n') | None => {}
                Some(';') if self.peek(1) != Some(';') => self.at += 1,
                Some('&') if self.peek(1) != Some('&') => self.at += 1,
                _ if self.is_end(ends) => return Some(()),
                _ => return None,
            }
        }
    }

    fn is_end(&self, ends: &[&str]) -> bool {
        ends.iter().any(|end| {
            self.looks_at(end)
                && (!end.chars().all(char::is_alphabetic)
                    || self.peek(end.len()).is_none_or(|c| " \t\n;&|()<>".contains(c)))
        })
    }

    fn and_or(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        loop {
            self.command(steps)?;
            self.blanks();
            if !(self.skip("&&") || self.skip("||") || self.skip("|&") || self.skip("|")) {
                return Some(());
            }
            self.lines(steps)?;
        }
    }

    fn command(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.blanks();
        let read = self.one_command(steps);
        self.depth -= 1;
        read
    }

    fn one_command(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        if self.skip("((") {
            self.balanced("((", "))", steps)?;
            return self.redirects(steps);
        }
        if self.skip("(") {
            self.list(steps, &[")"])?;
            return self.skip(")").then_some(()).and_then(|()| self.redirects(steps));
        }
        let start = self.at;
        let mut late = Vec::new();
        let mut own: Step = Vec::new();
        let mut inner = Vec::new();
        let mut declares = false;
        let mut words = 0;
        let mut assigned = false;
        let mut array = false;
        loop {
            self.blanks();
            if self.redirect(&mut late)? {
                continue;
            }
            if self.peek(0).is_none_or(|c| "\n;&|()".contains(c)) {
                break;
            }
            if (words == 0 || declares) && self.assignment(&mut inner, &mut array)? {
                assigned = true;
                continue;
            }
            let before = self.at;
            let mut word = self.word()?;
            if words == 0 && word.plain && late.is_empty() && !assigned {
                match word.literal.as_deref() {
                    Some("!" | "time" | "coproc") => return self.command(steps),
                    Some(keyword) if OPENING.contains(&keyword) => {
                        self.compound(keyword, steps)?;
                        return self.redirects(steps);
                    }
                    Some(keyword) if CLOSING.contains(&keyword) && keyword != "in" => return None,
                    Some(keyword) if DECLARING.contains(&keyword) || keyword == "let" => declares = true,
                    _ => {}
                }
                let after = self.at;
                self.blanks();
                if self.skip("(") {
                    self.blanks();
                    return self.skip(")").then_some(()).and_then(|()| {
                        self.lines(steps)?;
                        self.command(steps)
                    });
                }
                self.at = after;
            }
            if self.at == before {
                return None;
            }
            inner.append(&mut word.inner);
            let literal = word.literal.unwrap_or_default();
            if words == 0 || own.len() == 1 && !literal.is_empty() && !literal.starts_with('-') {
                own.push(literal);
            }
            words += 1;
        }
        if array && words > 0 && !declares {
            return None;
        }
        if self.at == start {
            return None;
        }
        if !declares && own.first().is_some_and(|program| !program.is_empty()) {
            own[0] = own[0].rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            steps.push(own);
        }
        steps.append(&mut inner);
        steps.append(&mut late);
        Some(())
    }

    /// What follows a keyword that opens a command of several parts.
    fn compound(&mut self, keyword: &str, steps: &mut Vec<Step>) -> Option<()> {
        match keyword {
            "{" => {
                self.list(steps, &["}"])?;
                self.skip("}").then_some(())
            }
            "if" => {
                self.list(steps, &["then"])?;
                self.skip("then").then_some(())?;
                loop {
                    self.list(steps, &["elif", "else", "fi"])?;
                    if self.skip("fi") {
                        return Some(());
                    }
                    if self.skip("elif") {
                        self.list(steps, &["then"])?;
                        self.skip("then").then_some(())?;
                    } else {
                        self.skip("else").then_some(())?;
                        self.list(steps, &["fi"])?;
                    }
                }
            }
            "while" | "until" => {
                self.list(steps, &["do"])?;
                self.body(steps)
            }
            "for" | "select" => {
                self.blanks();
                if self.skip("((") {
                    self.balanced("((", "))", steps)?;
                } else {
                    self.word()?.literal?;
                    self.lines(steps)?;
                    if self.is_end(&["in"]) {
                        self.skip("in");
                        self.words(steps)?;
                    }
                }
                self.blanks();
                self.skip(";");
                self.lines(steps)?;
                self.body(steps)
            }
            "case" => self.case(steps),
            "[[" => self.balanced("[[", "]]", steps),
            "function" => {
                self.blanks();
                self.word()?.literal?;
                self.blanks();
                if self.skip("(") {
                    self.blanks();
                    self.skip(")").then_some(())?;
                }
                self.lines(steps)?;
                self.command(steps)
            }
            _ => None,
        }
    }

    fn body(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        self.skip("do").then_some(())?;
        self.list(steps, &["done"])?;
        self.skip("done").then_some(())
    }

    fn words(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        loop {
            self.blanks();
            if self.peek(0).is_none_or(|c| "\n;&|()".contains(c)) {
                return Some(());
            }
            let before = self.at;
            steps.append(&mut self.word()?.inner);
            (self.at > before).then_some(())?;
        }
    }

    fn case(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        self.blanks();
        steps.append(&mut self.word()?.inner);
        self.lines(steps)?;
        (self.is_end(&["in"]) && self.skip("in")).then_some(())?;
        loop {
            self.lines(steps)?;
            if self.is_end(&["esac"]) {
                self.skip("esac");
                return Some(());
            }
            self.skip("(");
            loop {
                self.blanks();
                let before = self.at;
                steps.append(&mut self.word()?.inner);
                (self.at > before).then_some(())?;
                self.blanks();
                if !self.skip("|") {
                    break;
                }
            }
            self.skip(")").then_some(())?;
            self.list(steps, &[";;", ";&", "esac"])?;
            if !(self.skip(";;&") || self.skip(";;") || self.skip(";&") || self.is_end(&["esac"])) {
                return None;
            }
        }
    }

    fn redirects(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        loop {
            self.blanks();
            if !self.redirect(steps)? {
                return Some(());
            }
        }
    }

    /// A redirection, if there is one.
    fn redirect(&mut self, steps: &mut Vec<Step>) -> Option<bool> {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let is_process = (self.looks_at("<(") || self.looks_at(">(")) && self.at == start;
        if is_process || !self.peek(0).is_some_and(|c| "<>".contains(c)) && !self.looks_at("&>") {
            self.at = start;
            return Some(false);
        }
        if self.skip("<<<") {
        } else if self.skip("<<-") || self.skip("<<") {
            let strip = self.text[self.at - 1] == '-';
            self.blanks();
            let word = self.word()?;
            self.heredocs.push(Heredoc { end: word.literal?, quoted: !word.plain, strip });
            return Some(true);
        } else {
            ["&>>", "&>", ">>", ">&", ">|", ">", "<&", "<>", "<"].iter().find(|mark| self.skip(mark))?;
        }
        self.blanks();
        let before = self.at;
        let mut word = self.word()?;
        (self.at > before).then_some(())?;
        steps.append(&mut word.inner);
        Some(true)
    }

    /// An assignment before a command, if there is one.
    fn assignment(&mut self, inner: &mut Vec<Step>, array: &mut bool) -> Option<bool> {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c == '_' || c.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        let named = self.at > start && !self.text[start].is_ascii_digit();
        if named && self.peek(0) == Some('[') {
            while self.peek(0).is_some_and(|c| c != ']' && c != '\n') {
                self.at += 1;
            }
            self.skip("]");
        }
        if !named || !(self.skip("+=") || self.skip("=")) {
            self.at = start;
            return Some(false);
        }
        if self.skip("(") {
            *array = true;
            loop {
                self.lines(inner)?;
                if self.skip(")") {
                    return Some(true);
                }
                let before = self.at;
                inner.append(&mut self.word()?.inner);
                (self.at > before).then_some(())?;
            }
        }
        inner.append(&mut self.word()?.inner);
        Some(true)
    }

    /// Arithmetic or a test: read for its quotes and the commands inside alone.
    fn balanced(&mut self, open: &str, close: &str, steps: &mut Vec<Step>) -> Option<()> {
        let (mut depth, mut word) = (0, Word::default());
        loop {
            if depth == 0 && self.skip(close) {
                steps.append(&mut word.inner);
                return Some(());
            }
            match self.peek(0)? {
                '(' if open == "((" => depth += 1,
                ')' if open == "((" => depth -= 1,
                '\'' | '"' | '$' | '`' | '\\' => {
                    self.piece(&mut word)?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn commands_are_those_recorded() {
        replay(&vectors("parsed_commands.json"), |case| {
            // A command that is no UTF-8 never reaches us: arguments are JSON.
            let Some(command) = case.input["command"].as_str() else { return Ok(()) };
            let got = commands(command);
            if case.output["error"] == true {
                return if got.is_none() { Ok(()) } else { Err(format!("got {got:?}, want an error")) };
            }
            let got = got.ok_or("does not parse")?;
            let got = if got.is_empty() { json!(null) } else { json!(got) };
            same(&json!({"commands": got, "error": false}), &case.output)
        });
    }

    #[test]
    fn nesting_without_end_is_refused() {
        assert_eq!(commands(&"$(".repeat(100_000)), None);
        assert_eq!(commands(&"(".repeat(100_000)), None);
        assert_eq!(commands(&"${".repeat(100_000)), None);
        assert_eq!(commands(&"$((".repeat(100_000)), None);
        assert_eq!(commands(&"\"$(".repeat(100_000)), None);
    }
}
