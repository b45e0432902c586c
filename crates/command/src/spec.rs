//! A command is declared once: everything known about it in one static, next to its handler.
//!
//! ```
//! use ochre_command::*;
//!
//! type Command = Spec<fn(&[u8]) -> Vec<u8>>;
//!
//! pub static GET: Command = Command::new("get", Group::String, 2, |key| key.to_vec())
//!     .since("1.0.0")
//!     .flags(READONLY | FAST)
//!     .keys(&[KeySpec::at(1, RO | ACCESS)])
//!     .summary("Returns the string at a key.")
//!     .complexity("O(1)")
//!     .args(&[Arg::key("key")]);
//!
//! assert!(GET.meta.arity_fits(2) && !GET.meta.arity_fits(3));
//! ```
//!
//! COMMAND *, ACL categories, routing, the compatibility level, the documentation and the
//! generator of the differential test read it; nothing is restated elsewhere.
//! `H` is the type of the handler: commands on data live in the engine, commands that need the whole
//! process in the server, which joins the tables.

use crate::arg::Arg;
use crate::find_keys::KeyFinder;
use crate::flags::*;
use crate::keyspec::KeySpec;
use crate::level::Level;
use ochre_resp::request::Args;

/// What was different in a declaration before a version.
#[derive(Debug, Clone, Copy)]
pub struct Older {
    /// The version that brought today's declaration.
    pub version: &'static str,
    /// The arity before that version; `None` if it was the same.
    pub arity: Option<i16>,
    /// Flags that are gone today.
    pub more_flags: Flags,
    /// The tips before that version; `None` if they were the same.
    pub tips: Option<&'static [&'static str]>,
}

impl Older {
    const fn than(version: &'static str) -> Older {
        Older { version, arity: None, more_flags: 0, tips: None }
    }
}

/// True if `len` arguments fit an arity.
#[inline]
pub const fn fits(arity: i16, len: usize) -> bool {
    if arity >= 0 { len == arity as usize } else { len >= -(arity as isize) as usize }
}

/// Finds the places of arguments that are secrets.
pub type SecretFinder = fn(Args<'_>) -> Vec<usize>;

/// Everything about a command but its handler.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Name in lower case; of a subcommand: its own part only.
    pub name: &'static str,
    /// Name of the container of a subcommand.
    pub container: Option<&'static str>,
    /// Number of arguments, the name included; a negative one is the least number. For subcommands the
    /// container's name counts, too.
    pub arity: i16,
    /// What was different before some version.
    pub older: Option<Older>,
    /// Chapter of the documentation.
    pub group: Group,
    /// The properties, most of which COMMAND INFO shows.
    pub flags: Flags,
    /// ACL categories beyond those that follow from group and flags.
    pub extra_categories: Categories,
    /// ACL categories of the group that do not apply.
    pub without_categories: Categories,
    /// Where the keys are among the arguments.
    pub keys: &'static [KeySpec],
    /// What finds its keys where the specifications cannot.
    pub key_finder: Option<KeyFinder>,
    /// What finds the arguments that logs must not show.
    pub secret_finder: Option<SecretFinder>,
    /// First version that has the command.
    pub since: &'static str,
    /// First version that no longer has it.
    pub until: Option<&'static str>,
    /// Version that deprecated it, and what to use instead.
    pub deprecated: Option<(&'static str, &'static str)>,
    /// One sentence about the command, for its documentation.
    pub summary: &'static str,
    /// Cost in O notation.
    pub complexity: &'static str,
    /// Changes of behaviour: version and sentence.
    pub history: &'static [(&'static str, &'static str)],
    /// Hints for proxies and clients.
    pub tips: &'static [&'static str],
    /// The arguments, as the documentation shows them.
    pub args: &'static [Arg],
    /// Not for users: a debugging aid or an internal command.
    pub is_system: bool,
}

impl Meta {
    /// True if a call with this many arguments (name included) fits.
    pub const fn arity_fits(&self, len: usize) -> bool {
        fits(self.arity, len)
    }

    /// True if this level has the command.
    pub fn exists_at(&self, level: Level) -> bool {
        level >= Level::of_version(self.since)
            && self.until.is_none_or(|version| level < Level::of_version(version))
    }

    /// The places of arguments that are secrets: the slow log and MONITOR must not show them.
    pub fn find_secrets(&self, args: Args<'_>) -> Vec<usize> {
        self.secret_finder.map_or_else(Vec::new, |find| find(args))
    }

    /// What was different at a level.
    fn older_at(&self, level: Level) -> Option<&Older> {
        self.older.as_ref().filter(|older| level < Level::of_version(older.version))
    }

    /// The arity at a level.
    pub fn arity_at(&self, level: Level) -> i16 {
        self.older_at(level).and_then(|older| older.arity).unwrap_or(self.arity)
    }

    /// The flags at a level.
    pub fn flags_at(&self, level: Level) -> Flags {
        self.flags | self.older_at(level).map_or(0, |older| older.more_flags)
    }

