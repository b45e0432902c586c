//! A shard: its part of every database, and who is interested in its keys.

use super::{DbIndex, Interest};
use crate::entry::KeyEntry;
use crate::table::{Seed, Table};

/// One database's keys in one shard.
#[repr(C)]
pub struct Db {
    /// The keys.
    pub table: Table<KeyEntry>,
    /// Where the expiry cycle goes on.
    pub expiry_cursor: u64,
}

impl Db {
    fn new(seed: Seed) -> Db {
        Db { table: Table::new(seed), expiry_cursor: 0 }
    }
}

/// A part of the keyspace that is held as one.
#[repr(C)]
pub struct Shard {
    /// Database 0, which most servers use alone, has its place here: one line less to fetch.
    first: Db,
    /// The others, as far as they ever had keys.
    others: Vec<Db>,
    /// Clients that watch or wait for keys of this shard; `None` if nobody does.
    interest: Option<Box<Interest>>,
}

impl Shard {
    pub(super) fn new(seed: Seed) -> Shard {
        Shard { first: Db::new(seed), others: Vec::new(), interest: None }
    }

    /// A database, if it ever had keys here.
    #[inline]
    pub fn db(&self, db: DbIndex) -> Option<&Db> {
        match db.0 {
            0 => Some(&self.first),
            db => self.others.get(db as usize - 1),
        }
    }

    /// A database to be changed, if it ever had keys here.
    #[inline]
    pub fn db_mut(&mut self, db: DbIndex) -> Option<&mut Db> {
        match db.0 {
            0 => Some(&mut self.first),
            db => self.others.get_mut(db as usize - 1),
        }
    }

    /// A database to put keys into.
    #[inline]
    pub fn db_or_new(&mut self, db: DbIndex) -> &mut Db {
        let Some(at) = (db.0 as usize).checked_sub(1) else { return &mut self.first };
        if at >= self.others.len() {
            let seed = self.first.table.seed();
            self.others.resize_with(at + 1, || Db::new(seed));
        }
        &mut self.others[at]
    }

    /// Exchanges two databases; `a` is the lower one.
    pub(super) fn swap(&mut self, a: DbIndex, b: DbIndex) {
        self.db_or_new(b);
        let (low, high) = self.others.split_at_mut(b.0 as usize - 1);
        let low = if a.0 == 0 { &mut self.first } else { &mut low[a.0 as usize - 1] };
        std::mem::swap(low, &mut high[0]);
    }

    /// Takes all keys of a database away.
    pub(super) fn take(&mut self, db: DbIndex) -> Option<Table<KeyEntry>> {
        let seed = self.first.table.seed();
        self.db_mut(db).map(|db| std::mem::replace(&mut db.table, Table::new(seed)))
    }

    /// Who watches or waits for keys of this shard; `None` if nobody does.
    #[inline]
    pub fn interest(&self) -> Option<&Interest> {
        self.interest.as_deref()
    }

    /// Lets somebody watch or wait, or end that.
    pub fn change_interest(&mut self, change: impl FnOnce(&mut Interest)) {
        let interest = self.interest.get_or_insert_default();
        change(interest);
        if interest.is_empty() {
            self.interest = None;
        }
    }
}
