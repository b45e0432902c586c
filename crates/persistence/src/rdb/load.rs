//! The snapshot reader: a stream into a [`Sink`], entry by entry.

use super::Decoding;
use super::decode;
use super::format::ValueType;
use super::input::{Input, Source};
use super::records::{Attributes, Record, Records};
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

    /// The end mark was read; nothing comes any more.
    fn end(&mut self) -> Result<(), Refusal> {
        Ok(())
    }

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
    let step = sink.progress_step();
    let mut loader = Loader {
        records: Records::new(source),
        sink,
        options,
        decoding: Decoding { settings: options.settings, seed: options.seed, deep: options.deep },
        clock: AccessClock::new(options.settings, options.now, 0),
        context: None,
        keys: 0,
        empty_keys: 0,
        reported: 0,
        step,
    };
    loader.run().map_err(|fault| LoadError {
        offset: loader.records.source.offset(),
        value_type: loader.context,
        key: loader.context.is_some().then(|| loader.records.key.as_slice().into()),
        fault,
    })
}

struct Loader<'a, R, S> {
    records: Records<'a, R>,
    sink: &'a mut S,
    options: &'a LoadOptions<'a>,
    decoding: Decoding<'a>,
    clock: AccessClock,
    /// The type of the entry being read.
    context: Option<ValueType>,
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
        let version = self.records.version()?;
        loop {
            match self.records.next()? {
                Record::Entry(value_type, attributes) => self.entry(value_type, attributes)?,
                Record::Select(db) => {
                    if db >= u64::from(self.options.settings.databases) {
                        return Err(Fault::Database(db));
                    }
                    self.sink.select(DbIndex(db as u32))?;
                }
                Record::Sizes(keys, volatile) => {
                    let keys = self.records.source.capacity(keys) as u64;
                    self.sink.size_hint(keys, volatile.min(keys));
                }
                Record::Aux(name, value) => self.sink.aux(name, value),
                Record::Function(code) => self.sink.function(code)?,
                Record::ModuleAux(module) => self.sink.module_aux(&module),
                Record::Hint => {}
                Record::End => break,
            }
        }
        self.sink.end()?;
        let unchecked = self.compare_checksum(version)?;
        let bytes = self.records.source.offset();
        Ok(Loaded { version, keys: self.keys, empty_keys: self.empty_keys, bytes, unchecked })
    }

    #[inline]
    fn entry(&mut self, value_type: ValueType, attributes: Attributes) -> Result<(), Fault> {
        self.records.read_key()?;
        self.context = Some(value_type);
        let access = match (attributes.idle_seconds, attributes.frequency) {
            (Some(seconds), _) => self.clock.idle_for(seconds),
            (None, Some(counter)) => self.clock.with_frequency(counter),
            (None, None) => self.clock.initial(),
        };
        let Records { source, key, room, .. } = &mut self.records;
        match decode::entry(*source, value_type, key, (attributes.expiry, access), &self.decoding, room) {
            Ok(entry) => {
                self.sink.entry(entry)?;
                self.keys += 1;
            }
            Err(Fault::Empty) => {
                self.sink.empty_key(key);
                self.empty_keys += 1;
            }
            Err(fault) => return Err(fault),
        }
        self.context = None;
        let offset = self.records.source.offset();
        if offset - self.reported >= self.step {
            self.reported = offset;
            self.sink.progress(offset)?;
        }
        Ok(())
    }

    /// Compares the checksum; true if there is none.
    fn compare_checksum(&mut self, version: u16) -> Result<bool, Fault> {
        match self.records.checksum(version)? {
            None | Some((0, _)) => Ok(true),
            Some((stored, Some(computed))) if self.options.checksum && stored != computed => {
                Err(Fault::Checksum { computed, stored })
            }
            Some(_) => Ok(false),
        }
    }
}
