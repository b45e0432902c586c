//! Loading: the base, then the increments, as if a client had sent them.
//!
//! ```text
//! file ──┬ "REDIS..." ── rdb::load ──┐
//!        └───────────────────────────┴─> LogReader ──> 64 commands at a time: look up, prefetch, run
//! ```
//! A file that ends too early was cut off by a crash: what is whole is kept and the rest removed, if that is allowed
//! and the file is the last one. Anything else that cannot be is damage, and the process ends: silence would lose
//! data. Transactions take effect as a whole or not at all.

use super::State;
use crate::client::{Client, Flags, Token};
use crate::config::os_text;
use crate::exec::replay;
use crate::exec::{Plan, Planned};
use crate::log_notice;
use crate::log_warning;
use crate::persistence::debug_delay;
use crate::persistence::loading::{self, LoadingHost, Mode};
use crate::process::Abort;
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::error::Error;
use ochre_engine::keyspace::{ClientId, Hints};
use ochre_engine::level::Level;
use ochre_persistence::aof::{Commands, LogError, LogReader};
use ochre_persistence::rdb::Source;
use ochre_persistence::rdb::input::Input;
use ochre_resp::request::{Args, OwnedArgs};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Commands looked up and prefetched together.
const WINDOW: usize = 64;
/// Commands between two looks at clients.
const PER_SERVE: usize = 1024;

/// How the loading of a file, or of all, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadOutcome {
    /// Everything is there.
    Loaded,
    /// There is no file, or not yet.
    Missing,
    /// There is nothing in it.
    Empty,
    /// The end was cut off and has been removed.
    Truncated,
    /// It cannot be read or understood; the log says why.
    Failed,
    /// The server is to end.
    Stopped,
}

/// Loads the data at the start of the process: from here if there is an append-only file, otherwise by
/// `load_snapshot`; then opens the file to write to.
pub fn at_start<H: LoadingHost>(
    host: &mut H,
    load_snapshot: impl FnOnce(&mut H) -> Result<(), Abort>,
) -> Result<(), Abort> {
    host.server().read_manifest()?;
    if !host.server().shared.config.persistence.appendonly {
        load_snapshot(host)?;
        host.server().aof_settings_changed();
        return Ok(());
    }
    let started = Instant::now();
    match load_all(host) {
        LoadOutcome::Failed => return Err(Abort::Failed),
        LoadOutcome::Stopped => return Ok(()),
        LoadOutcome::Missing => {}
        _ => log_notice!("DB loaded from append only file: {:.3} seconds", started.elapsed().as_secs_f64()),
    }
    host.server().open_aof_at_start()?;
    host.server().aof_settings_changed();
    Ok(())
}

/// Loads all files of the manifest.
fn load_all(host: &mut impl LoadingHost) -> LoadOutcome {
    let server = host.server();
    let name = server.shared.config.persistence.appendfilename.clone();
    let upgrades = name.path().exists()
        && server
            .shared
            .persistence
            .aof
            .may_upgrade(&name.0, server.shared.config.persistence.appenddirname.path());
    if upgrades && server.upgrade_old_file().is_err() {
        return LoadOutcome::Failed;
    }
    let manifest = server.shared.persistence.aof.manifest.clone();
    if manifest.is_empty() {
        return LoadOutcome::Missing;
    }
    let (mut total, mut base_size) = (0, 0);
    for part in manifest.parts() {
        // A file that is named but not there has been lost.
        let Ok(size) = server.aof_file_size(part.path()) else { return LoadOutcome::Failed };
        total += size;
        if manifest.base.as_ref() == Some(part) {
            base_size = size;
        }
    }
    if total == 0 {
        return LoadOutcome::Empty;
    }
    server.start_loading(total);
    let count = manifest.parts().count();
    let mut outcome = LoadOutcome::Loaded;
    for (at, part) in manifest.parts().enumerate() {
        let kind = if manifest.base.as_ref() == Some(part) { "base" } else { "incr" };
        outcome = load_part(host, part.path(), kind, at + 1 == count);
        if matches!(outcome, LoadOutcome::Failed | LoadOutcome::Missing | LoadOutcome::Stopped) {
            break;
        }
    }
    let server = host.server();
    server.shared.persistence.loading = None;
    match outcome {
        LoadOutcome::Missing => return LoadOutcome::Failed,
        LoadOutcome::Failed | LoadOutcome::Stopped => return outcome,
        _ => {}
    }
    let aof = &mut server.shared.persistence.aof;
    // The size after the last rewrite is not known any more.
    (aof.writer.get_mut().size, aof.base_size) = (total, base_size);
    outcome
}

