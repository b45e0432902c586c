//! The type of a configuration directive, and the macro that declares a topic of directives.
//!
//! A directive is declared in one place: the field that holds its value, its type, default, name,
//! range, flags and the action that follows a change. [`topic!`] turns a list of such rows into a
//! plain struct (so the server reads `config.network.port`, a field) and a table of
//! [`Directive`]s (so that file, arguments and CONFIG GET, SET and REWRITE need no list of
//! their own). Reading and showing a value is the task of its type, by [`Setting`].

use std::borrow::Cow;

use bitflags::bitflags;

use super::Config;

/// One directive. Built by [`directive`] and the methods that follow it in a [`topic!`] row.
pub struct Directive {
    /// The name, in lower case.
    pub name: &'static str,
    /// An older name for the same thing.
    pub alias: Option<&'static str>,
    /// The range of the value, as far as its type does not say it.
    pub rule: Rule,
    /// The properties of the directive.
    pub flags: Flags,
    /// The action of the server when the value changes at run time.
    pub apply: Option<Apply>,
    get: fn(&Config) -> &dyn Setting,
    get_mut: fn(&mut Config) -> &mut dyn Setting,
}

/// The values that a directive accepts, as far as its type does not say it.
#[derive(Clone, Copy)]
pub enum Rule {
    /// Any value that the type can read.
    ByType,
    /// A number in a range.
    Number {
        /// The lowest value.
        min: i128,
        /// The highest value.
        max: i128,
        /// The notation of the number.
        unit: Unit,
    },
    /// A text that passes a check.
    Text {
        /// An empty text means that there is none, and CONFIG REWRITE writes no line for it.
        empty_is_none: bool,
        /// Checks a text; the error is the reason of the refusal.
        check: fn(&[u8]) -> Result<(), &'static str>,
    },
}

/// The notation of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Decimal digits.
    Plain,
    /// Bytes, with an optional unit: `100mb`.
    Bytes,
    /// Bytes as in [`Unit::Bytes`], or a percentage of `maxmemory`, held as a negative number.
    BytesOrPercent,
    /// Octal digits.
    Octal,
}

bitflags! {
    /// Properties of a directive.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Flags: u16 {
        /// CONFIG SET refuses it.
        const IMMUTABLE = 1 << 0;
        /// The value is a secret and is kept out of MONITOR and the slow log.
        const SENSITIVE = 1 << 1;
        /// CONFIG GET shows the directive only if it is asked for by its full name.
        const HIDDEN = 1 << 2;
        /// The value may be several words.
        const MULTI_ARG = 1 << 3;
        /// CONFIG SET refuses it while the data set is being loaded.
        const DENY_LOADING = 1 << 4;
        /// CONFIG SET refuses it unless `enable-protected-configs` allows it.
        const PROTECTED = 1 << 5;
        /// Setting the same value again applies it again: it names a file that may have changed.
        const VOLATILE = 1 << 6;
        /// CONFIG REWRITE writes the directive even if it has its default value.
        const ALWAYS_WRITTEN = 1 << 7;
        /// CONFIG REWRITE removes the directive if it has its default value.
        const DEFAULT_UNWRITTEN = 1 << 8;
        /// The directive is accepted for compatibility and changes nothing in this server.
        const NO_EFFECT = 1 << 9;
    }
}

/// The action of the server when a value changes at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// Listen on the new TCP port.
    Port,
    /// Listen on the new addresses.
    Bind,
    /// Listen on the new TLS port.
    TlsPort,
    /// Use the new certificates and TLS options.
    Tls,
    /// Raise the limit of open files as far as the connections need it.
    MaxClients,
    /// Recompute which clients count against the limit of client memory.
    MaxMemoryClients,
    /// Evict keys at once if the memory in use exceeds the new limit.
    MaxMemory,
    /// Log at the new level.
    LogLevel,
    /// Show the new process title.
    ProcTitle,
    /// Run the periodic work at the new rate.
    Hz,
    /// Give the default user the new password.
    RequirePass,
    /// Tell the kernel the new score.
    OomScore,
    /// Install or remove the handlers that report a crash.
    CrashLog,
    /// Report stalls.
    Watchdog,
    /// Switch the background thread of the allocator on or off.
    AllocatorThread,
    /// Start or stop the append only file.
    AppendOnly,
    /// Resize the replication backlog.
    ReplBacklogSize,
    /// Count the replicas that are good enough again.
    GoodReplicas,
    /// Tell the cluster the announced addresses of this node.
    ClusterAnnounce,
}

/// A type of values of directives: how a value is read, shown and written.
pub trait Setting {
    /// Reads the words of a line or of CONFIG SET. The value stays as it is if they are refused.
    fn read(&mut self, rule: &Rule, args: &[&[u8]]) -> Result<(), Refusal>;

    /// The value as CONFIG GET shows it.
    fn show(&self, rule: &Rule) -> Vec<u8>;

    /// The value as CONFIG REWRITE writes it: one text for each line of the file, none at all if
    /// the directive must not appear.
    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        vec![self.show(rule)]
    }
}

/// The reason for refusing a value: the text that follows `CONFIG SET failed ... - `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Cow<'static, str>);

