//! A shard: its part of every database, and who is interested in its keys.

use super::{DbIndex, Interest};
use crate::entry::KeyEntry;
use crate::table::{Seed, Table};

/// One database's keys in one shard.
pub struct Db {
    /// The keys.
    pub table: Table<KeyEntry>,
    /// Where the expiry cycle goes on.
    pub expiry_cursor: u64,
}

/// Databases that have their place from the start; servers with more rarely use them.
const USUAL_DBS: u32 = 16;

/// A part of the keyspace that is held as one.
pub struct Shard {
    seed: Seed,
    dbs: Vec<Db>,
    /// Clients that watch or wait for keys of this shard.
    pub interest: Interest,
}

impl Shard {
    /// A shard with room for so many databases: made at once, so that no key pays for it.
    pub(super) fn new(seed: Seed, dbs: u32) -> Shard {
        let mut shard = Shard { seed, dbs: Vec::new(), interest: Interest::default() };
        if let Some(last) = dbs.min(USUAL_DBS).checked_sub(1) {
            shard.db_or_new(DbIndex(last));
        }
        shard
    }

    /// A database, if it ever had keys here.
    #[inline]
    pub fn db(&self, db: DbIndex) -> Option<&Db> {
        self.dbs.get(db.0 as usize)
    }

    /// A database to be changed, if it ever had keys here.
    #[inline]
    pub fn db_mut(&mut self, db: DbIndex) -> Option<&mut Db> {
        self.dbs.get_mut(db.0 as usize)
    }

    /// A database to put keys into.
    #[inline]
    pub fn db_or_new(&mut self, db: DbIndex) -> &mut Db {
        let at = db.0 as usize;
        if at >= self.dbs.len() {
            let seed = self.seed;
            self.dbs.resize_with(at + 1, || Db { table: Table::new(seed), expiry_cursor: 0 });
        }
        &mut self.dbs[at]
    }

    /// Exchanges two databases.
    pub(super) fn swap(&mut self, a: DbIndex, b: DbIndex) {
        self.db_or_new(DbIndex(a.0.max(b.0)));
        self.dbs.swap(a.0 as usize, b.0 as usize);
    }

    /// Takes all keys of a database away.
    pub(super) fn take(&mut self, db: DbIndex) -> Option<Table<KeyEntry>> {
        let seed = self.seed;
        self.db_mut(db).map(|db| std::mem::replace(&mut db.table, Table::new(seed)))
    }
}
