//! The log of commands: the effects of commands as further commands, for the append-only file.
//!
//! ```text
//! effects of a command ──> Journal ──┬─ alone: straight to the feed
//!                                    └─ one of several: kept until the unit ends, then between MULTI and EXEC
//! feed: [#TS:time] [SELECT db] command ...      bytes in order of execution, taken by the writer
//! ```
//! Several workers write one log: each has a journal for the commands of a group whose shards it holds, and appends
//! it to the one feed before it releases the shards ([`Inbox`]).
//!
//! A *unit* is a sequence of commands that must not be torn apart: a transaction, or one command with its deletions of
//! expired keys. Only the [`Journal`] adds to the log. A worker calls it while it holds the shards of the command, so the
//! order of the log is the order of execution. The order inside a unit and the positions of SELECT and MULTI are those of
//! Redis (server.c: propagatePendingCommands), to the byte.

use crate::table::Entry;
use ochre_engine::command::Effects;
use ochre_engine::command::effects::Propagation;
use ochre_engine::command::flags::TOUCHES_ARBITRARY_KEYS;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_resp::request::{Args, push_args, push_command, push_count, push_word};

mod inbox;

pub use inbox::Inbox;

/// The bytes of the log on their way to one reader.
#[derive(Default)]
pub struct Feed {
    /// The bytes that were appended and not taken yet.
    pub bytes: Vec<u8>,
    /// Whether there is a reader.
    pub is_open: bool,
    /// Whether the time is noted in front of a command when the second has changed (`aof-timestamp-enabled`).
    pub timestamps: bool,
    /// The database that was selected last in the log.
    selected: Option<DbIndex>,
    /// The database that the bytes select at their beginning, and the length of that command.
    lead: Option<(DbIndex, usize)>,
    /// The time that was noted last, in seconds.
    told: i64,
}

impl Feed {
    /// The feed in which a worker gathers the commands of a group.
    fn of_worker() -> Feed {
        Feed { is_open: true, ..Feed::default() }
    }

    /// Forgets the selected database, so that the next command selects it again.
    pub fn forget_selected(&mut self) {
        self.selected = None;
    }

    /// Notes time and database of the command that follows.
    #[inline]
    fn begin(&mut self, db: Option<DbIndex>, now: i64) {
        self.tell_time(now);
        if let Some(db) = db
            && self.selected != Some(db)
        {
            let is_lead = self.bytes.is_empty();
            self.selected = Some(db);
            push_command(&mut self.bytes, &[b"SELECT", itoa::Buffer::new().format(db.0).as_bytes()]);
            if is_lead {
                self.lead = Some((db, self.bytes.len()));
            }
        }
    }

    /// Moves the bytes of the feed of a worker here. That feed began without a selected database and without a time, so
    /// the time `now` in seconds is noted, and a selection of the same database is left out.
    fn absorb(&mut self, other: &mut Feed, now: i64) {
        let Some(selected) = other.selected.take() else { return };
        let lead = other.lead.take();
        let skip = lead.filter(|(db, _)| self.selected == Some(*db)).map_or(0, |(_, len)| len);
        self.tell_time(now);
        self.bytes.extend_from_slice(&other.bytes[skip..]);
        self.selected = Some(selected);
        other.bytes.clear();
        other.bytes.shrink_to(MAX_KEPT);
    }

    /// Notes the time in seconds, if times are wanted and it has changed.
    #[inline]
    fn tell_time(&mut self, now: i64) {
        if self.timestamps && self.told < now {
            self.told = now;
            self.bytes.extend_from_slice(format!("#TS:{now}\r\n").as_bytes());
        }
    }
}

/// The circumstances of a command that is logged.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The database that it worked on.
    pub db: DbIndex,
    /// The command.
    pub command: &'a Entry,
    /// The settings.
    pub settings: &'a Settings,
    /// The time in seconds.
    pub seconds: i64,
}

/// The maker of the log.
#[derive(Default)]
pub struct Journal {
    /// The feed of the append-only file.
    pub aof: Feed,
    /// Commands of the unit under way.
    unit: Vec<u8>,
    /// The databases of these commands, and the ends of the commands in `unit`.
    commands: Vec<(DbIndex, usize)>,
    /// The number of open units, one in another.
    depth: u32,
}

