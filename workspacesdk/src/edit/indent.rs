//! The unit that a piece of text indents by, and depths counted in it.

use super::lines::Parts;

/// One step of indentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Tab,
    Spaces(usize),
}

impl Unit {
    /// Finds the unit that the lines share: a tab, or the greatest number of spaces that divides every indent. None if
    /// nothing is indented or tabs and spaces are mixed. Lines without a body say nothing.
    pub(super) fn detect<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut unit = None;
        for line in lines {
            let Parts { lead, body, .. } = Parts::of(line);
            if lead.is_empty() || body.is_empty() {
                continue;
            }
            let tabs = lead.iter().filter(|&&byte| byte == b'\t').count();
            unit = Some(match (unit, tabs) {
                (None | Some(Self::Tab), tabs) if tabs == lead.len() => Self::Tab,
                (None, 0) => Self::Spaces(lead.len()),
                (Some(Self::Spaces(width)), 0) => Self::Spaces(greatest_common_divisor(width, lead.len())),
                _ => return None,
            });
        }
        unit
    }

    /// How many units a lead is deep; none if it is not made of whole units.
    fn depth(self, lead: &[u8]) -> Option<usize> {
        let (byte, width) = match self {
            Self::Tab => (b'\t', 1),
            Self::Spaces(width) => (b' ', width),
        };
        (lead.len().is_multiple_of(width) && lead.iter().all(|&b| b == byte)).then_some(lead.len() / width)
    }

    fn repeat(self, depth: usize) -> Vec<u8> {
        match self {
            Self::Tab => vec![b'\t'; depth],
            Self::Spaces(width) => vec![b' '; width * depth],
        }
    }
}

/// The lead, in the file's unit, of a line that a replacement inserts: as much deeper than the file's line as the
/// inserted one is deeper than the search's.
pub(super) fn translate(
    inserted: &[u8],
    search: (&[u8], Option<Unit>),
    file: (&[u8], Option<Unit>),
) -> Option<Vec<u8>> {
    let ((search_lead, Some(search_unit)), (file_lead, Some(file_unit))) = (search, file) else { return None };
    let deeper = search_unit.depth(inserted)?;
    let base = search_unit.depth(search_lead)?;
    let depth = (file_unit.depth(file_lead)? + deeper).checked_sub(base)?;
    Some(file_unit.repeat(depth))
}

fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
