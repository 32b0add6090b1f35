//! Reading a text file line by line, a page at a time.

use std::collections::VecDeque;
use std::fmt;

use codersdk::__private::ErrorKind;
use codersdk::{Error, Result};
use futures_util::Stream;

use crate::agent_conn::AgentConn;
use crate::files::ReadFileLinesLimits;

/// Lines of a page, unless told otherwise.
const PAGE: i64 = 500;

/// The largest answer for a page, in bytes.
const MAX_PAGE: i64 = 4 << 20;

const CUT: &str = "... [truncated]";

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: i64,
    /// Its text without the newline; a carriage return before that is still there. What is no UTF-8 was replaced.
    pub text: String,
    /// Whether its end is missing, since it is longer than the limit for lines.
    pub truncated: bool,
}

/// Some lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePage {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many lines the file has now. A newline at its end begins one more, which is empty.
    pub total_lines: i64,
}

/// The lines of a file, made by [`read_lines`](crate::AgentConnExt::read_lines): page by page with
/// [`next_page`](Self::next_page), or one by one as a [`stream`](Self::stream).
///
/// Each page is read when it is asked for; a file that changes meanwhile shows as it is then.
#[must_use = "nothing is read before a page is asked for"]
pub struct LinePages<'a, T: ?Sized> {
    conn: &'a T,
    path: String,
    next: i64,
    page: i64,
    limits: ReadFileLinesLimits,
    done: bool,
}

impl<'a, T: AgentConn + ?Sized> LinePages<'a, T> {
    pub(crate) fn new(conn: &'a T, path: String) -> Self {
        let limits =
            ReadFileLinesLimits { max_response_lines: PAGE, max_response_bytes: MAX_PAGE, ..Default::default() };
        Self { conn, path, next: 1, page: PAGE, limits, done: false }
    }

    /// Begins with this line, counted from 1.
    pub fn from_line(mut self, number: i64) -> Self {
        self.next = number.max(1);
        self
    }

    /// Lines of a page, at least one. 500 by default.
    pub fn page_size(mut self, lines: i64) -> Self {
        self.page = lines.max(1);
        self.limits.max_response_lines = self.page;
        self
    }

    /// The largest file that is read, in bytes. 1 MiB by default.
    pub fn max_file_size(mut self, bytes: i64) -> Self {
        self.limits.max_file_size = bytes;
        self
    }

    /// Bytes of a line before it is cut, at least one. 1,024 by default.
    pub fn max_line_bytes(mut self, bytes: i64) -> Self {
        self.limits.max_line_bytes = bytes.max(1);
        self
    }

    /// The next lines; `None` at the end of the file.
    ///
    /// # Errors
    /// As [`read_file_lines`](AgentConn::read_file_lines); [`is_bad_request`](Error::is_bad_request) with the agent's
    /// words if the file cannot be read, also if it has become so short that there is no such line.
    pub async fn next_page(&mut self) -> Result<Option<LinePage>> {
        if self.done {
            return Ok(None);
        }
        let answer = self.conn.read_file_lines(&self.path, self.next, self.page, self.limits).await?;
        if !answer.success {
            self.done = true;
            return Err(Error::api(400, answer.error));
        }
        // An empty file has no lines, and its answer no numbers.
        if answer.lines_read == 0 {
            self.done = true;
            return Ok(None);
        }
        let lines = answer.content.split('\n').map(|line| self.line(line)).collect::<Result<Vec<_>>>()?;
        self.next = lines.last().map_or(self.next, |line| line.number) + 1;
        self.done = self.next > answer.total_lines;
        Ok(Some(LinePage { lines, total_lines: answer.total_lines }))
    }

    fn line(&self, line: &str) -> Result<Line> {
        let unreadable = || Error::new(ErrorKind::Decode, "a line of the answer has no number");
        let (number, text) = line.split_once('\t').ok_or_else(unreadable)?;
        let number = number.parse().map_err(|_| unreadable())?;
        let most = usize::try_from(self.limits.max_line_bytes).unwrap_or(usize::MAX);
        // A cut in the middle of a character leaves a longer text, since what stands for the rest is longer.
        let kept = text.strip_suffix(CUT).filter(|kept| kept.len() >= most);
        Ok(Line { number, text: kept.unwrap_or(text).to_owned(), truncated: kept.is_some() })
    }

    /// The lines one by one. An error is the last item.
    pub fn stream(self) -> impl Stream<Item = Result<Line>> + Send + 'a
    where
        T: Sync,
    {
        futures_util::stream::try_unfold((self, VecDeque::new()), |(mut pages, mut lines)| async move {
            if lines.is_empty() {
                lines = pages.next_page().await?.map(|page| page.lines.into()).unwrap_or_default();
            }
            Ok(lines.pop_front().map(|line| (line, (pages, lines))))
        })
    }
}

impl<T: ?Sized> fmt::Debug for LinePages<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinePages").field("path", &self.path).field("next", &self.next).finish_non_exhaustive()
    }
}