impl Journal {
    /// The journal of a worker, for the shared mode.
    pub fn of_worker() -> Journal {
        Journal { aof: Feed::of_worker(), ..Journal::default() }
    }

    /// Appends the log of a command. To be called once per command, if [`Effects::propagates`], after its handler and
    /// before its effects are carried out.
    #[inline]
    pub fn record(&mut self, fx: &mut Effects, scene: Scene<'_>, args: Args<'_>) {
        if fx.gone.is_empty() && matches!(fx.propagation, Propagation::Verbatim) {
            if fx.dirty > 0 {
                self.append(scene.db, args, scene.seconds);
            }
            return;
        }
        self.record_rare(fx, scene, args);
    }

    #[cold]
    fn record_rare(&mut self, fx: &mut Effects, scene: Scene<'_>, args: Args<'_>) {
        self.open();
        self.add_gone(fx, scene.settings.lazyfree_lazy_expire);
        match std::mem::take(&mut fx.propagation) {
            Propagation::Verbatim if fx.dirty == 0 => {}
            Propagation::Verbatim | Propagation::Forced => self.add(scene.db, args.iter()),
            Propagation::Nothing => {}
            Propagation::Instead(commands) => {
                for words in &commands {
                    self.add(scene.db, words.iter().map(Vec::as_slice));
                }
            }
        }
        // The expired keys that such a command meets are a matter of chance, so they are no unit with it.
        let at_random = scene.command.meta.flags & TOUCHES_ARBITRARY_KEYS != 0;
        self.end_unit(!at_random, scene.settings.level, scene.seconds);
    }

    /// Appends the deletions of expiry and eviction, one by one, as each is independent of the others.
    pub fn record_gone(&mut self, fx: &mut Effects, lazy: bool, level: Level, seconds: i64) {
        self.open();
        self.add_gone(fx, lazy);
        self.end_unit(false, level, seconds);
    }

    fn add_gone(&mut self, fx: &mut Effects, lazy: bool) {
        let word: &[u8] = if lazy { b"UNLINK" } else { b"DEL" };
        for (db, key) in std::mem::take(&mut fx.gone) {
            self.add(db, [word, &key].into_iter());
        }
    }

    fn end_unit(&mut self, together: bool, level: Level, seconds: i64) {
        if !together && self.depth == 1 && !self.commands.is_empty() {
            self.finish(false, level, seconds);
        }
        self.close(level, seconds);
    }

    /// Whether the log has a reader.
    pub fn is_read(&self) -> bool {
        self.aof.is_open
    }

    /// Whether a unit is open: a transaction runs.
    pub fn is_in_unit(&self) -> bool {
        self.depth > 0
    }

    /// Begins a unit, which [`Journal::close`] ends.
    pub fn open(&mut self) {
        self.depth += 1;
    }

    /// Ends a unit. The outermost one is handed over.
    pub fn close(&mut self, level: Level, seconds: i64) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 && !self.commands.is_empty() {
            self.finish(true, level, seconds);
        }
    }

    /// Appends a command that was run alone, or as part of the open unit.
    #[inline]
    fn append(&mut self, db: DbIndex, args: Args<'_>, seconds: i64) {
        if self.depth == 0 && self.commands.is_empty() {
            self.aof.begin(Some(db), seconds);
            push_args(&mut self.aof.bytes, args);
        } else {
            push_args(&mut self.unit, args);
            self.commands.push((db, self.unit.len()));
        }
    }

    /// Adds a command to the unit.
    fn add<'a>(&mut self, db: DbIndex, words: impl ExactSizeIterator<Item = &'a [u8]>) {
        push_count(&mut self.unit, words.len());
        words.for_each(|word| push_word(&mut self.unit, word));
        self.commands.push((db, self.unit.len()));
    }

    /// Moves the unit to the feed, between MULTI and EXEC if it has several commands and they belong `together`.
    #[cold]
    fn finish(&mut self, together: bool, level: Level, seconds: i64) {
        if !self.aof.is_open {
            // The log was switched off while the unit was under way.
            self.commands.clear();
        }
        let is_transaction = together && self.commands.len() > 1;
        if is_transaction {
            // Since 7.2 the database is selected inside the transaction.
            let first = self.commands[0].0;
            self.aof.begin((level < Level::V7_2).then_some(first), seconds);
            push_command(&mut self.aof.bytes, &[b"MULTI"]);
        }
        let mut start = 0;
        for (db, end) in &self.commands {
            self.aof.begin(Some(*db), seconds);
            self.aof.bytes.extend_from_slice(&self.unit[start..*end]);
            start = *end;
        }
        if is_transaction {
            self.aof.begin(None, seconds);
            push_command(&mut self.aof.bytes, &[b"EXEC"]);
        }
        self.unit.clear();
        self.unit.shrink_to(MAX_KEPT);
        self.commands.clear();
    }
}

