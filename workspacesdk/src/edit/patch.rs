//! What an edit changes in a text, kept apart from the text: the parts that stay are never copied to find out.

use std::io::{self, Write};
use std::ops::Range;

/// Ranges of a text, in order and apart, and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    cuts: Vec<Cut>,
    /// All that is new, one piece after the other.
    fresh: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    /// What goes, in the text.
    old: Range<usize>,
    /// What comes, in `fresh`.
    new: Range<usize>,
}

impl Patch {
    /// The same text in the place of each of the ranges.
    pub(super) fn everywhere(ranges: impl IntoIterator<Item = Range<usize>>, fresh: Vec<u8>) -> Self {
        let cuts = ranges.into_iter().map(|old| Cut { old, new: 0..fresh.len() }).collect();
        Self { cuts, fresh }
    }

    /// Puts what `write` writes in the place of a range behind the others.
    pub(super) fn push(&mut self, old: Range<usize>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.fresh.len();
        write(&mut self.fresh);
        self.cuts.push(Cut { old, new: start..self.fresh.len() });
    }

    /// The text with the changes made.
    ///
    /// # Panics
    /// When `text` is shorter than the one that the patch was made for.
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size(text));
        self.pieces(text).for_each(|piece| out.extend_from_slice(piece));
        out
    }

    /// Writes the text with the changes made, without a copy of it in between.
    ///
    /// # Errors
    /// Those of the writer.
    ///
    /// # Panics
    /// When `text` is shorter than the one that the patch was made for.
    pub fn write(&self, text: &[u8], out: impl Write) -> io::Result<()> {
        // Small pieces are put together; large ones go past the buffer.
        let mut out = io::BufWriter::new(out);
        self.pieces(text).try_for_each(|piece| out.write_all(piece))?;
        out.flush()
    }

    fn size(&self, text: &[u8]) -> usize {
        self.cuts.iter().fold(text.len(), |size, cut| size - cut.old.len() + cut.new.len())
    }

    fn pieces<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let ends = std::iter::once(0).chain(self.cuts.iter().map(|cut| cut.old.end));
        let starts = self.cuts.iter().map(|cut| cut.old.start).chain(std::iter::once(text.len()));
        let kept = ends.zip(starts).map(|(start, end)| &text[start..end]);
        let fresh = self.cuts.iter().map(|cut| &self.fresh[cut.new.clone()]).chain(std::iter::once(&b""[..]));
        kept.zip(fresh).flat_map(|(kept, fresh)| [kept, fresh])
    }
}
