//! Takes what is in a snapshot into the shards' tables.

use super::debug_delay;
use super::loading::{LoadingHost, Mode};
use crate::{log_debug, log_notice, log_warning};
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{Batch, DbIndex};
use ochre_engine::level::Level;
use ochre_engine::time::UnixMs;
use ochre_persistence::rdb::{Refusal, Sink};

/// Takes what is in a snapshot.
pub(super) struct Loader<'a, H> {
    host: &'a mut H,
    batch: Batch,
    now: UnixMs,
    mode: Mode,
    /// `key-load-delay`.
    delay: i32,
    /// Bytes after which clients are looked after.
    interval: u64,
    /// Bytes of files that were loaded before this one.
    before: u64,
}

impl<'a, H: LoadingHost> Loader<'a, H> {
    /// Keys whose time has come by `now` are left out unless `mode` says otherwise.
    pub(super) fn new(host: &'a mut H, now: UnixMs, mode: Mode) -> Loader<'a, H> {
        let server = host.server();
        let config = &server.shared.config.persistence;
        let (delay, interval) = (config.key_load_delay, config.loading_process_events_interval_bytes);
        let before = server.shared.persistence.loading.map_or(0, |loading| loading.loaded_bytes);
        let interval = interval.max(1).unsigned_abs();
        Loader { host, batch: Batch::new(DbIndex(0)), now, mode, delay, interval, before }
    }

    /// Puts the entries that wait into the tables.
    pub(super) fn insert(&mut self) -> Result<(), Refusal> {
        let server = self.host.server();
        let inserted = self.batch.insert(&mut server.world, self.mode.replaces);
        server.shared.persistence.last_load.keys += inserted.map_err(|duplicate| {
            let (key, db) = (duplicate.0.escape_ascii().to_string(), self.batch.db().0);
            log_warning!("RDB has duplicated key '{key}' in DB {db}");
            Refusal::Duplicate
        })?;
        Ok(())
    }
}

impl<H: LoadingHost> Sink for Loader<'_, H> {
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
            server.shared.persistence.last_load.expired += 1;
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
                if let Some(loading) = &mut self.host.server().shared.persistence.loading {
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

    /// Kept for the next snapshot, if that can hold it.
    fn function(&mut self, code: &[u8]) -> Result<(), Refusal> {
        let server = self.host.server();
        if server.shared.settings.level >= Level::V7_0 {
            log_notice!("A function library was loaded: it is kept, but cannot be called");
            server.shared.persistence.functions.push(code.into());
        } else {
            log_warning!("A function library was left out: this level has none");
        }
        Ok(())
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
        if let Some(loading) = &mut server.shared.persistence.loading {
            loading.loaded_bytes = self.before + bytes;
        }
        self.host.serve();
        if self.host.server().shared.shutdown { Err(Refusal::Stopped) } else { Ok(()) }
    }
}