/// Loads one file. Only the end of the last one may be missing.
fn load_part(host: &mut impl LoadingHost, name: &Path, kind: &str, is_last: bool) -> LoadOutcome {
    let started = Instant::now();
    let outcome = load_file(host, name);
    match outcome {
        LoadOutcome::Truncated if !is_last => {
            log_warning!("Fatal error: the truncated file is not the last file");
            return LoadOutcome::Failed;
        }
        LoadOutcome::Loaded | LoadOutcome::Truncated => log_notice!(
            "DB loaded from {kind} file {}: {:.3} seconds",
            name.display(),
            started.elapsed().as_secs_f64()
        ),
        _ => {}
    }
    outcome
}

fn load_file(host: &mut impl LoadingHost, name: &Path) -> LoadOutcome {
    let path = host.server().aof_path(name);
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (size, file) = match opened {
        Ok((0, _)) => return LoadOutcome::Empty,
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            log_warning!("The append log file {} doesn't exist: {}", name.display(), os_text(&error));
            return LoadOutcome::Missing;
        }
        Err(error) => {
            let (name, error) = (name.display(), os_text(&error));
            log_warning!("Fatal error: can't open the append log file {name} for reading: {error}");
            return LoadOutcome::Failed;
        }
    };
    let before = host.server().shared.persistence.loading.map_or(0, |loading| loading.loaded_bytes);
    let mut source = Source::new(file, Some(size));
    let mut offset = 0;
    if source.fill_buf().is_ok_and(|start| start.starts_with(b"REDIS")) {
        match load_snapshot_part(host, name, &mut source) {
            LoadOutcome::Loaded => offset = source.offset(),
            other => return other,
        }
    }
    let reader = LogReader::new(source, offset, size.saturating_sub(offset));
    let mut replay = Replay::new(host, name, before, offset);
    let ended = replay.run(reader);
    let (valid, in_transaction) = (replay.valid(), replay.transaction.is_some());
    match ended {
        Ok(()) if in_transaction => {
            log_warning!("Revert incomplete MULTI/EXEC transaction in AOF file {}", name.display());
            cut_off(host.server(), name, &path, valid)
        }
        Ok(()) => LoadOutcome::Loaded,
        Err(Stop::Truncated) => cut_off(host.server(), name, &path, valid),
        Err(Stop::Failed) => LoadOutcome::Failed,
        Err(Stop::Asked) => LoadOutcome::Stopped,
    }
}

/// Loads the snapshot that a file begins with.
fn load_snapshot_part<R: Read>(
    host: &mut impl LoadingHost,
    name: &Path,
    source: &mut Source<R>,
) -> LoadOutcome {
    let is_old = name == host.server().shared.config.persistence.appendfilename.path();
    if is_old {
        log_notice!("Reading RDB preamble from AOF file...");
    } else {
        log_notice!("Reading RDB base file on AOF loading...");
    }
    // Commands behind the snapshot may give a key another time.
    let mode = Mode { keeps_expired: true, ..Mode::default() };
    match loading::load_stream(host, source, mode) {
        loading::Outcome::Loaded => {}
        loading::Outcome::Stopped => return LoadOutcome::Stopped,
        _ => {
            let what = if is_old { "RDB preamble of the AOF file" } else { "RDB base file" };
            log_warning!("Error reading the {what} {}, AOF loading aborted", name.display());
            return LoadOutcome::Failed;
        }
    }
    if is_old {
        log_notice!("Reading the remaining AOF tail...");
    }
    LoadOutcome::Loaded
}

/// Removes what is behind the last whole command, if the configuration allows it.
fn cut_off(server: &Server, name: &Path, path: &Path, valid: u64) -> LoadOutcome {
    let name = name.display();
    if server.shared.config.persistence.aof_load_truncated {
        log_warning!("!!! Warning: short read while loading the AOF file {name}!!!");
        log_warning!("!!! Truncating the AOF {name} at offset {valid} !!!");
        match OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(valid)) {
            Ok(()) => {
                log_warning!("AOF {name} loaded anyway because aof-load-truncated is enabled");
                return LoadOutcome::Truncated;
            }
            Err(error) => log_warning!("Error truncating the AOF file {name}: {}", os_text(&error)),
        }
    }
    log_warning!(
        "Unexpected end of file reading the append only file {name}. You can: 1) Make a backup of your AOF file, \
         then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the \
         'aof-load-truncated' configuration option to yes and restart the server."
    );
    LoadOutcome::Failed
}

