//! The snapshot reader: a stream into a [`Sink`], entry by entry.

use super::Decoding;
use super::decode::{self, Attributes};
use super::format::{MAGIC, MAX_VERSION, ValueType, opcode};
use super::input::{Input, Source};
use super::{Fault, LoadError};
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{AccessClock, DbIndex};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use std::io::Read;

/// Bytes after which the sink is told how far it is.
const REPORT_BYTES: u64 = 256 * 1024;

/// How a file is read.
#[derive(Clone, Copy)]
pub struct LoadOptions<'a> {
    /// Thresholds of the encodings, number of databases, memory policy.
    pub settings: &'a Settings,
    /// The keyed hash of the world that is loaded.
    pub seed: Seed,
    /// The time, for the access clocks.
    pub now: UnixMs,
    /// `sanitize-dump-payload yes`: whether listpacks are searched for duplicates.
    pub deep: bool,
    /// `rdbchecksum`: whether the checksum is compared (a stored 0 never is).
    pub checksum: bool,
}

/// Why a sink ends the loading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The key is there already.
    Duplicate,
    /// The library cannot be loaded, for this reason.
    Function(String),
    /// It wants no more, for reasons of its own.
    Stopped,
}

/// Takes what is in a file, in its order.
pub trait Sink {
    /// The keys that follow belong to this database (0 at first).
    fn select(&mut self, db: DbIndex) -> Result<(), Refusal>;

    /// A key. The sink decides whether it is too late for it.
    fn entry(&mut self, entry: KeyEntry) -> Result<(), Refusal>;

    /// The selected database has about so many keys, so many of them with an expiry. A hint from
    /// the file, which may be a lie: nothing large may be reserved for it.
    fn size_hint(&mut self, _keys: u64, _volatile: u64) {}

    /// An auxiliary field.
    fn aux(&mut self, _name: &[u8], _value: &[u8]) {}

    /// A key that was left out because its collection is empty.
    fn empty_key(&mut self, _key: &[u8]) {}

    /// The code of a function library.
    fn function(&mut self, _code: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    /// Data of this module beside the keys was skipped.
    fn module_aux(&mut self, _module: &str) {}

    /// The bytes between two calls of `progress`, at least.
    fn progress_step(&self) -> u64 {
        REPORT_BYTES
    }

    /// So many bytes were read; called between entries.
    fn progress(&mut self, _bytes: u64) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A file that was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Its version.
    pub version: u16,
    /// Entries given to the sink.
    pub keys: u64,
    /// Keys left out because their collections were empty.
    pub empty_keys: u64,
    /// Bytes read, checksum included.
    pub bytes: u64,
    /// True if the file has no checksum (saved with `rdbchecksum no`, or before version 5).
    pub unchecked: bool,
}

/// Reads a file up to its end mark. The source stands behind it afterwards, so that what follows
/// (commands behind an RDB preamble) can be read from it.
pub fn load<R: Read>(
    source: &mut Source<R>,
    options: &LoadOptions<'_>,
    sink: &mut impl Sink,
) -> Result<Loaded, LoadError> {
    let clock = AccessClock::new(options.settings, options.now, 0);
    let step = sink.progress_step();
    let decoding = Decoding { settings: options.settings, seed: options.seed, deep: options.deep };
    let mut loader = Loader {
        source,
        sink,
        options,
        decoding,
        clock,
        key: Vec::new(),
        room: Vec::new(),
        context: None,
        version: 0,
        keys: 0,
        empty_keys: 0,
        reported: 0,
        step,
    };
    loader.run().map_err(|fault| LoadError {
        offset: loader.source.offset(),
        value_type: loader.context,
        key: loader.context.is_some().then(|| loader.key.as_slice().into()),
        fault,
    })
}

struct Loader<'a, R, S> {
    source: &'a mut Source<R>,
    sink: &'a mut S,
    options: &'a LoadOptions<'a>,
    decoding: Decoding<'a>,
    clock: AccessClock,
    key: Vec<u8>,
    room: Vec<u8>,
    /// The type of the entry being read.
    context: Option<ValueType>,
    version: u16,
    keys: u64,
    empty_keys: u64,
    /// The offset that the sink was told last.
    reported: u64,
    /// The bytes until it is told again.
    step: u64,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        match refusal {
            Refusal::Duplicate => Fault::Duplicate,
            Refusal::Function(reason) => Fault::Function(reason),
            Refusal::Stopped => Fault::Stopped,
        }
    }
}