    /// The tips at a level.
    pub fn tips_at(&self, level: Level) -> &'static [&'static str] {
        self.older_at(level).and_then(|older| older.tips).unwrap_or(self.tips)
    }

    /// "config|get" for a subcommand, the plain name otherwise.
    pub fn full_name(&self) -> String {
        match self.container {
            Some(container) => format!("{container}|{}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// All ACL categories: those that follow from group and flags, and the extra ones.
    pub const fn categories(&self) -> Categories {
        let mut all = (self.group.category() | self.extra_categories) & !self.without_categories;
        if self.flags & WRITE != 0 {
            all |= CAT_WRITE;
        }
        if self.flags & READONLY != 0 && all & CAT_SCRIPTING == 0 {
            all |= CAT_READ;
        }
        if self.flags & ADMIN != 0 {
            all |= CAT_ADMIN | CAT_DANGEROUS;
        }
        if self.flags & PUBSUB != 0 {
            all |= CAT_PUBSUB;
        }
        if self.flags & BLOCKING != 0 {
            all |= CAT_BLOCKING;
        }
        if self.flags & FAST != 0 { all | CAT_FAST } else { all | CAT_SLOW }
    }
}

/// A command: what is known about it, its handler, its subcommands.
#[derive(Debug)]
pub struct Spec<H: 'static> {
    /// The declaration, without the handler.
    pub meta: Meta,
    /// The handler; `None` for a container that has only subcommands.
    pub run: Option<H>,
    /// The subcommands of a container.
    pub subcommands: &'static [Spec<H>],
}

impl<H: Copy> Spec<H> {
    const fn with(name: &'static str, group: Group, arity: i16, run: Option<H>) -> Self {
        Spec {
            meta: Meta {
                name,
                container: None,
                arity,
                older: None,
                group,
                flags: 0,
                extra_categories: 0,
                without_categories: 0,
                keys: &[],
                key_finder: None,
                secret_finder: None,
                since: "1.0.0",
                until: None,
                deprecated: None,
                summary: "",
                complexity: "",
                history: &[],
                tips: &[],
                args: &[],
                is_system: false,
            },
            run,
            subcommands: &[],
        }
    }

    /// A command with a handler.
    pub const fn new(name: &'static str, group: Group, arity: i16, run: H) -> Self {
        Spec::with(name, group, arity, Some(run))
    }

    /// A command that only has subcommands.
    pub const fn container(name: &'static str, group: Group, subcommands: &'static [Spec<H>]) -> Self {
        let mut spec = Spec::with(name, group, -2, None);
        spec.subcommands = subcommands;
        spec
    }

    /// A subcommand; its arity counts the container's name too.
    pub const fn sub(container: &'static str, name: &'static str, group: Group, arity: i16, run: H) -> Self {
        let mut spec = Spec::with(name, group, arity, Some(run));
        spec.meta.container = Some(container);
        spec
    }

    /// First version that has the command.
    pub const fn since(mut self, version: &'static str) -> Self {
        self.meta.since = version;
        self
    }

    /// First version that no longer has it.
    pub const fn until(mut self, version: &'static str) -> Self {
        self.meta.until = Some(version);
        self
    }

    /// Another arity before a version.
    pub const fn arity_before(mut self, version: &'static str, arity: i16) -> Self {
        let mut older = Older::than(version);
        older.arity = Some(arity);
        self.meta.older = Some(older);
        self
    }

    /// More flags before a version.
    pub const fn flags_before(mut self, version: &'static str, more: Flags) -> Self {
        let mut older = Older::than(version);
        older.more_flags = more;
        self.meta.older = Some(older);
        self
    }

    /// Other tips before a version.
    pub const fn tips_before(mut self, version: &'static str, tips: &'static [&'static str]) -> Self {
        let mut older = Older::than(version);
        older.tips = Some(tips);
        self.meta.older = Some(older);
        self
    }

    /// The properties, instead of those given so far.
    pub const fn flags(mut self, flags: Flags) -> Self {
        self.meta.flags = flags;
        self
    }

    /// More properties than those given so far.
    pub const fn and_flags(mut self, more: Flags) -> Self {
        self.meta.flags |= more;
        self
    }

    /// Further ACL categories.
    pub const fn categories(mut self, extra: Categories) -> Self {
        self.meta.extra_categories = extra;
        self
    }

    /// Takes categories of the group away.
    pub const fn without_categories(mut self, categories: Categories) -> Self {
        self.meta.without_categories = categories;
        self
    }

    /// Where the keys are among the arguments.
    pub const fn keys(mut self, keys: &'static [KeySpec]) -> Self {
        self.meta.keys = keys;
        self
    }

    /// What finds its keys where the specifications cannot.
    pub const fn key_finder(mut self, find: KeyFinder) -> Self {
        self.meta.key_finder = Some(find);
        self
    }

    /// What finds the arguments that logs must not show.
    pub const fn secret_finder(mut self, find: SecretFinder) -> Self {
        self.meta.secret_finder = Some(find);
        self
    }

    /// Version that deprecated it and what replaces it.
    pub const fn deprecated(mut self, version: &'static str, instead: &'static str) -> Self {
        self.meta.deprecated = Some((version, instead));
        self
    }

    /// One sentence about the command, for its documentation.
    pub const fn summary(mut self, text: &'static str) -> Self {
        self.meta.summary = text;
        self
    }

    /// The cost in O notation.
    pub const fn complexity(mut self, text: &'static str) -> Self {
        self.meta.complexity = text;
        self
    }

    /// Changes of its behaviour.
    pub const fn history(mut self, history: &'static [(&'static str, &'static str)]) -> Self {
        self.meta.history = history;
        self
    }

    /// Hints for proxies and clients.
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.meta.tips = tips;
        self
    }

    /// The arguments, as the documentation shows them.
    pub const fn args(mut self, args: &'static [Arg]) -> Self {
        self.meta.args = args;
        self
    }

    /// Marks a debugging aid or an internal command.
    pub const fn system(mut self) -> Self {
        self.meta.is_system = true;
        self
    }
}