/// Why a replay ended early.
enum Stop {
    /// The file ends in the middle of a command.
    Truncated,
    /// It makes no sense; the log says why.
    Failed,
    /// The server is to end.
    Asked,
}

/// Commands of a transaction, until it is known to be whole.
struct Transaction {
    /// Where it begins in the file.
    start: u64,
    commands: Vec<(CommandId, OwnedArgs)>,
}

/// Runs the commands of a log.
struct Replay<'a, H> {
    host: &'a mut H,
    name: PathBuf,
    client: Box<Client>,
    transaction: Option<Transaction>,
    /// Position in the file behind the last command.
    end: u64,
    /// Bytes of files that were loaded before this one.
    before: u64,
    since_serve: usize,
    multi: Option<CommandId>,
    exec: Option<CommandId>,
}

impl<'a, H: LoadingHost> Replay<'a, H> {
    fn new(host: &'a mut H, name: &Path, before: u64, offset: u64) -> Replay<'a, H> {
        let server = host.server();
        let now = server.state.tick;
        let mut client = Box::new(Client::new(ClientId(u64::MAX), Token::NOWHERE, None, now));
        client.flags.insert(Flags::INTERNAL | Flags::DENY_BLOCKING);
        let (multi, exec) = (server.shared.commands.find(b"multi"), server.shared.commands.find(b"exec"));
        let name = name.to_owned();
        Replay { host, name, client, transaction: None, end: offset, before, since_serve: 0, multi, exec }
    }

    /// Up to where the file is worth keeping.
    fn valid(&self) -> u64 {
        self.transaction.as_ref().map_or(self.end, |transaction| transaction.start)
    }

    fn run<R: Read>(&mut self, mut reader: LogReader<R>) -> Result<(), Stop> {
        let mut plan = Plan::default();
        loop {
            match reader.next(WINDOW) {
                Ok(Some(commands)) => self.window(&commands, &mut plan)?,
                Ok(None) => return Ok(()),
                Err(LogError::Truncated) => return Err(Stop::Truncated),
                Err(LogError::Damaged { offset }) => {
                    log_warning!(
                        "Bad file format reading the append only file {}: make a backup of your AOF file, then \
                         use ./redis-check-aof --fix <filename.manifest> (offset {offset})",
                        self.name.display()
                    );
                    return Err(Stop::Failed);
                }
                Err(LogError::Io(error)) => {
                    log_warning!(
                        "Unrecoverable error reading the append only file {}: {}",
                        self.name.display(),
                        os_text(&error)
                    );
                    return Err(Stop::Failed);
                }
            }
            self.serve()?;
        }
    }

    /// Looks after clients from time to time.
    fn serve(&mut self) -> Result<(), Stop> {
        if self.since_serve < PER_SERVE {
            return Ok(());
        }
        self.since_serve = 0;
        if let Some(loading) = &mut self.host.server().shared.persistence.loading {
            loading.loaded_bytes = self.before + self.end;
        }
        self.host.serve();
        if self.host.server().shared.shutdown { Err(Stop::Asked) } else { Ok(()) }
    }

    /// Runs some commands, having looked up what they touch.
    fn window(&mut self, commands: &Commands<'_>, plan: &mut Plan) -> Result<(), Stop> {
        let server = self.host.server();
        server.state.tick = server.state.clock.tick();
        plan.clear();
        let (world, db) = (server.world.view(), self.client.db);
        for at in 0..commands.len() {
            let args = commands.args(at);
            plan.push(
                &server.shared.commands,
                args,
                |key| world.locate(key),
                |key| world.prefetch_bucket(db, key),
            );
        }
        plan.fetched(0, plan.len()).iter().for_each(|hash| world.prefetch_entry(db, *hash));
        for at in 0..plan.len() {
            self.command(plan.get(at), commands.args(at))?;
            self.end = commands.end(at);
        }
        self.since_serve += commands.len();
        Ok(())
    }

    #[inline]
    fn command(&mut self, planned: Planned<'_>, args: Args<'_>) -> Result<(), Stop> {
        let server = self.host.server();
        let Ok(command) = server.setup().resolve(planned.command, args) else {
            log_warning!(
                "Unknown command '{}' reading the append only file {}",
                String::from_utf8_lossy(args.get(0)),
                self.name.display()
            );
            return Err(Stop::Failed);
        };
        if !server.shared.commands.get(command).arity_fits(args.len()) {
            log_warning!(
                "Wrong number of arguments for command '{}' reading the append only file {}",
                server.shared.commands.get(command).full_name,
                self.name.display()
            );
            return Err(Stop::Failed);
        }
        if Some(command) == self.exec {
            let queued = self.transaction.take().map(|transaction| transaction.commands);
            for (command, args) in queued.unwrap_or_default() {
                server.replay(&mut self.client, command, args.args(), Hints::NONE)?;
            }
        } else if let Some(transaction) = &mut self.transaction {
            transaction.commands.push((command, args.to_owned_args()));
        } else if Some(command) == self.multi {
            self.transaction = Some(Transaction { start: self.end, commands: Vec::new() });
        } else {
            server.replay(&mut self.client, command, args, planned.hints)?;
        }
        Ok(())
    }
}

impl Server {
    /// Runs a command of the log: nothing is counted, checked or sent on.
    #[inline]
    fn replay(
        &mut self,
        client: &mut Client,
        command: CommandId,
        args: Args<'_>,
        hints: Hints<'_>,
    ) -> Result<(), Stop> {
        let mark = client.output.mark();
        let outcome = replay(self, client, command, hints, args);
        client.output.rollback(mark);
        if let Err(error) = outcome {
            self.note_failure(command, &error)?;
        }
        let dirty = std::mem::take(&mut self.state.fx.dirty);
        self.state.stats.changes.add(dirty);
        if !self.state.fx.is_quiet() {
            self.with_context(client, |context, _| context.deliver());
        }
        if self.shared.config.persistence.key_load_delay != 0 {
            debug_delay(self.shared.config.persistence.key_load_delay);
        }
        Ok(())
    }

