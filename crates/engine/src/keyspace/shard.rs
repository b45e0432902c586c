//! A shard: its part of every database, and who is interested in its keys.

use super::{DbIndex, Interest, Key};
use crate::entry::KeyEntry;
use crate::table::{Seed, Table};
use crate::time::UnixMs;

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

/// Whether a key is in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is not.
    Missing,
    /// It is, but its time has come.
    Expired,
    /// It is.
    Live,
}

/// A part of the keyspace that is held as one.
#[repr(C)]
pub struct Shard {
    /// Clients that watch or wait for keys of this shard; `None` if nobody does.
    interest: Option<Box<Interest>>,
    /// Database 0, which most servers use alone, has its place here: one line less to fetch.
    first: Db,
    /// The others that have keys, in ascending order: with thousands of shards an empty one costs too much.
    others: Vec<(DbIndex, Db)>,
}

impl Shard {
    /// How far that reaches which every lookup in database 0 needs.
    pub(super) const FREQUENT: usize = std::mem::offset_of!(Shard, first.table) + Table::<KeyEntry>::FREQUENT;

    pub(super) fn new(seed: Seed) -> Shard {
        Shard { interest: None, first: Db::new(seed), others: Vec::new() }
    }

    /// A database, if it has keys here.
    #[inline]
    pub fn db(&self, db: DbIndex) -> Option<&Db> {
        match db.0 {
            0 => Some(&self.first),
            _ => self.place(db).ok().map(|at| &self.others[at].1),
        }
    }

    /// A database to be changed, if it has keys here.
    #[inline]
    pub fn db_mut(&mut self, db: DbIndex) -> Option<&mut Db> {
        match db.0 {
            0 => Some(&mut self.first),
            _ => self.place(db).ok().map(|at| &mut self.others[at].1),
        }
    }

    /// A database to put keys into.
    #[inline]
    pub fn db_or_new(&mut self, db: DbIndex) -> &mut Db {
        if db.0 == 0 {
            return &mut self.first;
        }
        let at = self.place(db).unwrap_or_else(|at| {
            self.others.reserve_exact(1);
            self.others.insert(at, (db, Db::new(self.first.table.seed())));
            at
        });
        &mut self.others[at].1
    }

    /// The databases that may have keys here, in ascending order.
    pub fn dbs(&self) -> impl Iterator<Item = (DbIndex, &Db)> {
        let others = self.others.iter().map(|(db, part)| (*db, part));
        std::iter::once((DbIndex(0), &self.first)).chain(others)
    }

    /// Where a database other than the first is, or would be.
    #[inline]
    fn place(&self, db: DbIndex) -> Result<usize, usize> {
        self.others.binary_search_by_key(&db, |(number, _)| *number)
    }

    /// Gives back what a database holds that has no keys any more.
    #[cold]
    pub fn forget(&mut self, db: DbIndex) {
        if db.0 == 0 {
            self.first = Db::new(self.first.table.seed());
        } else if let Ok(at) = self.place(db) {
            self.others.remove(at);
            self.others.shrink_to_fit();
        }
    }

    /// Exchanges two databases.
    pub(super) fn swap(&mut self, a: DbIndex, b: DbIndex) {
        let of_a = self.take_all(a);
        let of_b = self.take_all(b);
        for (db, part) in [(b, of_a), (a, of_b)] {
            if let Some(part) = part {
                *self.db_or_new(db) = part;
            }
        }
    }

    /// A database with all that belongs to it, if it has keys.
    fn take_all(&mut self, db: DbIndex) -> Option<Db> {
        let fresh = Db::new(self.first.table.seed());
        let part = std::mem::replace(self.db_mut(db)?, fresh);
        self.forget(db);
        (!part.table.is_empty()).then_some(part)
    }

    /// Takes all keys of a database away.
    pub(super) fn take(&mut self, db: DbIndex) -> Option<Table<KeyEntry>> {
        self.take_all(db).map(|part| part.table)
    }

    /// The entry of a key of this shard, whether its time has come or not; without side effects.
    pub fn entry(&self, db: DbIndex, key: Key<'_>) -> Option<&KeyEntry> {
        self.db(db)?.table.get(key.hash, key.bytes)
    }

    /// Whether a key of this shard is there, without side effects.
    pub fn presence(&self, db: DbIndex, key: Key<'_>, now: UnixMs) -> Presence {
        match self.entry(db, key) {
            None => Presence::Missing,
            Some(entry) if entry.expiry().is_some_and(|expiry| expiry < now) => Presence::Expired,
            Some(_) => Presence::Live,
        }
    }

    /// Tells those who watch a key of this shard that it changed; see [`Interest::touch`].
    pub fn touch_watched(&mut self, db: DbIndex, key: Key<'_>, now: UnixMs, was_there: bool) {
        let presence = self.presence(db, key, now);
        if let Some(interest) = &mut self.interest {
            interest.touch(db, key.bytes, presence, was_there);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::StrValue;

    fn put(shard: &mut Shard, db: u32, key: &[u8]) {
        let hash = shard.first.table.seed().hash(key);
        let entry = KeyEntry::string(key, StrValue::Bytes(b"value"), None, 0);
        shard.db_or_new(DbIndex(db)).table.insert(hash, entry);
    }

    fn lens(shard: &Shard) -> Vec<usize> {
        (0..4).map(|db| shard.db(DbIndex(db)).map_or(0, |part| part.table.len())).collect()
    }

    #[test]
    fn databases_are_exchanged_whichever_of_them_have_keys() {
        let mut shard = Shard::new(Seed::new(1, 2));
        put(&mut shard, 3, b"a");
        put(&mut shard, 1, b"a");
        put(&mut shard, 1, b"b");
        for (a, b, expected) in [
            (1, 3, [0, 1, 0, 2]),
            (0, 3, [2, 1, 0, 0]),
            (2, 0, [0, 1, 2, 0]),
            (0, 3, [0, 1, 2, 0]),
            (1, 0, [1, 0, 2, 0]),
        ] {
            shard.swap(DbIndex(a), DbIndex(b));
            assert_eq!(lens(&shard), expected, "{a} and {b}");
        }
        assert_eq!(shard.others.len(), 1, "empty ones have no place");
    }

    #[test]
    fn a_database_without_keys_holds_nothing() {
        let mut shard = Shard::new(Seed::new(1, 2));
        for db in [0, 2, 1] {
            put(&mut shard, db, b"a");
        }
        (0..3).for_each(|db| shard.forget(DbIndex(db)));
        assert_eq!((lens(&shard), shard.others.capacity()), (vec![0; 4], 0));
    }
}
