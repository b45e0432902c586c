//! Walks over a database: the cursor of SCAN and keys picked at random.
//!
//! ```text
//! cursor  | shard (16 bits) | cursor of the shard's table (48 bits) |
//! ```
//! Shards are walked one after the other. A cursor of 0 is the beginning and, as a result, the
//! end; the beginning of any later shard is not 0.

use super::{DbIndex, Keys, Shard};
use crate::entry::KeyEntry;
use rand::{Rng, RngCore};

/// Bits of a cursor that belong to the table inside a shard.
const TABLE_CURSOR_BITS: u32 = 48;

impl Keys<'_> {
    /// One step of SCAN: calls `emit` with some entries, expired ones included, and returns the
    /// next cursor, 0 at the end. Every key that is there during the whole scan is emitted.
    pub fn scan(&self, cursor: u64, emit: impl FnMut(&KeyEntry)) -> u64 {
        scan(self.shards, self.db, cursor, emit)
    }

    /// A key picked at random, each with the same probability, expired ones included.
    pub fn random_key(&self, rng: &mut impl RngCore) -> Option<Vec<u8>> {
        let mut at = rng.random_range(0..self.len().max(1));
        for db in self.shards.iter().filter_map(|shard| shard.db(self.db)) {
            if at < db.table.len() {
                return db.table.random(rng).map(|entry| entry.key().to_vec());
            }
            at -= db.table.len();
        }
        None
    }
}

/// One step of SCAN over a database, as [`Keys::scan`].
pub(super) fn scan(shards: &[Shard], db: DbIndex, cursor: u64, emit: impl FnMut(&KeyEntry)) -> u64 {
    let first = (cursor >> TABLE_CURSOR_BITS) as usize;
    let mut at = cursor & ((1 << TABLE_CURSOR_BITS) - 1);
    for (number, shard) in shards.iter().enumerate().skip(first) {
        if let Some(part) = shard.db(db).filter(|part| !part.table.is_empty()) {
            return match part.table.scan(at, emit) {
                0 => start_of(number + 1, shards.len()),
                at => start_of(number, shards.len()) | at,
            };
        }
        at = 0;
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
            cursor = bench.world.scan(bench.db, cursor, |entry| seen.push(entry.key().to_vec()));
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
