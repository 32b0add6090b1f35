//! The text of an answer as it grows, each piece told once.

/// Turns live parts and committed messages into pieces of text that add up. Live parts come again after a reconnect,
/// may be missing, and may be withdrawn.
#[derive(Debug, Default)]
pub(super) struct AnswerText {
    /// What was told of the step that is not committed.
    told: String,
    /// How much of it the present preview has confirmed.
    confirmed: usize,
    episode: (i64, i64),
}

/// What to tell next.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Withdrawn,
}

impl AnswerText {
    /// The preview begins anew: the same text may come again.
    pub(super) fn restart(&mut self) {
        self.confirmed = 0;
    }

    /// A live part of the text.
    pub(super) fn part(&mut self, episode: (i64, i64), delta: &str) -> Vec<Piece> {
        if episode != self.episode {
            self.episode = episode;
            self.confirmed = 0;
        }
        let ahead = &self.told[self.confirmed..];
        if ahead.starts_with(delta) {
            self.confirmed += delta.len();
            return Vec::new();
        }
        if let Some(rest) = delta.strip_prefix(ahead) {
            let rest = rest.to_owned();
            self.told.push_str(&rest);
            self.confirmed = self.told.len();
            return vec![Piece::Text(rest)];
        }
        // It turned out differently from what was told.
        let mut text = self.told[..self.confirmed].to_owned();
        text.push_str(delta);
        self.told.clone_from(&text);
        self.confirmed = text.len();
        vec![Piece::Withdrawn, Piece::Text(text)]
    }

    /// The step is committed with this text.
    pub(super) fn committed(&mut self, text: &str) -> Vec<Piece> {
        let told = std::mem::take(&mut self.told);
        self.confirmed = 0;
        match text.strip_prefix(told.as_str()) {
            Some("") => Vec::new(),
            Some(rest) => vec![Piece::Text(rest.to_owned())],
            None if text.is_empty() => vec![Piece::Withdrawn],
            None => vec![Piece::Withdrawn, Piece::Text(text.to_owned())],
        }
    }

    /// The step came to nothing.
    pub(super) fn withdraw(&mut self) -> Vec<Piece> {
        self.confirmed = 0;
        if std::mem::take(&mut self.told).is_empty() { Vec::new() } else { vec![Piece::Withdrawn] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[Piece]) -> String {
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Withdrawn => "|",
        });
        shown.collect()
    }

    #[test]
    fn pieces_add_up_over_a_reconnect() {
        let mut answer = AnswerText::default();
        assert_eq!(text(&answer.part((1, 1), "one ")), "one ");
        assert_eq!(text(&answer.part((1, 1), "two ")), "two ");
        answer.restart();
        assert_eq!(text(&answer.part((1, 1), "on")), "");
        assert_eq!(text(&answer.part((1, 1), "e two th")), "th");
        assert_eq!(text(&answer.part((1, 1), "ree")), "ree");
        assert_eq!(text(&answer.committed("one two three four")), " four");
        assert_eq!(text(&answer.part((2, 1), "next")), "next");
    }

    #[test]
    fn what_turns_out_differently_is_withdrawn() {
        let mut answer = AnswerText::default();
        answer.part((1, 1), "old text");
        assert_eq!(text(&answer.part((1, 2), "ol")), "");
        assert_eq!(text(&answer.part((1, 2), "ive")), "|olive");
        assert_eq!(text(&answer.committed("olive oil")), " oil");
        answer.part((3, 1), "gone");
        assert_eq!(text(&answer.withdraw()), "|");
        assert_eq!(text(&answer.withdraw()), "");
        answer.part((4, 1), "x");
        assert_eq!(text(&answer.committed("")), "|");
    }

    #[test]
    fn an_answer_that_was_not_streamed_comes_whole() {
        assert_eq!(text(&AnswerText::default().committed("all at once")), "all at once");
    }
}
