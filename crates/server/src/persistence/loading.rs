//! Loading of data at the start of the process and by DEBUG RELOAD, with clients served meanwhile.
//!
//! ```text
//! file ── rdb::load ──> Loader (a Sink) ──> the shards' tables
//!                          └─ every few bytes: LoadingHost::serve ── -LOADING replies, INFO, SHUTDOWN
//! ```
//! With several workers as many threads decode ([`with_decoders`]); everything else stays with the one that
//! loads.
//!
//! Whoever loads is a [`LoadingHost`]: the event loop, which serves its clients while it loads, or the server
//! alone inside a command, when everybody waits anyway.

use super::decoders::with_decoders;
use super::loader::Loader;
use super::loading_state::{LastLoad, Loading};
use super::{aof, check_rdb};
use crate::config::os_text;
use crate::process::Abort;
use crate::server::Server;
use crate::{log_notice, log_warning};
use ochre_engine::settings::SanitizeDumpPayload;
use ochre_persistence::rdb::input::Input;
use ochre_persistence::rdb::{self, Fault, LoadError, LoadOptions, Source};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// Bytes of a file from which on it is worth to start threads.
const WORTH_THREADS: u64 = 1 << 20;

/// Who loads.
pub trait LoadingHost {
    /// The server.
    fn server(&mut self) -> &mut Server;

    /// Looks after clients, for a moment.
    fn serve(&mut self);
}

/// Inside a command nobody else is served.
impl LoadingHost for Server {
    fn server(&mut self) -> &mut Server {
        self
    }

    fn serve(&mut self) {}
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
pub fn at_start(host: &mut impl LoadingHost) -> Result<(), Abort> {
    aof::at_start(host, load_snapshot_at_start)
}

fn load_snapshot_at_start(host: &mut impl LoadingHost) -> Result<(), Abort> {
    let started = Instant::now();
    let path = host.server().shared.config.persistence.dbfilename.path().to_owned();
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
pub fn load_snapshot(host: &mut impl LoadingHost, path: &Path, mode: Mode) -> Outcome {
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
    host.server().shared.persistence.loading = None;
    if outcome == Outcome::Failed {
        // Whoever looks for the reason finds the checker's report where the log goes first.
        let _ = check_rdb::print(path);
    }
    outcome
}

/// Loads the snapshot that a stream begins with, in a loading that has begun.
pub fn load_stream<R: std::io::Read>(
    host: &mut impl LoadingHost,
    source: &mut Source<R>,
    mode: Mode,
) -> Outcome {
    let server = host.server();
    let (settings, now) = (server.shared.settings, server.state.clock.now());
    let config = &server.shared.config.persistence;
    let searched = AtomicU64::new(0);
    let options = LoadOptions {
        settings: &settings,
        seed: server.world.seed(),
        now,
        deep: (settings.sanitize_dump_payload == SanitizeDumpPayload::Yes).then_some(&searched),
        checksum: config.rdbchecksum && !settings.skip_checksum_validation,
    };
    let is_worth_threads = source.bytes_left().is_none_or(|bytes| bytes >= WORTH_THREADS);
    let threads = if is_worth_threads { server.workers.len().min(processors()) } else { 1 };
    let mut loader = Loader::new(host, now, mode);
    let loaded = match threads {
        1 => rdb::load(source, &options, &mut loader),
        _ => with_decoders(threads, options.decoding(), |decoders| {
            rdb::load_ahead(source, &options, &mut loader, decoders)
        }),
    };
    // Entries before an error may still wait for their places: a duplicate among them comes first.
    let loaded = loaded.map_err(|error| match &error.fault {
        Fault::Duplicate | Fault::Stopped => error,
        _ => match loader.insert() {
            Ok(()) => error,
            Err(refusal) => LoadError { fault: refusal.into(), ..error },
        },
    });
    host.server().state.stats.sanitizations.add(searched.into_inner());
    let LastLoad { keys, expired } = host.server().shared.persistence.last_load;
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

/// More threads than these would only take turns.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
        // Which key it is was logged when it was met; where in the file is not known any more.
        Fault::Duplicate => log_warning!("Duplicated key found in RDB file"),
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
        self.shared.persistence.last_load = LastLoad::default();
        self.shared.persistence.functions.clear();
        self.shared.persistence.loading = Some(Loading {
            started: self.state.clock.now().seconds(),
            began: self.state.clock.tick(),
            total_bytes: size,
            loaded_bytes: 0,
            used_memory: 0,
        });
    }
}
