//! Where the keys of a command stand among its arguments, and what happens to them.
//!
//! The two steps are those of COMMAND DOCS/INFO since Redis 7.0: find the place where the keys
//! begin, then how many follow. Cluster routing, ACL, locking of shards, prefetching and
//! COMMAND GETKEYS all derive from these.

use ochre_resp::digits::parse_i64;

/// How a command uses a key: the flags of a key specification (RO RW OW RM are exclusive).
pub type KeyFlags = u16;

/// The value is read, not changed.
pub const RO: KeyFlags = 1 << 0;
/// The value is changed, its old content matters.
pub const RW: KeyFlags = 1 << 1;
/// The value is overwritten.
pub const OW: KeyFlags = 1 << 2;
/// The key is deleted.
pub const RM: KeyFlags = 1 << 3;
/// Content of the key reaches the reply or another key.
pub const ACCESS: KeyFlags = 1 << 4;
/// Content is changed in a way that depends on it or on arguments.
pub const UPDATE: KeyFlags = 1 << 5;
/// Content is added.
pub const INSERT: KeyFlags = 1 << 6;
/// Content is removed.
pub const DELETE: KeyFlags = 1 << 7;
/// The argument is no key, but is routed like one (a shard channel).
pub const NOT_KEY: KeyFlags = 1 << 8;
/// The specification may miss some keys.
pub const INCOMPLETE: KeyFlags = 1 << 9;
/// The flags depend on the arguments.
pub const VARIABLE_FLAGS: KeyFlags = 1 << 10;

/// Names of the flags in the order COMMAND INFO shows them.
pub const KEY_FLAG_NAMES: [(KeyFlags, &str); 11] = [
    (RO, "RO"),
    (RW, "RW"),
    (OW, "OW"),
    (RM, "RM"),
    (ACCESS, "access"),
    (UPDATE, "update"),
    (INSERT, "insert"),
    (DELETE, "delete"),
    (NOT_KEY, "not_key"),
    (INCOMPLETE, "incomplete"),
    (VARIABLE_FLAGS, "variable_flags"),
];

/// First step: where the keys begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// At this argument (0 is the command's name).
    Index(usize),
    /// Behind this word, searched from an argument on (negative: backwards from the end).
    Keyword(&'static str, isize),
    /// Cannot be said.
    Unknown,
}

/// Second step: which arguments from there on are keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    /// The arguments from the first key up to `last`, with `step` from one key to the next. `last` is counted from the
    /// first key (negative: from the end of the arguments; -1 is the last). `limit` 2 stops half way, 0 and 1 mean
    /// no limit.
    #[allow(missing_docs)]
    Range { last: isize, step: usize, limit: usize },
    /// A count of keys stands at `count`, the first key at `first`, both counted from the begin.
    #[allow(missing_docs)]
    Count { count: usize, first: usize, step: usize },
    /// Cannot be said.
    Unknown,
}

/// One group of keys of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySpec {
    /// What happens to these keys.
    pub flags: KeyFlags,
    /// The first step: where the keys begin.
    pub begin: Begin,
    /// The second step: which arguments from there on are keys.
    pub find: Find,
    /// A remark shown by COMMAND INFO.
    pub notes: Option<&'static str>,
}

impl KeySpec {
    /// Exactly the argument at `index`.
    pub const fn at(index: usize, flags: KeyFlags) -> KeySpec {
        KeySpec::range(index, 0, 1, flags)
    }

    /// From the argument at `index` up to `last`, with `step` from one key to the next, as in [`Find::Range`].
    pub const fn range(index: usize, last: isize, step: usize, flags: KeyFlags) -> KeySpec {
        KeySpec { flags, begin: Begin::Index(index), find: Find::Range { last, step, limit: 0 }, notes: None }
    }

    /// A count of keys at `index`, the keys right behind it.
    pub const fn counted(index: usize, flags: KeyFlags) -> KeySpec {
        KeySpec {
            flags,
            begin: Begin::Index(index),
            find: Find::Count { count: 0, first: 1, step: 1 },
            notes: None,
        }
    }

    /// The argument behind a keyword.
    pub const fn keyword(word: &'static str, from: isize, flags: KeyFlags) -> KeySpec {
        KeySpec {
            flags,
            begin: Begin::Keyword(word, from),
            find: Find::Range { last: 0, step: 1, limit: 0 },
            notes: None,
        }
    }

    /// Keys that only the command itself can find.
    pub const fn unknown(flags: KeyFlags) -> KeySpec {
        KeySpec { flags, begin: Begin::Unknown, find: Find::Unknown, notes: None }
    }

    /// A copy of the specification with a remark.
    pub const fn notes(mut self, notes: &'static str) -> KeySpec {
        self.notes = Some(notes);
        self
    }

    /// A copy of the specification with another second step.
    pub const fn find(mut self, find: Find) -> KeySpec {
        self.find = find;
        self
    }

    /// Calls `found` with the index of every key; `None` when the arguments do not fit.
    pub fn each<'a>(
        &self,
        len: usize,
        arg: impl Fn(usize) -> &'a [u8],
        mut found: impl FnMut(usize),
    ) -> Option<()> {
        let first = self.first(len, &arg)?;
        let (start, last, step) = match self.find {
            Find::Range { last, step, limit } => {
                let end = match last {
                    l if l >= 0 => first + l as usize,
                    l if limit <= 1 => (len as isize + l) as usize,
                    l => first + ((len - first) / limit).checked_add_signed(l)?,
                };
                (first, end, step)
            }
            Find::Count { count, first: offset, step } => {
                let at = first + count;
                if at >= len {
                    return None;
                }
                let n = usize::try_from(parse_i64(arg(at))?).ok()?;
                let start = first + offset;
                (start, start.checked_add(n.checked_sub(1)?.checked_mul(step)?)?, step)
            }
            Find::Unknown => return None,
        };
        if start >= len || last >= len || last < start {
            return None;
        }
        (start..=last).step_by(step.max(1)).for_each(&mut found);
        Some(())
    }

    pub(super) fn first<'a>(&self, len: usize, arg: &impl Fn(usize) -> &'a [u8]) -> Option<usize> {
        match self.begin {
            Begin::Index(at) => (at < len).then_some(at),
            Begin::Keyword(word, from) => {
                let is = |i: &usize| arg(*i).eq_ignore_ascii_case(word.as_bytes());
                let at = if from >= 0 {
                    (from as usize..len).find(is)?
                } else {
                    (1..=len.checked_add_signed(from)?).rev().find(is)?
                };
                (at + 1 < len).then_some(at + 1)
            }
            Begin::Unknown => None,
        }
    }
}
