//! The snapshot reader: a stream into a [`Sink`], entry by entry.
//!
//! ```text
//! load         file ── record ── decode ──────────────────────────────────────────────────> Sink
//! load_ahead   file ── record ── extent ── RawBatch ──> Decoders ──> Decoded, in order ────> Sink
//!                                                   several threads
//! ```
//! A program with several threads gives [`Decoders`]; how these start and finish their work is no business of this
//! crate. The thread that reads the file finds out how far each value goes ([`extent`](super::extent)),
//! which takes little time, gives the bytes away, and puts what comes back into the sink: in the order
//! of the file, with the same calls and the same offsets as without decoders. An error therefore is the
//! first one in the file's order, and told in the same words: before anything else than an entry
//! is looked at, and before an error of reading is told, everything that was given away is put into the sink.
//! A value that has no extent (unknown, damaged or very large) is decoded in place, as without decoders.

use super::Decoding;
use super::decode;
use super::format::ValueType;
use super::input::{Input, Source};
use super::raw::{Decoded, Head, RawBatch};
use super::records::{Attributes, Record, Records};
use super::{Fault, LoadError};
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{AccessClock, DbIndex};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use std::io::Read;
use std::sync::atomic::AtomicU64;

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
    /// `sanitize-dump-payload yes`: listpacks are searched for duplicates, and counted here.
    pub deep: Option<&'a AtomicU64>,
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
    /// The sink wants no more, for reasons of its own.
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

    /// The selected database has about `keys` keys, `volatile` of them with an expiry. A hint from the file,
    /// which may be a lie: nothing large may be reserved for it.
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
    /// The version of the format.
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

/// Threads that decode entries while others are read.
pub trait Decoders {
    /// True if a batch can be started without too much being under way.
    fn has_room(&self) -> bool;

    /// Begins to decode a batch.
    fn start(&mut self, batch: RawBatch);

    /// The batch that was started first, if it is decoded.
    fn finished(&mut self) -> Option<Decoded>;

    /// Waits for the oldest batch and takes it back. `None` if none is under way.
    fn finish(&mut self) -> Option<Decoded>;
}

/// Reads a file up to its end mark. The source stands behind it afterwards, so that what follows
/// (commands behind an RDB preamble) can be read from it.
pub fn load<R: Read>(
    source: &mut Source<R>,
    options: &LoadOptions<'_>,
    sink: &mut impl Sink,
) -> Result<Loaded, LoadError> {
    Loader::new(source, options, sink, None).run()
}

/// Reads a file as [`load()`] does, with `decoders` that use [`LoadOptions::decoding`].
pub fn load_ahead<R: Read>(
    source: &mut Source<R>,
    options: &LoadOptions<'_>,
    sink: &mut impl Sink,
    decoders: &mut dyn Decoders,
) -> Result<Loaded, LoadError> {
    Loader::new(source, options, sink, Some(decoders)).run()
}

impl<'a> LoadOptions<'a> {
    /// What decoding depends on.
    pub fn decoding(&self) -> Decoding<'a> {
        Decoding { settings: self.settings, seed: self.seed, deep: self.deep }
    }
}

struct Loader<'a, R, S> {
    records: Records<'a, R>,
    taker: Taker<'a, S>,
    options: &'a LoadOptions<'a>,
    decoding: Decoding<'a>,
    clock: AccessClock,
    /// The type of the entry being read.
    context: Option<ValueType>,
    ahead: Option<Ahead<'a>>,
}

/// What is given away to be decoded.
struct Ahead<'a> {
    decoders: &'a mut dyn Decoders,
    batch: RawBatch,
}

/// Why a file is not read on.
enum Stop {
    /// What was read last is wrong.
    Here(Fault),
    /// This is wrong, in what was read before.
    Before(LoadError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Here(fault)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Here(refusal.into())
    }
}

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Stop {
        Stop::Before(error)
    }
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

impl<'a, R: Read, S: Sink> Loader<'a, R, S> {
    fn new(
        source: &'a mut Source<R>,
        options: &'a LoadOptions<'a>,
        sink: &'a mut S,
        decoders: Option<&'a mut dyn Decoders>,
    ) -> Self {
        let step = sink.progress_step();
        Loader {
            records: Records::new(source),
            taker: Taker { sink, keys: 0, empty_keys: 0, reported: 0, step },
            options,
            decoding: options.decoding(),
            clock: AccessClock::new(options.settings, options.now, 0),
            context: None,
            ahead: decoders.map(|decoders| Ahead { decoders, batch: RawBatch::default() }),
        }
    }

    fn run(mut self) -> Result<Loaded, LoadError> {
        let stop = match self.until_end() {
            Ok(loaded) => return Ok(loaded),
            Err(stop) => stop,
        };
        let fault = match stop {
            Stop::Before(error) => return Err(error),
            Stop::Here(fault) => fault,
        };
        let error = LoadError {
            offset: self.records.source.offset(),
            value_type: self.context,
            key: self.context.is_some().then(|| self.records.key.as_slice().into()),
            fault,
        };
        match self.ahead.as_mut().map_or(Ok(()), |ahead| ahead.settle(&mut self.taker)) {
            Ok(()) => Err(error),
            Err(earlier) => Err(earlier),
        }
    }

