//! What can be wrong with a file or a payload, and where.

use super::format::ValueType;
use ochre_engine::encoding::Corrupt;
use std::{fmt, io};

/// What is wrong.
#[derive(Debug)]
pub enum Fault {
    /// The environment failed to deliver the bytes.
    Io(io::Error),
    /// The bytes end before the value does.
    Short,
    /// Bytes that make no sense.
    Invalid(&'static str),
    /// A compressed string does not decompress.
    Corrupt(Corrupt),
    /// A structure inside a string ("Hash ziplist") is not what it claims to be. If it is known where,
    /// the offset is inside that string.
    Integrity(&'static str, Option<Corrupt>),
    /// A type that is not known, or whose commands do not exist here.
    Type(ValueType),
    /// A value of a module, which is named.
    Module(String),
    /// A collection without elements. Such keys do not exist; Redis skips them with a warning.
    Empty,
    /// The file does not begin as RDB files do.
    Signature,
    /// A version that is too new, or none.
    Version(u32),
    /// Written for more databases than there are.
    Database(u64),
    /// A function library of a release candidate, or one that the sink cannot load.
    Function(String),
    /// The CRC says that bytes were changed.
    Checksum {
        /// The checksum of what was read.
        computed: u64,
        /// What the file says.
        stored: u64,
    },
    /// The sink has the key already.
    Duplicate,
    /// The sink wants no more.
    Stopped,
}

impl From<Corrupt> for Fault {
    fn from(corrupt: Corrupt) -> Fault {
        Fault::Corrupt(corrupt)
    }
}

impl Fault {
    /// Names the structure that is corrupt.
    pub(super) fn integrity(what: &'static str) -> impl FnOnce(Corrupt) -> Fault {
        move |corrupt| Fault::Integrity(what, Some(corrupt))
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Io(error) => write!(out, "read error: {error}"),
            Fault::Short => write!(out, "unexpected end"),
            Fault::Invalid(reason) => write!(out, "{reason}"),
            Fault::Corrupt(corrupt) => write!(out, "{corrupt}"),
            // Log readers look for the words up to the full stop, which are Redis's.
            Fault::Integrity(what, None) => write!(out, "{what} integrity check failed."),
            Fault::Integrity(what, Some(corrupt)) => {
                write!(out, "{what} integrity check failed. {corrupt}")
            }
            Fault::Type(ValueType::MODULE_PRE_GA) => write!(out, "Pre-release module format not supported"),
            Fault::Type(known) if known.is_known() => {
                write!(out, "values of type {} ({}) are not supported", known.0, known.name())
            }
            Fault::Type(other) => write!(out, "Unknown RDB encoding type {}", other.0),
            Fault::Module(name) => write!(
                out,
                "The RDB file contains module data I can't load: no matching module type '{name}'"
            ),
            Fault::Empty => write!(out, "empty collection"),
            Fault::Signature => write!(out, "wrong signature"),
            Fault::Version(version) => write!(out, "cannot handle RDB format version {version}"),
            Fault::Database(db) => write!(out, "there is no database {db}"),
            Fault::Function(reason) => write!(out, "failed loading library, {reason}"),
            Fault::Checksum { computed, stored } => {
                write!(out, "wrong checksum: computed {computed:x}, stored {stored:x}")
            }
            Fault::Duplicate => write!(out, "duplicated key"),
            Fault::Stopped => write!(out, "loading was stopped"),
        }
    }
}

/// A file that could not be loaded: what, where, and in which key.
#[derive(Debug)]
pub struct LoadError {
    /// Bytes read up to where it was noticed.
    pub offset: u64,
    /// The type of the value it was noticed in.
    pub value_type: Option<ValueType>,
    /// The key whose value has the fault.
    pub key: Option<Box<[u8]>>,
    /// What is wrong.
    pub fault: Fault,
}

impl LoadError {
    /// Not in a value.
    pub(super) fn at(offset: u64, fault: Fault) -> LoadError {
        LoadError { offset, value_type: None, key: None, fault }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at offset {}", self.fault, self.offset)?;
        if let Some(value_type) = self.value_type {
            write!(out, ", in a value of type {} ({})", value_type.0, value_type.name())?;
        }
        match &self.key {
            Some(key) => write!(out, ", key '{}'", key.escape_ascii()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LoadError {}