/// Bytes of memory kept for the next unit.
const MAX_KEPT: usize = 64 * 1024;

#[cfg(test)]
pub mod tests {
    use super::*;
    use ochre_resp::request::OwnedArgs;

    pub fn journal() -> Journal {
        let mut journal = Journal::default();
        journal.aof.is_open = true;
        journal
    }

    pub fn command(text: &str) -> OwnedArgs {
        text.split(' ').collect()
    }

    /// Logs a command of a worker, in the shared mode.
    pub fn put(inbox: &Inbox, worker: &mut Journal, db: u32, text: &str) {
        worker.append(DbIndex(db), command(text).args(), 0);
        inbox.put(worker, || 0);
    }

    /// The log with commands as words, one per line.
    pub fn lines(journal: &mut Journal) -> String {
        let bytes = std::mem::take(&mut journal.aof.bytes);
        let mut batch = ochre_resp::request::Batch::new();
        ochre_resp::request::parse_log(&bytes, 100, &mut batch).unwrap();
        let line =
            |at| batch.args(at, &bytes).iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
        (0..batch.len()).map(line).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_database_is_selected_when_it_changes() {
        let mut journal = journal();
        for (db, text) in [(0, "SET a 1"), (0, "SET b 1"), (3, "SET a 1"), (0, "SET a 1")] {
            journal.append(DbIndex(db), command(text).args(), 0);
        }
        journal.aof.forget_selected();
        journal.append(DbIndex(0), command("SET a 2").args(), 0);
        let expected = "SELECT 0, SET a 1, SET b 1, SELECT 3, SET a 1, SELECT 0, SET a 1, SELECT 0, SET a 2";
        assert_eq!(lines(&mut journal), expected);
    }

    #[test]
    fn only_several_commands_are_a_transaction() {
        for (level, expected) in [
            (Level::V7_0, "SELECT 1, MULTI, SET a 1, SELECT 2, SET b 1, EXEC"),
            (Level::V7_2, "MULTI, SELECT 1, SET a 1, SELECT 2, SET b 1, EXEC"),
        ] {
            let mut journal = journal();
            journal.open();
            journal.open();
            journal.append(DbIndex(1), command("SET a 1").args(), 0);
            journal.close(level, 0);
            journal.append(DbIndex(2), command("SET b 1").args(), 0);
            assert_eq!(lines(&mut journal), "");
            journal.close(level, 0);
            assert_eq!(lines(&mut journal), expected);
            journal.open();
            journal.append(DbIndex(2), command("SET c 1").args(), 0);
            journal.close(level, 0);
            assert_eq!(lines(&mut journal), "SET c 1");
        }
    }

    #[test]
    fn the_time_is_told_once_a_second() {
        let mut journal = journal();
        journal.aof.timestamps = true;
        for seconds in [5, 5, 6] {
            journal.append(DbIndex(0), command("PERSIST k").args(), seconds);
        }
        let text = String::from_utf8(journal.aof.bytes).unwrap();
        assert_eq!(text.matches("#TS:").count(), 2);
        assert!(
            text.starts_with("#TS:5\r\n*2\r\n$6\r\nSELECT\r\n")
                && text.contains("#TS:6\r\n*2\r\n$7\r\nPERSIST")
        );
    }
}
