//! Loading of data at the start of the process and by DEBUG RELOAD, with clients served meanwhile.
//!
//! ```text
//! file ── rdb::load ──> Loader (a Sink) ──> the shards' tables
//!                          └─ every few bytes: Host::serve ── -LOADING replies, INFO, SHUTDOWN
//! ```
//! Whoever loads is a [`Host`]: the event loop, which serves its clients while it loads, or the server
//! alone inside a command, when everybody waits anyway.

use super::{aof, check_rdb, debug_delay};
use crate::config::os_text;
use crate::server::Server;
use crate::startup::Abort;
use crate::{log_debug, log_notice, log_warning};
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{Batch, DbIndex};
use ochre_engine::settings::SanitizeDumpPayload;
use ochre_engine::time::UnixMs;
use ochre_persistence::rdb::{self, Fault, LoadError, LoadOptions, Refusal, Sink, Source};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

/// Who loads.
pub trait Host {
    /// The server.
    fn server(&mut self) -> &mut Server;

    /// Looks after clients, for a moment.
    fn serve(&mut self);
}

/// Inside a command nobody else is served.
impl Host for Server {
    fn server(&mut self) -> &mut Server {
        self
    }

    fn serve(&mut self) {}
}

/// A loading under way.
#[derive(Debug, Clone, Copy)]
pub struct Loading {
    /// When it began, in seconds since 1970.
    pub started: i64,
    /// Size of the file.
    pub total_bytes: u64,
    /// Bytes read.
    pub loaded_bytes: u64,
    /// Bytes of memory the data took where it was saved.
    pub used_memory: u64,
}

/// What a loading brought.
#[derive(Debug, Clone, Copy, Default)]
pub struct LastLoad {
    /// Keys that are there now.
    pub keys: u64,
    /// Keys whose time had come.
    pub expired: u64,
}

/// How a loading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is there.
    Loaded,
    /// There is no file.
    Missing,
    /// The file cannot be read, or not be understood; the log says why.
    Failed,
    /// The server is to end.
    Stopped,
}

/// How a snapshot is loaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mode {
    /// Keys that are there already are replaced, in place of being an error.
    pub replaces: bool,
    /// Keys are loaded even if their time has come: commands that follow may change it.
    pub keeps_expired: bool,
}

/// Loads the data at the start of the process.
pub fn at_start(host: &mut impl Host) -> Result<(), Abort> {
    aof::at_start(host, load_snapshot_at_start)
}

fn load_snapshot_at_start(host: &mut impl Host) -> Result<(), Abort> {
    let started = Instant::now();
    let path = host.server().config.persistence.dbfilename.path().to_owned();
    match load_snapshot(host, &path, Mode::default()) {
        Outcome::Loaded => {
            log_notice!("DB loaded from disk: {:.3} seconds", started.elapsed().as_secs_f64());
            Ok(())
        }
        Outcome::Missing | Outcome::Stopped => Ok(()),
        Outcome::Failed => {
            log_warning!("Fatal error loading the DB, check server logs. Exiting.");
            Err(Abort::Failed)
        }
    }
}

/// Loads a snapshot.
pub fn load_snapshot(host: &mut impl Host, path: &Path, mode: Mode) -> Outcome {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Outcome::Missing,
        Err(error) => {
            let (path, error) = (path.display(), os_text(&error));
            log_warning!("Fatal error: can't open the RDB file {path} for reading: {error}");
            return Outcome::Failed;
        }
    };
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    host.server().start_loading(size);
    let outcome = load_stream(host, &mut Source::new(file, Some(size)), mode);
    host.server().persistence.loading = None;
    if outcome == Outcome::Failed {
        // Whoever looks for the reason finds the checker's report where the log goes first.
        let _ = check_rdb::print(path);
    }
    outcome
}

/// Loads the snapshot that a stream begins with, in a loading that has begun.
pub fn load_stream<R: std::io::Read>(host: &mut impl Host, source: &mut Source<R>, mode: Mode) -> Outcome {
    let server = host.server();
    let (settings, now) = (server.settings, server.lane.clock.now());
    let config = &server.config.persistence;
    let options = LoadOptions {
        settings: &settings,
        seed: server.world.seed(),
        now,
        deep: settings.sanitize_dump_payload == SanitizeDumpPayload::Yes,
        checksum: config.rdbchecksum && !settings.skip_checksum_validation,
    };
    let interval = config.loading_process_events_interval_bytes.max(1).unsigned_abs();
    let mut loader = Loader {
        batch: Batch::new(DbIndex(0)),
        now,
        mode,
        delay: config.key_load_delay,
        interval,
        before: server.persistence.loading.map_or(0, |loading| loading.loaded_bytes),
        host,
    };
    let loaded = rdb::load(source, &options, &mut loader);
    let LastLoad { keys, expired } = host.server().persistence.last_load;
    match loaded {
        Ok(loaded) => {
            if loaded.empty_keys > 0 {
                log_notice!(
                    "Done loading RDB, keys loaded: {keys}, keys expired: {expired}, empty keys skipped: {}.",
                    loaded.empty_keys
                );
            } else {
                log_notice!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}.");
            }
            Outcome::Loaded
        }
        Err(LoadError { fault: Fault::Stopped, .. }) => Outcome::Stopped,
        Err(error) => {
            log_error(&error, settings.databases);
            Outcome::Failed
        }
    }
}