impl Refusal {
    /// The refusal of a value that is the wrong number of words.
    pub const WRONG_NUMBER: Refusal = Refusal(Cow::Borrowed("wrong number of arguments"));
}

impl From<&'static str> for Refusal {
    fn from(text: &'static str) -> Refusal {
        Refusal(Cow::Borrowed(text))
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Refusal {
        Refusal(Cow::Owned(text))
    }
}

/// Begins a directive that accepts any value that its type can read.
pub(super) const fn directive(name: &'static str) -> Builder {
    Builder { name, alias: None, rule: Rule::ByType, flags: Flags::empty(), apply: None }
}

/// A directive that has no field yet.
pub(super) struct Builder {
    name: &'static str,
    alias: Option<&'static str>,
    rule: Rule,
    flags: Flags,
    apply: Option<Apply>,
}

impl Builder {
    /// Adds an older name.
    pub const fn alias(mut self, name: &'static str) -> Builder {
        self.alias = Some(name);
        self
    }

    /// Accepts a number from `min` to `max`.
    pub const fn int(self, min: i128, max: i128) -> Builder {
        self.number(min, max, Unit::Plain)
    }

    /// Accepts a size in bytes from `min` to `max`.
    pub const fn bytes(self, min: i128, max: i128) -> Builder {
        self.number(min, max, Unit::Bytes)
    }

    /// Accepts a number from `min` to `max` in the notation `unit`.
    pub const fn number(mut self, min: i128, max: i128, unit: Unit) -> Builder {
        self.rule = Rule::Number { min, max, unit };
        self
    }

    /// Accepts texts that pass a check.
    pub const fn checked(mut self, check: fn(&[u8]) -> Result<(), &'static str>) -> Builder {
        self.rule = Rule::Text { empty_is_none: matches!(self.rule, Rule::Text { .. }), check };
        self
    }

    /// Treats an empty text as no value.
    pub const fn optional(mut self) -> Builder {
        self.rule = Rule::Text { empty_is_none: true, check: |_| Ok(()) };
        self
    }

    /// Adds flags.
    pub const fn flags(mut self, flags: Flags) -> Builder {
        self.flags = self.flags.union(flags);
        self
    }

    /// Forbids changes while the server runs.
    pub const fn immutable(self) -> Builder {
        self.flags(Flags::IMMUTABLE)
    }

    /// Marks a directive that is accepted and changes nothing.
    pub const fn no_effect(self) -> Builder {
        self.flags(Flags::NO_EFFECT)
    }

    /// Sets the action that follows a change.
    pub const fn apply(mut self, apply: Apply) -> Builder {
        self.apply = Some(apply);
        self
    }

    /// Completes the directive with the access to its field.
    pub const fn at(
        self,
        get: fn(&Config) -> &dyn Setting,
        get_mut: fn(&mut Config) -> &mut dyn Setting,
    ) -> Directive {
        let Builder { name, alias, rule, flags, apply } = self;
        Directive { name, alias, rule, flags, apply, get, get_mut }
    }
}

impl Directive {
    /// Whether `name` is one of the names of the directive; case does not matter.
    pub fn is_called(&self, name: &[u8]) -> bool {
        self.names().any(|own| own.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The name, then the older one if there is one.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        [Some(self.name), self.alias].into_iter().flatten()
    }

    /// Whether the directive has this flag.
    pub fn has(&self, flag: Flags) -> bool {
        self.flags.contains(flag)
    }

    /// Reads the value of the directive from the words that follow the name.
    pub fn read(&self, config: &mut Config, args: &[&[u8]]) -> Result<(), Refusal> {
        if !self.has(Flags::MULTI_ARG) && args.len() != 1 {
            return Err(Refusal::WRONG_NUMBER);
        }
        (self.get_mut)(config).read(&self.rule, args)
    }

    /// The value as CONFIG GET shows it.
    pub fn show(&self, config: &Config) -> Vec<u8> {
        (self.get)(config).show(&self.rule)
    }

    /// The value as CONFIG REWRITE writes it, a text for each line.
    pub fn lines(&self, config: &Config) -> Vec<Vec<u8>> {
        (self.get)(config).lines(&self.rule)
    }
}

/// Declares a topic: a struct of values with their defaults, and the table of its directives.
///
/// `name;` is the field of [`Config`] that holds the topic; a row is
/// `field: Type = default => directive("name")...;`.
macro_rules! topic {
    (
        $topic:ident;
        $(#[$about:meta])*
        pub struct $Topic:ident {
            $( $(#[$doc:meta])* $field:ident: $Type:ty = $default:expr => $built:expr; )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Topic {
            $( $(#[$doc])* pub $field: $Type, )*
        }

        impl Default for $Topic {
            fn default() -> $Topic {
                $Topic { $( $field: $default, )* }
            }
        }

        /// The directives of this topic, in the order CONFIG GET shows them.
        pub(in crate::config) static DIRECTIVES: &[$crate::config::Directive] = &[
            $( $built.at(|config| &config.$topic.$field, |config| &mut config.$topic.$field), )*
        ];
    };
}
pub(super) use topic;