    fn until_end(&mut self) -> Result<Loaded, Stop> {
        let version = self.records.version()?;
        loop {
            let record = self.records.next()?;
            if !matches!(record, Record::Entry(..) | Record::Hint)
                && let Some(ahead) = &mut self.ahead
            {
                ahead.settle(&mut self.taker)?;
            }
            let sink = &mut *self.taker.sink;
            match record {
                Record::Entry(value_type, attributes) => self.entry(value_type, attributes)?,
                Record::Select(db) => {
                    if db >= u64::from(self.options.settings.databases) {
                        return Err(Fault::Database(db).into());
                    }
                    sink.select(DbIndex(db as u32))?;
                }
                Record::Sizes(keys, volatile) => {
                    let keys = self.records.source.capacity(keys) as u64;
                    sink.size_hint(keys, volatile.min(keys));
                }
                Record::Aux(name, value) => sink.aux(name, value),
                Record::Function(code) => sink.function(code)?,
                Record::ModuleAux(module) => sink.module_aux(&module),
                Record::Hint => {}
                Record::End => break,
            }
        }
        self.taker.sink.end()?;
        let unchecked = self.compare_checksum(version)?;
        let (bytes, taker) = (self.records.source.offset(), &self.taker);
        Ok(Loaded { version, keys: taker.keys, empty_keys: taker.empty_keys, bytes, unchecked })
    }

    #[inline]
    fn entry(&mut self, value_type: ValueType, attributes: Attributes) -> Result<(), Stop> {
        let access = match (attributes.idle_seconds, attributes.frequency) {
            (Some(seconds), _) => self.clock.idle_for(seconds),
            (None, Some(counter)) => self.clock.with_frequency(counter),
            (None, None) => self.clock.initial(),
        };
        let head = Head { value_type, expiry: attributes.expiry, access };
        if let Some(ahead) = &mut self.ahead {
            if ahead.batch.take(self.records.source, head) {
                return Ok(ahead.pass_on(&mut self.taker)?);
            }
            ahead.settle(&mut self.taker)?;
        }
        self.decode_here(head)
    }

    #[inline]
    fn decode_here(&mut self, head: Head) -> Result<(), Stop> {
        self.records.read_key()?;
        self.context = Some(head.value_type);
        let Records { source, key, scratch, .. } = &mut self.records;
        let attributes = (head.expiry, head.access);
        match decode::entry(*source, head.value_type, key, attributes, &self.decoding, scratch) {
            Ok(entry) => self.taker.entry(entry)?,
            Err(Fault::Empty) => self.taker.empty_key(key),
            Err(fault) => return Err(fault.into()),
        }
        self.context = None;
        Ok(self.taker.passed(self.records.source.offset())?)
    }

    /// Compares the checksum; true if there is none.
    fn compare_checksum(&mut self, version: u16) -> Result<bool, Fault> {
        match self.records.checksum(version)? {
            None | Some((0, _)) => Ok(true),
            Some((stored, computed)) if self.options.checksum && stored != computed => {
                Err(Fault::Checksum { computed, stored })
            }
            Some(_) => Ok(false),
        }
    }
}

/// Counts what goes into the sink, and tells it how far it is.
struct Taker<'a, S> {
    sink: &'a mut S,
    keys: u64,
    empty_keys: u64,
    /// The offset that the sink was told last.
    reported: u64,
    /// The bytes until it is told again.
    step: u64,
}

impl<S: Sink> Taker<'_, S> {
    #[inline]
    fn entry(&mut self, entry: KeyEntry) -> Result<(), Refusal> {
        self.sink.entry(entry)?;
        self.keys += 1;
        Ok(())
    }

    #[cold]
    fn empty_key(&mut self, key: &[u8]) {
        self.sink.empty_key(key);
        self.empty_keys += 1;
    }

    /// Everything before this offset is in the sink.
    #[inline]
    fn passed(&mut self, offset: u64) -> Result<(), Refusal> {
        if offset - self.reported >= self.step {
            self.reported = offset;
            self.sink.progress(offset)?;
        }
        Ok(())
    }

    fn decoded(&mut self, decoded: Decoded) -> Result<RawBatch, LoadError> {
        let Decoded { raw, entries } = decoded;
        for (at, outcome) in entries.into_iter().enumerate() {
            let taken = match outcome {
                Ok(entry) => self.entry(entry),
                Err(error) if matches!(error.fault, Fault::Empty) => {
                    self.empty_key(error.key.as_deref().unwrap_or_default());
                    Ok(())
                }
                Err(error) => return Err(*error),
            };
            taken.map_err(|refusal| raw.refused(at, refusal.into()))?;
            let offset = raw.offset(at);
            self.passed(offset).map_err(|refusal| LoadError::at(offset, refusal.into()))?;
        }
        Ok(raw)
    }
}

impl Ahead<'_> {
    /// Gives the batch away if it is full, and takes what has come back.
    #[inline]
    fn pass_on<S: Sink>(&mut self, taker: &mut Taker<'_, S>) -> Result<(), LoadError> {
        if self.batch.is_full() { self.exchange(taker) } else { Ok(()) }
    }

    fn exchange<S: Sink>(&mut self, taker: &mut Taker<'_, S>) -> Result<(), LoadError> {
        let mut spare = RawBatch::default();
        while let Some(decoded) = self.decoders.finished() {
            spare = taker.decoded(decoded)?;
        }
        while !self.decoders.has_room()
            && let Some(decoded) = self.decoders.finish()
        {
            spare = taker.decoded(decoded)?;
        }
        spare.clear();
        self.decoders.start(std::mem::replace(&mut self.batch, spare));
        Ok(())
    }

    /// Waits until everything that was read is in the sink.
    fn settle<S: Sink>(&mut self, taker: &mut Taker<'_, S>) -> Result<(), LoadError> {
        if !self.batch.is_empty() {
            self.decoders.start(std::mem::take(&mut self.batch));
        }
        while let Some(decoded) = self.decoders.finish() {
            taker.decoded(decoded)?;
        }
        Ok(())
    }
}