impl<R: Read, S: Sink> Loader<'_, R, S> {
    fn run(&mut self) -> Result<Loaded, Fault> {
        self.version = self.read_version()?;
        let mut attributes = self.no_attributes();
        loop {
            let byte = self.source.byte()?;
            match byte {
                opcode::EOF => break,
                opcode::EXPIRETIME_MS => {
                    attributes.expiry = Some(UnixMs(i64::from_le_bytes(self.source.array()?)));
                }
                opcode::EXPIRETIME => {
                    let seconds = i32::from_le_bytes(self.source.array()?);
                    attributes.expiry = Some(UnixMs(i64::from(seconds) * 1000));
                }
                opcode::IDLE => attributes.access = self.clock.idle_for(self.source.length()?),
                opcode::FREQ => attributes.access = self.clock.with_frequency(self.source.byte()?),
                opcode::SLOT_INFO..=opcode::AUX | opcode::RESIZEDB | opcode::SELECTDB => {
                    self.section(byte)?
                }
                value_type => {
                    self.entry(ValueType(value_type), attributes)?;
                    attributes = self.no_attributes();
                    self.report()?;
                }
            }
        }
        let unchecked = self.checksum()?;
        Ok(Loaded {
            version: self.version,
            keys: self.keys,
            empty_keys: self.empty_keys,
            bytes: self.source.offset(),
            unchecked,
        })
    }

    /// What is not about the next key.
    #[cold]
    fn section(&mut self, code: u8) -> Result<(), Fault> {
        match code {
            opcode::SELECTDB => {
                let db = self.source.length()?;
                if db >= u64::from(self.options.settings.databases) {
                    return Err(Fault::Database(db));
                }
                self.sink.select(DbIndex(db as u32))?;
            }
            opcode::RESIZEDB => {
                let (keys, volatile) = (self.source.length()?, self.source.length()?);
                // No key takes less than three bytes.
                let most = self.source.capacity(keys, 3) as u64;
                self.sink.size_hint(most, volatile.min(most));
            }
            opcode::AUX => {
                let name = self.source.string(&mut self.room)?.to_vec();
                let value = self.source.string(&mut self.room)?;
                self.sink.aux(&name, value);
            }
            opcode::FUNCTION2 => {
                let code = self.source.string(&mut self.room)?;
                self.sink.function(code)?;
            }
            opcode::FUNCTION_PRE_GA => {
                return Err(Fault::Function("Pre-release function format not supported.".into()));
            }
            opcode::MODULE_AUX => {
                let module = decode::module::skip_aux(self.source)?;
                self.sink.module_aux(&module);
            }
            _ => {
                // Slot, keys, volatile keys: hints for tables that are one per slot.
                for _ in 0..3 {
                    self.source.length()?;
                }
            }
        }
        Ok(())
    }

    /// Tells the sink how far it is, from time to time.
    #[inline]
    fn report(&mut self) -> Result<(), Fault> {
        let offset = self.source.offset();
        if offset - self.reported >= self.step {
            self.reported = offset;
            self.sink.progress(offset)?;
        }
        Ok(())
    }

    fn no_attributes(&self) -> Attributes {
        Attributes { expiry: None, access: self.clock.initial() }
    }

    fn read_version(&mut self) -> Result<u16, Fault> {
        let magic: [u8; 9] = self.source.array()?;
        let digits = magic.strip_prefix(MAGIC).ok_or(Fault::Signature)?;
        let version = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok());
        let version = version.unwrap_or(0);
        if !(1..=MAX_VERSION).contains(&version) {
            return Err(Fault::Version(u32::from(version)));
        }
        Ok(version)
    }

    fn entry(&mut self, value_type: ValueType, attributes: Attributes) -> Result<(), Fault> {
        let key = self.source.string(&mut self.room)?;
        self.key.clear();
        self.key.extend_from_slice(key);
        self.context = Some(value_type);
        let made =
            decode::entry(self.source, value_type, &self.key, attributes, &self.decoding, &mut self.room);
        match made {
            Ok(entry) => {
                self.sink.entry(entry)?;
                self.keys += 1;
            }
            Err(Fault::Empty) => {
                self.sink.empty_key(&self.key);
                self.empty_keys += 1;
            }
            Err(fault) => return Err(fault),
        }
        self.context = None;
        Ok(())
    }

    /// Compares the checksum; true if there is none.
    fn checksum(&mut self) -> Result<bool, Fault> {
        if self.version < 5 {
            return Ok(true);
        }
        let computed = self.source.checksum();
        let stored = u64::from_le_bytes(self.source.array()?);
        match computed {
            Some(computed) if self.options.checksum && stored != 0 && computed != stored => {
                Err(Fault::Checksum { computed, stored })
            }
            _ => Ok(stored == 0),
        }
    }
}
