//! What SCAN, HSCAN, SSCAN and ZSCAN have in common: the cursor and the options.

use crate::command::{Args, Error};
use crate::commands::number::int;
use crate::error::c_text;
use crate::level::Level;
use crate::text::integer::parse_cursor;
use crate::text::{eq_ignore_case, glob_match};

/// The options of a scan.
pub struct ScanOptions<'a> {
    /// About how many elements to look at; at least 1.
    pub count: u64,
    /// TYPE, for SCAN only: the name of a type, not checked.
    pub type_name: Option<&'a [u8]>,
    pattern: Option<&'a [u8]>,
}

impl<'a> ScanOptions<'a> {
    /// Parses the options from the argument at `first` on; `with_type` accepts TYPE.
    pub fn parse(args: Args<'a>, first: usize, with_type: Option<Level>) -> Result<Self, Error> {
        let mut options = ScanOptions { count: 10, type_name: None, pattern: None };
        let mut at = first;
        while at < args.len() {
            let (word, value) = (args.get(at), args.try_get(at + 1).ok_or(Error::SYNTAX)?);
            if eq_ignore_case(word, b"count") {
                options.count = match int(value)? {
                    count @ 1.. => count as u64,
                    _ => return Err(Error::SYNTAX),
                };
            } else if eq_ignore_case(word, b"match") {
                // The pattern "*" alone also matches the empty text.
                options.pattern = Some(value).filter(|pattern| *pattern != b"*");
            } else if with_type.is_some_and(|level| level >= Level::introduced(6, 0))
                && eq_ignore_case(word, b"type")
            {
                options.type_name = Some(value);
            } else {
                return Err(Error::SYNTAX);
            }
            at += 2;
        }
        Ok(options)
    }

    /// Whether an element with this name is wanted.
    #[inline]
    pub fn matches(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob_match(pattern, name))
    }

    /// Runs `step`, which scans one bucket from a cursor, counts what it saw and gives the next
    /// cursor, until enough elements were seen. Steps are limited, too, lest a sparse table
    /// keeps everybody waiting.
    pub fn drive(&self, mut cursor: u64, mut step: impl FnMut(u64, &mut u64) -> u64) -> u64 {
        let (mut seen, mut steps) = (0, self.count.saturating_mul(10));
        loop {
            cursor = step(cursor, &mut seen);
            if cursor == 0 || steps == 0 || seen >= self.count {
                return cursor;
            }
            steps -= 1;
        }
    }
}

/// The cursor of a scan.
pub fn scan_cursor(text: &[u8]) -> Result<u64, Error> {
    parse_cursor(c_text(text)).ok_or(Error::fixed("ERR invalid cursor"))
}
