//! The shape of a command's arguments, as COMMAND DOCS shows it and as the differential test
//! generates calls from it.

/// What kind of text an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgType {
    /// Any text.
    String,
    /// A signed 64-bit integer.
    Integer,
    /// A floating-point number.
    Double,
    /// A key; the index is that of its [`super::KeySpec`].
    Key(u8),
    /// A glob pattern.
    Pattern,
    /// Seconds or milliseconds since 1970.
    UnixTime,
    /// A fixed word.
    Token,
    /// One of several arguments.
    OneOf,
    /// Several arguments that stand together.
    Block,
}

impl ArgType {
    /// The name in COMMAND DOCS.
    pub const fn name(self) -> &'static str {
        match self {
            ArgType::String => "string",
            ArgType::Integer => "integer",
            ArgType::Double => "double",
            ArgType::Key(_) => "key",
            ArgType::Pattern => "pattern",
            ArgType::UnixTime => "unix-time",
            ArgType::Token => "pure-token",
            ArgType::OneOf => "oneof",
            ArgType::Block => "block",
        }
    }
}

/// One argument of a command. Built by chaining: `Arg::integer("seconds").token("EX").optional()`.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Name in the documentation.
    pub name: &'static str,
    /// Kind of text.
    pub kind: ArgType,
    /// The word that stands before it (or that it is).
    pub token: Option<&'static str>,
    /// May be left out.
    pub optional: bool,
    /// May be repeated.
    pub multiple: bool,
    /// Repeated together with its token.
    pub multiple_token: bool,
    /// Version that brought it, if younger than the command.
    pub since: Option<&'static str>,
    /// Version that deprecated the argument.
    pub deprecated_since: Option<&'static str>,
    /// Text shown instead of the name.
    pub display: Option<&'static str>,
    /// Parts of a [`ArgType::OneOf`] or [`ArgType::Block`].
    pub parts: &'static [Arg],
}

impl Arg {
    const fn of(name: &'static str, kind: ArgType) -> Arg {
        Arg {
            name,
            kind,
            token: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            since: None,
            deprecated_since: None,
            display: None,
            parts: &[],
        }
    }

    /// A key found by the first key specification.
    pub const fn key(name: &'static str) -> Arg {
        Arg::of(name, ArgType::Key(0))
    }

    /// A key found by the key specification of this index.
    pub const fn key_of(name: &'static str, spec: u8) -> Arg {
        Arg::of(name, ArgType::Key(spec))
    }

    /// An argument that is any text.
    pub const fn string(name: &'static str) -> Arg {
        Arg::of(name, ArgType::String)
    }

    /// A whole number.
    pub const fn integer(name: &'static str) -> Arg {
        Arg::of(name, ArgType::Integer)
    }

    /// A floating-point number.
    pub const fn double(name: &'static str) -> Arg {
        Arg::of(name, ArgType::Double)
    }

    /// A glob pattern.
    pub const fn pattern(name: &'static str) -> Arg {
        Arg::of(name, ArgType::Pattern)
    }

    /// A point in time.
    pub const fn unix_time(name: &'static str) -> Arg {
        Arg::of(name, ArgType::UnixTime)
    }

    /// A fixed word.
    pub const fn word(name: &'static str, token: &'static str) -> Arg {
        Arg::of(name, ArgType::Token).token(token)
    }

    /// One of several.
    pub const fn one_of(name: &'static str, parts: &'static [Arg]) -> Arg {
        let mut arg = Arg::of(name, ArgType::OneOf);
        arg.parts = parts;
        arg
    }

    /// Several arguments that stand together.
    pub const fn block(name: &'static str, parts: &'static [Arg]) -> Arg {
        let mut arg = Arg::of(name, ArgType::Block);
        arg.parts = parts;
        arg
    }

    /// Preceded by this word.
    pub const fn token(mut self, token: &'static str) -> Arg {
        self.token = Some(token);
        self
    }

    /// May be left out.
    pub const fn optional(mut self) -> Arg {
        self.optional = true;
        self
    }

    /// May be repeated.
    pub const fn multiple(mut self) -> Arg {
        self.multiple = true;
        self
    }

    /// May be repeated, its token each time.
    pub const fn multiple_token(mut self) -> Arg {
        self.multiple = true;
        self.multiple_token = true;
        self
    }

    /// Exists since this version.
    pub const fn since(mut self, version: &'static str) -> Arg {
        self.since = Some(version);
        self
    }

    /// Deprecated since this version.
    pub const fn deprecated_since(mut self, version: &'static str) -> Arg {
        self.deprecated_since = Some(version);
        self
    }

    /// Shown by another text than its name.
    pub const fn display(mut self, text: &'static str) -> Arg {
        self.display = Some(text);
        self
    }
}
