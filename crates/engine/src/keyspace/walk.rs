//! Walks over a database: the cursor of SCAN and keys picked at random.
//!
//! ```text
//! cursor  | shard (16 bits) | cursor of the shard's table (48 bits) |
//! ```
//! Shards are walked one after the other. A cursor of 0 is the beginning and, as a result, the
//! end; the beginning of any later shard is not 0.

use super::{Keys, Shard};
use crate::entry::KeyEntry;
use rand::{Rng, RngCore};

/// Bits of a cursor that belong to the table inside a shard.
const TABLE_CURSOR_BITS: u32 = 48;

impl Keys<'_> {
    /// All shards, one after the other.
    fn walk(&mut self, mut visit: impl FnMut(&mut Shard)) {
        (0..self.world_shards).for_each(|shard| visit(self.source.move_to(shard)));
    }

    /// Number of keys, expired ones that were not met yet included.
    pub fn len(&mut self) -> usize {
        let (db, mut len) = (self.db, 0);
        self.walk(|shard| len += shard.db(db).map_or(0, |part| part.table.len()));
        len
    }

    /// True if the database holds no key.
    pub fn is_empty(&mut self) -> bool {
        self.len() == 0
    }

    /// Calls `visit` with every key that is alive.
    pub fn each(&mut self, mut visit: impl FnMut(&KeyEntry)) {
        let (db, due) = (self.db, self.due());
        self.walk(|shard| {
            if let Some(part) = shard.db(db) {
                part.table.iter().filter(|entry| !due.is(entry)).for_each(&mut visit);
            }
        });
    }

    /// One step of SCAN: calls `emit` with some entries, expired ones included, and returns the
    /// next cursor, 0 at the end. Every key that is there during the whole scan is emitted.
    pub fn scan(&mut self, cursor: u64, mut emit: impl FnMut(&KeyEntry)) -> u64 {
        let (db, source) = (self.db, &mut self.source);
        scan(self.world_shards, cursor, |shard, at| {
            let part = source.move_to(shard).db(db).filter(|part| !part.table.is_empty())?;
            Some(part.table.scan(at, &mut emit))
        })
    }

    /// A key picked at random, each with the same probability, expired ones included.
    pub fn random_key(&mut self, rng: &mut impl RngCore) -> Option<Vec<u8>> {
        loop {
            let len = self.len();
            if len == 0 {
                return None;
            }
            let at = rng.random_range(0..len);
            // Other workers may have removed keys since they were counted; those that are left are counted anew.
            if let Some(key) = self.random_key_behind(at, rng) {
                return Some(key);
            }
        }
    }

    /// A key of the shard that holds the one with so many keys before it.
    fn random_key_behind(&mut self, mut at: usize, rng: &mut impl RngCore) -> Option<Vec<u8>> {
        for shard in 0..self.world_shards {
            let Some(part) = self.source.move_to(shard).db(self.db) else { continue };
            if at < part.table.len() {
                return part.table.random(rng).map(|entry| entry.key().to_vec());
            }
            at -= part.table.len();
        }
        None
    }
}

/// One step of a walk: `step` scans a shard from a cursor of its table and returns the next,
/// `None` if there is nothing in it.
pub(super) fn scan(shards: usize, cursor: u64, mut step: impl FnMut(usize, u64) -> Option<u64>) -> u64 {
    let first = (cursor >> TABLE_CURSOR_BITS) as usize;
    let mut at = cursor & ((1 << TABLE_CURSOR_BITS) - 1);
    for shard in first..shards {
        match step(shard, at) {
            Some(0) => return start_of(shard + 1, shards),
            Some(at) => return start_of(shard, shards) | at,
            None => at = 0,
        }
    }
    0
}

fn start_of(shard: usize, shards: usize) -> u64 {
    if shard < shards { (shard as u64) << TABLE_CURSOR_BITS } else { 0 }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn a_scan_meets_every_key_that_stays() {
        let mut bench = Bench::new();
        let names: Vec<String> =
            (0..if cfg!(miri) { 20 } else { 300 }).map(|number| format!("key:{number}")).collect();
        for name in &names {
            bench.run(&["SET", name, "x"]);
        }
        let (mut cursor, mut seen) = (0, Vec::new());
        loop {
            cursor = bench.world.view().scan(bench.db, cursor, |entry| seen.push(entry.key().to_vec()));
            bench.run(&["SET", &format!("new:{}", seen.len()), "x"]);
            if cursor == 0 {
                break;
            }
        }
        for name in &names {
            assert!(seen.iter().any(|key| key == name.as_bytes()), "{name}");
        }
    }
}
