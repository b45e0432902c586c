//! FLUSHDB and FLUSHALL: empty databases, at once or in the background.

use crate::exec::{Handler, ServerCall, ServerCommand};
use crate::lazyfree::Garbage;
use ochre_engine::command::effects::Propagation;
use ochre_engine::command::*;
use ochre_engine::keyspace::{DbIndex, Presence};
use ochre_engine::level::Level;
use ochre_engine::text::eq_ignore_case;

const MODE: &[Arg] = &[Arg::one_of(
    "flush-type",
    &[Arg::word("async", "ASYNC").since("4.0.0"), Arg::word("sync", "SYNC").since("6.2.0")],
)
.optional()];

const HISTORY: &[(&str, &str)] = &[
    ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
    ("6.2.0", "Added the `SYNC` flushing mode modifier."),
];

/// Declaration of FLUSHDB.
pub static FLUSHDB: ServerCommand =
    ServerCommand::new("flushdb", Group::Server, -1, Handler::exclusive(flushdb))
        .flags(WRITE)
        .categories(CAT_KEYSPACE | CAT_DANGEROUS)
        .history(HISTORY)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .summary("Removes all keys of the database.")
        .complexity("O(N) where N is the number of keys")
        .args(MODE);

/// Declaration of FLUSHALL.
pub static FLUSHALL: ServerCommand =
    ServerCommand::new("flushall", Group::Server, -1, Handler::exclusive(flushall))
        .flags(WRITE)
        .categories(CAT_KEYSPACE | CAT_DANGEROUS)
        .history(HISTORY)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .summary("Removes all keys of all databases.")
        .complexity("O(N) where N is the number of keys")
        .args(MODE);

fn flushdb(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let lazy = flush_mode(call, args)?;
    let db = call.client.db;
    call.scope.empty(db, lazy);
    call.scope.state.fx.propagation = Propagation::Forced;
    call.reply().ok();
    Ok(())
}

fn flushall(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let lazy = flush_mode(call, args)?;
    for db in 0..call.scope.world.dbs() {
        call.scope.empty(DbIndex(db), lazy);
    }
    // Before 7.0 the command counts as a change even if the databases were empty (db.c: flushallCommand).
    call.scope.state.fx.dirty += u64::from(call.scope.shared.settings.level < Level::V7_0);
    // Databases that are empty here may not be empty on the side that reads the log.
    call.scope.state.fx.propagation = Propagation::Forced;
    call.scope.snapshot_nothing();
    if !lazy {
        crate::alloc::purge();
    }
    call.reply().ok();
    Ok(())
}

/// Whether to leave the freeing to the background.
fn flush_mode(call: &ServerCall<'_>, args: Args<'_>) -> Result<bool, Error> {
    match args.len() {
        1 => Ok(call.scope.shared.settings.lazyfree_lazy_user_flush),
        2 if eq_ignore_case(args.get(1), b"async") => Ok(true),
        2 if eq_ignore_case(args.get(1), b"sync") => Ok(false),
        _ => Err(Error::SYNTAX),
    }
}

impl crate::server::Server {
    /// Empties a database, and breaks the transactions of clients that watch its keys.
    pub fn empty(&mut self, db: DbIndex, lazy: bool) {
        let watched = self.world.view().watched_keys(db).into_iter();
        let touched: Vec<_> = watched.filter(|key| self.presence(db, key) != Presence::Missing).collect();
        self.state.fx.watched.extend(touched.into_iter().map(|key| (db, key)));
        self.signal_awaited(db);
        self.state.fx.dirty += self.world.view().len(db) as u64;
        let tables = self.world.take(db);
        if lazy {
            self.shared.reaper.free(Garbage::Tables(tables));
        }
    }

    /// Whether a key exists, without side effects.
    pub fn presence(&mut self, db: DbIndex, key: &[u8]) -> Presence {
        let (at, now) = (self.world.locate(key), self.now());
        self.world.view().shard(at).presence(db, at, now)
    }

    /// Ends a snapshot under way and saves the empty databases: a file from before would bring back
    /// the removed keys.
    fn snapshot_nothing(&mut self) {
        self.cancel_snapshot();
        if !self.shared.config.persistence.save.0.is_empty() && self.save_now(false).is_ok() {
            // The changes of the command are in the snapshot already.
            self.state.fx.dirty = 0;
        }
    }

    /// Marks all keys of a database that clients wait for as ready, because the database has changed as a whole.
    pub fn signal_awaited(&mut self, db: DbIndex) {
        for shard in self.world.view().shards() {
            for key in shard.interest().into_iter().flat_map(|interest| interest.awaited_in(db)) {
                self.state.fx.ready.push((db, key.to_vec()));
            }
        }
    }
}