/// Logs why a file was refused, in the words that tools look for.
fn log_error(error: &LoadError, databases: u32) {
    match &error.fault {
        Fault::Signature => return log_warning!("Wrong signature trying to load DB from file"),
        Fault::Version(version) => return log_warning!("Can't handle RDB format version {version}"),
        Fault::Database(_) => {
            return log_warning!(
                "FATAL: Data file was created with a Redis server configured to handle more than {databases} \
                 databases. Exiting"
            );
        }
        Fault::Short => {
            log_warning!("Short read or OOM loading DB. Unrecoverable error, aborting now.");
            log_warning!(
                "Internal error in RDB reading offset {} -> Unexpected EOF reading RDB file",
                error.offset
            );
        }
        Fault::Checksum { computed, stored } => {
            log_warning!("Wrong RDB checksum expected: ({stored:x}) but got ({computed:x}). Aborting now.");
            log_warning!("Internal error in RDB reading offset {} -> RDB CRC error", error.offset);
        }
        fault => {
            log_warning!("Internal error in RDB reading offset {} -> {fault}", error.offset);
            if let Some(value_type) = error.value_type {
                log_warning!("It is in a value of type {} ({})", value_type.0, value_type.name());
            }
            if let Some(key) = &error.key {
                log_warning!("It is in the key '{}'", key.escape_ascii());
            }
        }
    }
    log_warning!("Terminating server after rdb file reading failure.");
}

impl Server {
    /// From now on clients are told that data is being loaded; `size` is that of all files together.
    pub fn start_loading(&mut self, size: u64) {
        self.persistence.last_load = LastLoad::default();
        self.persistence.loading = Some(Loading {
            started: self.lane.clock.now().seconds(),
            total_bytes: size,
            loaded_bytes: 0,
            used_memory: 0,
        });
    }
}

/// Takes what is in a snapshot.
struct Loader<'a, H> {
    host: &'a mut H,
    batch: Batch,
    now: UnixMs,
    mode: Mode,
    delay: i32,
    interval: u64,
    /// Bytes of files that were loaded before this one.
    before: u64,
}

impl<H: Host> Loader<'_, H> {
    /// Puts the entries that wait into the tables.
    fn insert(&mut self) -> Result<(), Refusal> {
        let server = self.host.server();
        let inserted = self.batch.insert(&mut server.world, self.mode.replaces);
        server.persistence.last_load.keys += inserted.map_err(|duplicate| {
            let (key, db) = (duplicate.0.escape_ascii().to_string(), self.batch.db().0);
            log_warning!("RDB has duplicated key '{key}' in DB {db}");
            Refusal::Duplicate
        })?;
        Ok(())
    }
}

impl<H: Host> Sink for Loader<'_, H> {
    fn select(&mut self, db: DbIndex) -> Result<(), Refusal> {
        self.insert()?;
        self.batch.select(db);
        Ok(())
    }

    fn size_hint(&mut self, keys: u64, _volatile: u64) {
        self.host.server().world.reserve(self.batch.db(), keys as usize);
    }

    fn end(&mut self) -> Result<(), Refusal> {
        self.insert()
    }

    fn entry(&mut self, entry: KeyEntry) -> Result<(), Refusal> {
        let server = self.host.server();
        if self.delay != 0 {
            debug_delay(self.delay);
        }
        if !self.mode.keeps_expired && entry.expiry().is_some_and(|at| at < self.now) {
            server.persistence.last_load.expired += 1;
            return Ok(());
        }
        if self.batch.push(&server.world, entry) { self.insert() } else { Ok(()) }
    }

    fn aux(&mut self, name: &[u8], value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let number = || text.trim().parse::<i64>().unwrap_or(0);
        match name {
            b"redis-ver" => log_notice!("Loading RDB produced by version {text}"),
            b"ctime" => log_notice!("RDB age {} seconds", (self.now.seconds() - number()).max(0)),
            b"used-mem" => {
                log_notice!("RDB memory usage when created {:.2} Mb", number() as f64 / f64::from(1 << 20));
                if let Some(loading) = &mut self.host.server().persistence.loading {
                    loading.used_memory = number().max(0).unsigned_abs();
                }
            }
            b"aof-preamble" if number() != 0 => log_notice!("RDB has an AOF tail"),
            b"aof-base" if number() != 0 => log_notice!("RDB is base AOF"),
            b"aof-preamble" | b"aof-base" | b"redis-bits" | b"lua" => {}
            b"repl-stream-db" | b"repl-id" | b"repl-offset" => {}
            [b'%', ..] => log_notice!("RDB '{}': {text}", name.escape_ascii()),
            _ => log_debug!("Unrecognized RDB AUX field: '{}'", name.escape_ascii()),
        }
    }

    fn empty_key(&mut self, key: &[u8]) {
        log_notice!("rdbLoadObject skipping empty key: {}", key.escape_ascii());
    }

    fn module_aux(&mut self, module: &str) {
        log_warning!("The RDB file contains AUX module data I can't load: no matching module '{module}'");
    }

    fn progress_step(&self) -> u64 {
        self.interval
    }

    fn progress(&mut self, bytes: u64) -> Result<(), Refusal> {
        let server = self.host.server();
        if let Some(loading) = &mut server.persistence.loading {
            loading.loaded_bytes = self.before + bytes;
        }
        self.host.serve();
        if self.host.server().shutdown { Err(Refusal::Stopped) } else { Ok(()) }
    }
}
