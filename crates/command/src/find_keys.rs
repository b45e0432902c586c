//! Finds the keys among the arguments of a command, from its key specifications.
//!
//! COMMAND GETKEYS, cluster routing and ACL ask here. Some commands tell more than their specifications can:
//! SORT may name a key to store into, SET and BITFIELD use their key in a way that depends on the options. These
//! declare a function of their own, the [`Meta::key_finder`] (db.c: sortGetKeys, setGetKeys, bitfieldGetKeys).

use crate::keyspec::*;
use crate::spec::Meta;
use ochre_resp::digits::atoi;
use ochre_resp::request::Args;

/// The place of a key among the arguments, and what happens to it.
pub type FoundKey = (usize, KeyFlags);

/// Finds the keys of a command where its key specifications do not tell everything.
pub type KeyFinder = fn(Args<'_>) -> Result<Vec<FoundKey>, BadArguments>;

/// The arguments do not fit the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadArguments;

impl Meta {
    /// True if the command may have keys.
    pub fn has_keys(&self) -> bool {
        self.keys.iter().any(|spec| spec.flags & NOT_KEY == 0)
    }

    /// The keys among the arguments of a call.
    pub fn find_keys(&self, args: Args<'_>) -> Result<Vec<FoundKey>, BadArguments> {
        if !self.keys.iter().any(|spec| spec.flags & VARIABLE_FLAGS != 0)
            && let Some(found) = self.specified_keys(args)
        {
            return Ok(found);
        }
        match self.key_finder {
            Some(find) => find(args),
            None => self.loosely_counted_keys(args).ok_or(BadArguments),
        }
    }

    /// The keys that the specifications find; `None` if they cannot.
    fn specified_keys(&self, args: Args<'_>) -> Option<Vec<FoundKey>> {
        let mut found = Vec::new();
        for spec in self.keys.iter().filter(|spec| spec.flags & NOT_KEY == 0) {
            if matches!(spec.begin, Begin::Keyword(..)) && !spec.keyword_is_there(args) {
                continue;
            }
            spec.each(args.len(), |at| args.get(at), |at| found.push((at, spec.flags)))?;
            if spec.flags & INCOMPLETE != 0 {
                return None;
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// The keys behind a count that only C's atoi takes for a number, such as `+1`: Redis finds them by
    /// older functions, which name the destination last and know no flags (db.c: genericGetKeys).
    fn loosely_counted_keys(&self, args: Args<'_>) -> Option<Vec<FoundKey>> {
        let counted = self.keys.iter().find_map(|spec| match (spec.begin, spec.find) {
            (Begin::Index(at), Find::Count { count, first, step }) => Some((at + count, at + first, step)),
            _ => None,
        });
        let (count_at, start, step) = counted?;
        let count = usize::try_from(atoi(args.try_get(count_at)?)).ok()?;
        if count < 1 || count > args.len().checked_sub(start)? / step {
            return None;
        }
        let destination = self.keys.iter().find_map(|spec| match (spec.begin, spec.find) {
            (Begin::Index(at), Find::Range { .. }) => Some(at),
            _ => None,
        });
        let keys = (0..count).map(|n| start + n * step).chain(destination);
        Some(keys.map(|at| (at, 0)).collect())
    }

    /// First key, last key and step as COMMAND shows them: the plain ranges that follow each other,
    /// as one range; zeros if there is none (server.c, populateCommandLegacyRangeSpec).
    pub fn legacy_range(&self) -> (i64, i64, i64) {
        if let [KeySpec { begin: Begin::Index(first), find: Find::Range { last, step, .. }, .. }] = self.keys
        {
            return (*first as i64, absolute(*first, *last), *step as i64);
        }
        let (mut range, mut end) = (None, 0);
        for spec in self.keys {
            let (Begin::Index(first), Find::Range { last, step: 1, .. }) = (spec.begin, spec.find) else {
                continue;
            };
            if end != 0 && end != first as i64 - 1 {
                continue;
            }
            // A negative end counts from the last argument, and is beyond every positive one.
            let last = absolute(first, last);
            end = if last < 0 || end < 0 { end.min(last) } else { end.max(last) };
            range = Some((
                range.map_or(first as i64, |(old, ..): (i64, i64, i64)| old.min(first as i64)),
                end,
                1,
            ));
        }
        range.unwrap_or((0, 0, 0))
    }

    /// True if [`Meta::legacy_range`] does not tell all keys.
    pub fn has_movable_keys(&self) -> bool {
        if let [KeySpec { begin: Begin::Index(_), find: Find::Range { .. }, flags, .. }] = self.keys {
            return flags & INCOMPLETE != 0;
        }
        let mut end = 0;
        self.keys.iter().any(|spec| {
            let (Begin::Index(first), Find::Range { last, step: 1, .. }) = (spec.begin, spec.find) else {
                return true;
            };
            let follows = end == 0 || end == first as i64 - 1;
            end = absolute(first, last);
            !follows || spec.flags & INCOMPLETE != 0
        })
    }
}

/// The last key of a range counted from the command's name, or from the end if negative.
fn absolute(first: usize, last: isize) -> i64 {
    if last >= 0 { first as i64 + last as i64 } else { last as i64 }
}

impl KeySpec {
    fn keyword_is_there(&self, args: Args<'_>) -> bool {
        self.first(args.len(), &|at| args.get(at)).is_some()
    }
}
