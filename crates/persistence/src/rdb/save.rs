//! The snapshot writer: a whole world into one stream, reading a [`WorldView`].

use super::encode::{Encoder, Encoding};
use super::format::{MAGIC, opcode};
use super::output::Output;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{AccessClock, DbIndex, WorldView};
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_engine::time::UnixMs;
use std::io::{self, Write};

/// Entries whose values are fetched into the cache together, before the first of them is written.
const BATCH: usize = 16;

/// What a snapshot holds besides the data, and how it is written.
#[derive(Clone, Copy)]
pub struct SaveOptions<'a> {
    /// Level (which decides version and types) and memory policy (which decides whether idle times
    /// or frequencies are written).
    pub settings: &'a Settings,
    /// The time of the snapshot.
    pub now: UnixMs,
    /// Whether long strings are compressed (`rdbcompression`).
    pub compression: bool,
    /// `rdbchecksum`; without it the checksum is 0, which readers take for "not computed".
    pub checksum: bool,
    /// Bytes of memory in use, for the aux field `used-mem`.
    pub used_memory: u64,
    /// Whether the snapshot is the base of an AOF (aux field `aof-base`; `aof-preamble` before 7.0).
    pub aof_base: bool,
    /// More aux fields (`repl-stream-db`, `repl-id`, `repl-offset`), behind `used-mem`.
    pub aux: &'a [(&'a [u8], &'a [u8])],
    /// Codes of the function libraries.
    pub functions: &'a [&'a [u8]],
}

impl<'a> SaveOptions<'a> {
    /// Compression and checksum on, nothing but the data.
    pub fn new(settings: &'a Settings, now: UnixMs) -> Self {
        SaveOptions {
            settings,
            now,
            compression: true,
            checksum: true,
            used_memory: 0,
            aof_base: false,
            aux: &[],
            functions: &[],
        }
    }
}

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Keys written, all databases together.
    pub keys: u64,
    /// Bytes written so far.
    pub bytes: u64,
}

/// A snapshot that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Number of keys in the snapshot.
    pub keys: u64,
    /// Size of the snapshot in bytes.
    pub bytes: u64,
    /// Checksum of the snapshot.
    pub checksum: u64,
}

/// Writes a snapshot of the world. `observer` is called after every key, so it should look at the
/// clock only every thousandth time; its error ends the snapshot.
///
/// Keys whose time has come are written, too: who loads them decides.
pub fn save(
    world: WorldView<'_>,
    out: &mut dyn Write,
    options: &SaveOptions<'_>,
    mut observer: impl FnMut(Progress) -> io::Result<()>,
) -> io::Result<Saved> {
    let encoding = Encoding::of(options.settings.level, options.compression);
    let out = Output::new(out, options.checksum);
    let clock = AccessClock::new(options.settings, options.now, 0);
    let mut saver = Saver { encoder: Encoder::new(out, encoding), options, clock, keys: 0 };
    saver.header(encoding.version);
    for db in (0..world.dbs()).map(DbIndex) {
        saver.database(world, db, &mut observer)?;
    }
    saver.finish()
}

struct Saver<'a, 'w> {
    encoder: Encoder<'w>,
    options: &'a SaveOptions<'a>,
    clock: AccessClock,
    keys: u64,
}

impl Saver<'_, '_> {
    fn header(&mut self, version: u16) {
        let options = self.options;
        let level = options.settings.level;
        self.encoder.out.bytes(MAGIC);
        self.encoder.out.bytes(format!("{version:04}").as_bytes());
        self.aux(b"redis-ver", level.version().as_bytes());
        self.aux(b"redis-bits", b"64");
        self.aux(b"ctime", options.now.seconds().to_string().as_bytes());
        self.aux(b"used-mem", options.used_memory.to_string().as_bytes());
        options.aux.iter().for_each(|(name, value)| self.aux(name, value));
        let base: &[u8] = if level >= Level::V7_0 { b"aof-base" } else { b"aof-preamble" };
        self.aux(base, if options.aof_base { b"1" } else { b"0" });
        for code in options.functions {
            self.encoder.out.byte(opcode::FUNCTION2);
            self.encoder.string(code);
        }
    }

    fn aux(&mut self, name: &[u8], value: &[u8]) {
        self.encoder.out.byte(opcode::AUX);
        self.encoder.string(name);
        self.encoder.string(value);
    }

    fn database(
        &mut self,
        world: WorldView<'_>,
        db: DbIndex,
        observer: &mut impl FnMut(Progress) -> io::Result<()>,
    ) -> io::Result<()> {
        let keys = world.len(db);
        if keys == 0 {
            return Ok(());
        }
        let out = &mut self.encoder.out;
        out.byte(opcode::SELECTDB);
        out.length(u64::from(db.0));
        out.byte(opcode::RESIZEDB);
        out.length(keys as u64);
        out.length(world.volatile(db) as u64);
        let mut batch = Vec::with_capacity(BATCH);
        for part in world.parts(db) {
            let mut entries = part.table.iter();
            loop {
                batch.clear();
                batch.extend(entries.by_ref().take(BATCH));
                if batch.is_empty() {
                    break;
                }
                batch.iter().for_each(|entry: &&KeyEntry| entry.prefetch_value());
                for entry in &batch {
                    self.entry(entry);
                    observer(Progress { keys: self.keys, bytes: self.encoder.out.position() })?;
                }
                self.encoder.out.check()?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &KeyEntry) {
        let out = &mut self.encoder.out;
        if let Some(at) = entry.expiry() {
            out.byte(opcode::EXPIRETIME_MS);
            out.bytes(&at.0.to_le_bytes());
        }
        let policy = self.options.settings.maxmemory_policy;
        if policy.is_lru() {
            out.byte(opcode::IDLE);
            out.length(u64::from(self.clock.idle_seconds(entry.access())));
        } else if policy.is_lfu() {
            out.byte(opcode::FREQ);
            out.byte(self.clock.decayed(entry.access()) as u8);
        }
        let value_type = self.encoder.type_of(entry);
        self.encoder.out.byte(value_type.0);
        self.encoder.string(entry.key());
        self.encoder.value(entry);
        self.keys += 1;
    }

    fn finish(mut self) -> io::Result<Saved> {
        let out = &mut self.encoder.out;
        out.byte(opcode::EOF);
        let checksum = out.checksum();
        out.bytes(&checksum.to_le_bytes());
        out.flush()?;
        Ok(Saved { keys: self.keys, bytes: out.position(), checksum })
    }
}