    /// A command of the log failed. What a level does not understand must not be lost without a word: such a
    /// log was written at a higher one.
    #[cold]
    fn note_failure(&mut self, command: CommandId, error: &Error) -> Result<(), Stop> {
        let (level, name) = (self.shared.settings.level, &self.shared.commands.get(command).full_name);
        let text = String::from_utf8_lossy(error.text());
        log_warning!(
            "== CRITICAL == This server is sending an error to its AOF-loading-client: '{text}' after processing \
             the command '{name}'"
        );
        if level < Level::V7_2 && (*error == Error::SYNTAX || text.contains("nknown subcommand")) {
            log_warning!(
                "The append-only file has a form of '{name}' that compat-version {level} does not know. \
                 It was written at a higher one: start with that."
            );
            return Err(Stop::Failed);
        }
        Ok(())
    }

    /// Empties the data set and loads it again from the append-only file (DEBUG LOADAOF).
    pub fn reload_aof(&mut self) -> LoadOutcome {
        if self.shared.persistence.aof.is_on() {
            self.flush_aof(true);
        }
        let dirty = self.state.fx.dirty;
        (0..self.world.dbs()).for_each(|db| self.empty(ochre_engine::keyspace::DbIndex(db), false));
        self.state.fx.dirty = dirty;
        if self.read_manifest().is_err() {
            return LoadOutcome::Failed;
        }
        self.delete_history();
        let propagates = std::mem::replace(&mut self.state.fx.propagates, false);
        let outcome = load_all(self);
        self.state.fx.propagates = propagates;
        self.changes_saved(u64::MAX);
        if outcome == LoadOutcome::Truncated && self.shared.persistence.aof.state != State::Off {
            self.measure_increment();
        }
        outcome
    }

    /// The increment became shorter while it was loaded.
    fn measure_increment(&mut self) {
        let writer = self.shared.persistence.aof.writer.get_mut();
        let Some(file) = &writer.file else { return };
        if let Ok(metadata) = file.metadata() {
            let size = metadata.len();
            (writer.incr_size, writer.synced_size) = (size, writer.synced_size.min(size));
        }
    }
}
