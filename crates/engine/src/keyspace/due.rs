//! Keys with an expiry: counting them, and finding those that are due.

use super::Keys;
use crate::entry::FLAG_VOLATILE;

impl Keys<'_> {
    /// Number of shards of the view.
    pub fn shards(&self) -> usize {
        self.world_shards
    }

    /// Whether a shard holds keys of the database that have an expiry.
    pub fn has_volatile_in(&mut self, shard: usize) -> bool {
        let db = self.db;
        self.reach.move_to(shard).db(db).is_some_and(|part| part.table.counted() > 0)
    }

    /// Walks some buckets of a shard, from where the last call ended, and collects the keys that
    /// are due. Returns how many keys with an expiry it met, and whether the shard's end was reached.
    pub fn due_in(&mut self, shard: usize, max_buckets: usize, due: &mut Vec<Box<[u8]>>) -> (usize, bool) {
        let now = self.now;
        let Some(db) = self.reach.move_to(shard).db_mut(self.db) else { return (0, true) };
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
}
