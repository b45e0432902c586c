//! A file cut into its records: what the loader and the checker both walk over.

use super::Fault;
use super::decode::module;
use super::format::{MAGIC, MAX_VERSION, ValueType, opcode};
use super::input::{Input, Source};
use ochre_engine::time::UnixMs;
use std::io::Read;

/// What stands between the version and the end of a file.
#[derive(Debug)]
pub enum Record<'a> {
    /// The keys that follow are of this database.
    Select(u64),
    /// The numbers of keys, and of keys with an expiry, of the selected database.
    Sizes(u64, u64),
    /// An auxiliary field: name and value.
    Aux(&'a [u8], &'a [u8]),
    /// The code of a function library.
    Function(&'a [u8]),
    /// Data of this module beside its keys; it was skipped.
    ModuleAux(String),
    /// A key with a value of this type follow; they must be read before the next record.
    Entry(ValueType, Attributes),
    /// A hint that concerns nobody here.
    Hint,
    /// The end mark.
    End,
}

/// What stands before the type of a key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attributes {
    /// The time when the key expires.
    pub expiry: Option<UnixMs>,
    /// Seconds since the key was used.
    pub idle_seconds: Option<u64>,
    /// The frequency counter of the key.
    pub frequency: Option<u8>,
}

/// What is being read, in the words of redis-check-rdb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Doing {
    Start,
    Type,
    Expire,
    Key,
    Value,
    Checksum,
    Length,
    Aux,
    ModuleAux,
    Functions,
}

impl Doing {
    /// The words.
    pub fn name(self) -> &'static str {
        match self {
            Doing::Start => "start",
            Doing::Type => "read-type",
            Doing::Expire => "read-expire",
            Doing::Key => "read-key",
            Doing::Value => "read-object-value",
            Doing::Checksum => "check-sum",
            Doing::Length => "read-len",
            Doing::Aux => "read-aux",
            Doing::ModuleAux => "read-module-aux",
            Doing::Functions => "read-functions",
        }
    }
}

/// A file that is being read.
pub struct Records<'s, R> {
    /// The bytes.
    pub source: &'s mut Source<R>,
    /// What is being read.
    pub doing: Doing,
    /// The last key that was read.
    pub key: Vec<u8>,
    /// Scratch for strings.
    pub scratch: Vec<u8>,
}

impl<'s, R: Read> Records<'s, R> {
    /// Reads a file from its first byte on.
    pub fn new(source: &'s mut Source<R>) -> Self {
        Records { source, doing: Doing::Start, key: Vec::new(), scratch: Vec::new() }
    }

    /// The signature, and the version behind it.
    pub fn version(&mut self) -> Result<u16, Fault> {
        let magic: [u8; 9] = self.source.array()?;
        let digits = magic.strip_prefix(MAGIC).ok_or(Fault::Signature)?;
        // As C's atoi: digits up to the first other byte.
        let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
        let version = digits.fold(0, |version, digit| version * 10 + u16::from(digit - b'0'));
        match version {
            1..=MAX_VERSION => Ok(version),
            _ => Err(Fault::Version(u32::from(version))),
        }
    }

    /// The next record.
    #[inline]
    pub fn next(&mut self) -> Result<Record<'_>, Fault> {
        let mut attributes = Attributes::default();
        loop {
            self.doing = Doing::Type;
            let byte = self.source.byte()?;
            match byte {
                opcode::EXPIRETIME_MS => {
                    self.doing = Doing::Expire;
                    attributes.expiry = Some(UnixMs(i64::from_le_bytes(self.source.array()?)));
                }
                opcode::EXPIRETIME => {
                    self.doing = Doing::Expire;
                    let seconds = i32::from_le_bytes(self.source.array()?);
                    attributes.expiry = Some(UnixMs(i64::from(seconds) * 1000));
                }
                opcode::IDLE => attributes.idle_seconds = Some(self.source.length()?),
                opcode::FREQ => attributes.frequency = Some(self.source.byte()?),
                opcode::SLOT_INFO..=opcode::EOF => return self.section(byte),
                value_type => return Ok(Record::Entry(ValueType(value_type), attributes)),
            }
        }
    }

    /// The key of an entry, which goes to `self.key`.
    #[inline]
    pub fn read_key(&mut self) -> Result<(), Fault> {
        self.doing = Doing::Key;
        let key = self.source.string(&mut self.scratch)?;
        self.key.clear();
        self.key.extend_from_slice(key);
        self.doing = Doing::Value;
        Ok(())
    }

    #[cold]
    fn section(&mut self, code: u8) -> Result<Record<'_>, Fault> {
        match code {
            opcode::EOF => Ok(Record::End),
            opcode::SELECTDB => {
                self.doing = Doing::Length;
                Ok(Record::Select(self.source.length()?))
            }
            opcode::RESIZEDB => {
                self.doing = Doing::Length;
                Ok(Record::Sizes(self.source.length()?, self.source.length()?))
            }
            opcode::AUX => {
                self.doing = Doing::Aux;
                let name = self.source.string(&mut self.scratch)?;
                self.key.clear();
                self.key.extend_from_slice(name);
                Ok(Record::Aux(&self.key, self.source.string(&mut self.scratch)?))
            }
            opcode::FUNCTION2 => {
                self.doing = Doing::Functions;
                Ok(Record::Function(self.source.string(&mut self.scratch)?))
            }
            opcode::FUNCTION_PRE_GA => {
                self.doing = Doing::Functions;
                Err(Fault::Function("Pre-release function format not supported.".into()))
            }
            opcode::MODULE_AUX => {
                self.doing = Doing::ModuleAux;
                module::skip_aux(self.source).map(Record::ModuleAux)
            }
            _ => {
                // Slot, keys, volatile keys: for tables that are one per slot.
                for _ in 0..3 {
                    self.source.length()?;
                }
                Ok(Record::Hint)
            }
        }
    }

    /// The checksum behind the end mark, stored and computed. `None` before version 5, which had none.
    pub fn checksum(&mut self, version: u16) -> Result<Option<(u64, u64)>, Fault> {
        self.doing = Doing::Checksum;
        if version < 5 {
            return Ok(None);
        }
        let computed = self.source.checksum();
        Ok(Some((u64::from_le_bytes(self.source.array()?), computed)))
    }
}
