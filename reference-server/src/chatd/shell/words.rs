//! Words: quotes, and the expansions whose commands count too.

use super::{MAX_DEPTH, Reader, Word};

impl Reader {
    /// A word; empty where none begins here.
    pub(super) fn word(&mut self) -> Option<Word> {
        let mut word = Word { literal: Some(String::new()), plain: true, inner: Vec::new() };
        while let Some(c) = self.peek(0) {
            let is_process = matches!(c, '<' | '>') && self.peek(1) == Some('(');
            if " \t\n;&|()<>".contains(c) && !is_process {
                break;
            }
            if is_process {
                self.at += 2;
                self.substitution(&mut word, ")")?;
                continue;
            }
            self.piece(&mut word)?;
        }
        Some(word)
    }

    fn say(word: &mut Word, c: char) {
        if let Some(literal) = &mut word.literal {
            literal.push(c);
        }
    }

    pub(super) fn piece(&mut self, word: &mut Word) -> Option<()> {
        match self.peek(0)? {
            '\\' if self.peek(1) == Some('\n') => self.at += 2,
            '\\' => {
                // Kept as it stands: what it escapes is for the shell to know.
                word.plain = false;
                for _ in 0..2 {
                    if let Some(c) = self.peek(0) {
                        Self::say(word, c);
                        self.at += 1;
                    }
                }
            }
            '\'' => self.single_quoted(word, false)?,
            '"' => {
                self.at += 1;
                self.double_quoted(word)?;
            }
            '$' if self.peek(1) == Some('\'') => {
                self.at += 1;
                self.single_quoted(word, true)?;
            }
            '$' if self.peek(1) == Some('"') => {
                self.at += 2;
                self.double_quoted(word)?;
            }
            '$' => self.dollar(word)?,
            '`' => {
                self.at += 1;
                self.substitution(word, "`")?;
            }
            c => {
                Self::say(word, c);
                self.at += 1;
            }
        }
        Some(())
    }

    fn single_quoted(&mut self, word: &mut Word, escapes: bool) -> Option<()> {
        word.plain = false;
        self.at += 1;
        loop {
            let c = self.peek(0)?;
            self.at += 1;
            if c == '\'' {
                return Some(());
            }
            Self::say(word, c);
            if escapes && c == '\\' {
                Self::say(word, self.peek(0)?);
                self.at += 1;
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Option<()> {
        word.plain = false;
        while self.peek(0)? != '"' {
            self.double_quoted_char(word)?;
        }
        self.at += 1;
        Some(())
    }

    pub(super) fn double_quoted_char(&mut self, word: &mut Word) -> Option<()> {
        match self.peek(0)? {
            '\\' => {
                let joined = self.peek(1) == Some('\n');
                for _ in 0..2 {
                    if let Some(c) = self.peek(0) {
                        if !joined {
                            Self::say(word, c);
                        }
                        self.at += 1;
                    }
                }
            }
            '$' => self.dollar(word)?,
            '`' => {
                self.at += 1;
                self.substitution(word, "`")?;
            }
            c => {
                Self::say(word, c);
                self.at += 1;
            }
        }
        Some(())
    }

    /// An expansion, or a dollar sign that stands for itself.
    fn dollar(&mut self, word: &mut Word) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let read = self.expansion(word);
        self.depth -= 1;
        read
    }

    fn expansion(&mut self, word: &mut Word) -> Option<()> {
        self.at += 1;
        if self.skip("((") {
            word.literal = None;
            let mut inner = Vec::new();
            self.balanced("((", "))", &mut inner)?;
            word.inner.append(&mut inner);
            return Some(());
        }
        if self.skip("(") {
            return self.substitution(word, ")");
        }
        if self.skip("{") {
            word.literal = None;
            let mut nested = Word::default();
            while self.peek(0)? != '}' {
                self.piece(&mut nested)?;
            }
            self.at += 1;
            word.inner.append(&mut nested.inner);
            return Some(());
        }
        match self.peek(0) {
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                word.literal = None;
                while self.peek(0).is_some_and(|c| c == '_' || c.is_ascii_alphanumeric()) {
                    self.at += 1;
                }
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                word.literal = None;
                self.at += 1;
            }
            _ => Self::say(word, '$'),
        }
        Some(())
    }

    /// The commands of a substitution, up to its end.
    fn substitution(&mut self, word: &mut Word, end: &str) -> Option<()> {
        word.literal = None;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        if end == "`" {
            let start = self.at;
            while self.peek(0)? != '`' {
                self.at += if self.peek(0) == Some('\\') { 2 } else { 1 };
            }
            let text = self.text[start..self.at].to_vec();
            let mut inner = Reader { text, at: 0, depth: self.depth, heredocs: Vec::new() };
            inner.list(&mut word.inner, &[])?;
            (inner.at == inner.text.len()).then_some(())?;
        } else {
            self.list(&mut word.inner, &[end])?;
        }
        self.depth -= 1;
        self.skip(end).then_some(())
    }
}
