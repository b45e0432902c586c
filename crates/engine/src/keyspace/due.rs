//! Keys that may go without anybody's asking: those that are due, and whatever makes room.

use super::shard_source::ShardSource;
use super::{AccessClock, DbIndex, Key, Keys, Shard};
use crate::entry::FLAG_VOLATILE;

impl Keys<'_> {
    /// Number of shards of the world.
    pub fn shards(&self) -> usize {
        self.world_shards
    }

    /// Goes to a shard, to look at it; with the clock that tells what its keys are worth.
    pub fn visit(&mut self, shard: usize) -> (&Shard, &AccessClock) {
        (self.source.move_to(shard), self.access)
    }

    /// The databases that have keys with an expiry in these shards, in ascending order.
    pub fn volatile_dbs(&mut self, shards: impl Iterator<Item = usize>) -> Vec<DbIndex> {
        let mut dbs: Vec<DbIndex> = Vec::new();
        for shard in shards {
            let found = self.source.move_to(shard).dbs().filter(|(_, part)| part.table.counted() > 0);
            for (db, _) in found {
                if let Err(at) = dbs.binary_search(&db) {
                    dbs.insert(at, db);
                }
            }
        }
        dbs
    }

    /// Whether a shard holds keys of the database that have an expiry.
    pub fn has_volatile_in(&mut self, shard: usize) -> bool {
        let db = self.db;
        self.source.move_to(shard).db(db).is_some_and(|part| part.table.counted() > 0)
    }

    /// Walks some buckets of a shard, from where the last call ended, and collects the keys that
    /// are due. Returns how many keys with an expiry it met, and whether the shard's end was reached.
    pub fn due_in(&mut self, shard: usize, max_buckets: usize, due: &mut Vec<Box<[u8]>>) -> (usize, bool) {
        let now = self.now;
        let Some(db) = self.source.move_to(shard).db_mut(self.db) else { return (0, true) };
        let mut met = 0;
        let next = db.table.scan_flagged(db.expiry_cursor, FLAG_VOLATILE, max_buckets, |entry| {
            met += 1;
            if entry.expiry().is_some_and(|at| at < now) {
                due.push(entry.key().into());
            }
        });
        db.expiry_cursor = next;
        (met, next == 0)
    }

    /// Whether this view may delete a key that nobody asked for: under a lock only if nobody waits for it, because
    /// those who wait may need other shards when they go on.
    pub fn may_go(&self, key: Key<'_>) -> bool {
        match &self.source {
            ShardSource::All(_) => true,
            ShardSource::Held(held) => {
                let interest = held.get(key.shard()).interest();
                interest.is_none_or(|interest| !interest.is_awaited(key.bytes))
            }
        }
    }

    /// Deletes a key if it is due. False if it may not be deleted here.
    pub fn delete_if_due(&mut self, key: Key<'_>) -> bool {
        self.move_to(key);
        if self.entry(key).is_some_and(|entry| self.has_expired(entry)) {
            if !self.may_go(key) {
                return false;
            }
            self.delete_expired(key);
        }
        true
    }
}
