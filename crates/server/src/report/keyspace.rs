//! The section about databases: the number of keys of each, and their mean time to live.
//!
//! Keys are spread over shards, which are read one after the other. Times to live are sampled, because INFO must not walk
//! over all keys.

use super::Unit::{Count, Milliseconds};
use super::field::{Family, Section, gauge};
use ochre_engine::keyspace::{Db, DbIndex, Shard};
use ochre_engine::time::UnixMs;

/// Keys per database whose time to live is sampled.
const SAMPLES: i64 = 20;
/// The most steps of the search for samples, per database.
const STEPS: usize = 100;

static DATABASE: Family = Family { prefix: "db", metric: "db", label: "db" };

/// The counts of all databases.
pub struct KeyspaceCount {
    dbs: Vec<DbCount>,
    now: UnixMs,
}

#[derive(Default)]
struct DbCount {
    keys: usize,
    expires: usize,
    /// Milliseconds that the sampled keys have to live.
    ttl_sum_ms: i64,
    samples: i64,
    steps: usize,
}

impl KeyspaceCount {
    /// A count of zero for `databases` databases.
    pub fn new(databases: u32, now: UnixMs) -> KeyspaceCount {
        KeyspaceCount { dbs: (0..databases).map(|_| DbCount::default()).collect(), now }
    }

    /// Adds the keys of one shard.
    pub fn add(&mut self, shard: &Shard) {
        for (db, count) in (0..).map(DbIndex).zip(&mut self.dbs) {
            shard.db(db).into_iter().for_each(|part| count.add(part, self.now));
        }
    }

    /// Fills the section with the databases that have keys.
    pub fn describe(&self, section: &mut Section) {
        for (number, db) in self.dbs.iter().enumerate().filter(|(_, db)| db.keys > 0) {
            let fields = vec![
                gauge("keys", Count, db.keys),
                gauge("expires", Count, db.expires),
                gauge("avg_ttl", Milliseconds, db.ttl_sum_ms / db.samples.max(1)),
            ];
            section.row(&DATABASE, number.to_string(), fields);
        }
    }
}

impl DbCount {
    fn add(&mut self, part: &Db, now: UnixMs) {
        self.keys += part.table.len();
        self.expires += part.table.counted();
        let mut cursor = 0;
        while part.table.counted() > 0 && self.samples < SAMPLES && self.steps < STEPS {
            self.steps += 1;
            cursor = part.table.scan(cursor, |entry| {
                if let Some(at) = entry.expiry().filter(|at| at.0 > now.0) {
                    self.ttl_sum_ms += at.0 - now.0;
                    self.samples += 1;
                }
            });
            if cursor == 0 {
                break;
            }
        }
    }
}
