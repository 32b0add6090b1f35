//! Puts a replacement where lines matched that differ from the search in white space: where search and replacement
//! agree, the file's own bytes stay; where they differ, the replacement's are taken.

use super::indent::{self, Unit};
use super::lines::{Ending, Parts, cut_ending, lead, without_surrounding_space};

/// What is replaced by what.
#[derive(Debug)]
pub(super) struct Splice<'a> {
    pub(super) search: &'a [&'a [u8]],
    pub(super) replacement: &'a [&'a [u8]],
    /// Every newline that is written becomes this one.
    pub(super) newline: Option<Ending>,
    /// How many lines search and replacement share at their beginning and at their end.
    prefix: usize,
    suffix: usize,
    unit: Option<Unit>,
}

/// Which line of the search a line of the replacement goes with.
#[derive(Debug, Clone, Copy)]
enum Partner {
    /// It stands for that line.
    Replaces(usize),
    /// It is new, next to that line.
    Inserted(usize),
}

impl<'a> Splice<'a> {
    pub(super) fn new(search: &'a [&'a [u8]], replacement: &'a [&'a [u8]], newline: Option<Ending>) -> Self {
        let same = |(a, b): &(&&[u8], &&[u8])| without_surrounding_space(a) == without_surrounding_space(b);
        let shorter = search.len().min(replacement.len());
        let prefix = search.iter().zip(replacement).take_while(same).count();
        let suffix = search.iter().rev().zip(replacement.iter().rev()).take(shorter - prefix).take_while(same).count();
        let unit = Unit::detect(search.iter().chain(replacement).copied());
        Self { search, replacement, newline, prefix, suffix, unit }
    }

    /// Writes the replacement for the lines of the file that matched, one for each line of the search.
    pub(super) fn write(&self, matched: &[&[u8]], out: &mut Vec<u8>) {
        // Only the last line of a file lacks an ending.
        let open_end = matched.last().is_none_or(|line| !cut_ending(line).1.is_newline());
        let file_unit = Unit::detect(matched.iter().copied());
        for (index, line) in self.replacement.iter().enumerate() {
            let partner = self.partner(index);
            let (Partner::Replaces(at) | Partner::Inserted(at)) = partner;
            let inserted = matches!(partner, Partner::Inserted(_));
            let new = Parts::of(line);
            let search = Parts::of(self.search[at]);
            let file = Parts::of(matched[at]);
            if new.body.is_empty() {
                out.extend_from_slice(new.lead);
                out.extend_from_slice(new.trail);
            } else if inserted {
                match indent::translate(new.lead, (search.lead, self.unit), (file.lead, file_unit)) {
                    Some(lead) => out.extend_from_slice(&lead),
                    None => out.extend_from_slice(file.lead),
                }
                out.extend_from_slice(new.body);
                out.extend_from_slice(new.trail);
            } else {
                out.extend_from_slice(if search.lead == new.lead { file.lead } else { new.lead });
                out.extend_from_slice(new.body);
                out.extend_from_slice(if search.trail == new.trail { file.trail } else { new.trail });
            }
            let last = index + 1 == self.replacement.len();
            out.extend_from_slice(
                self.ending(inserted, last, open_end, [search.ending, new.ending, file.ending]).bytes(),
            );
        }
    }

    fn ending(&self, inserted: bool, last: bool, open_end: bool, [search, new, file]: [Ending; 3]) -> Ending {
        let closes_file = last && open_end;
        match self.newline {
            Some(newline) if !closes_file => return newline,
            _ if inserted && closes_file => return Ending::Missing,
            _ => {}
        }
        let keeps_file = !inserted && search.is_newline() == new.is_newline() && (file.is_newline() || last);
        let ending = if keeps_file { file } else { new };
        // What follows the match must not end up on the replacement's last line.
        if last && !open_end && !ending.is_newline() { Ending::Lf } else { ending }
    }

    fn partner(&self, index: usize) -> Partner {
        let (searched, replaced) = (self.search.len(), self.replacement.len());
        let tail = searched - self.suffix;
        if index < self.prefix {
            Partner::Replaces(index)
        } else if index >= replaced - self.suffix {
            Partner::Replaces(index + searched - replaced)
        } else if index < tail {
            Partner::Replaces(index)
        } else {
            Partner::Inserted(self.neighbour(index, tail))
        }
    }

    /// The line of the search whose scope an inserted line belongs to: that of the line after it, unless its indent
    /// says that it goes with the line before.
    fn neighbour(&self, index: usize, tail: usize) -> usize {
        match (self.prefix, self.suffix) {
            (0, 0) => index.min(self.search.len() - 1),
            (_, 0) => self.prefix - 1,
            (0, _) => tail,
            _ => {
                let own = lead(self.replacement[index]);
                let before = lead(self.replacement[self.prefix - 1]);
                let after = lead(self.replacement[self.replacement.len() - self.suffix]);
                if own == before && own != after { self.prefix - 1 } else { tail }
            }
        }
    }
}
