//! The view of the keys that a command handler works with: one database, lookups with Redis's side
//! effects (expiry on access, access clock, hit and miss counts), typed reads and writes.
//!
//! Lookups and expiry are here; what is done with a key's value is in [`collections`], [`strings`] and [`whole`].
//!
//! Rules for handlers: validate arguments before [`Keys::create`] (a created collection must not
//! stay empty), report every change with [`crate::command::Ctx::changed`], and remove collections
//! that became empty with [`Keys::remove_if_empty`].

mod collections;
mod strings;
mod whole;

pub use strings::Ttl;

use super::shard_source::ShardSource;
use super::{AccessClock, DbIndex, Held, Hints, World};
use crate::command::effects::Effects;
use crate::entry::{KeyEntry, Kind};
use crate::level::Level;
use crate::settings::{EventClasses, Settings};
use crate::table::{RefMut, Seed};
use crate::time::UnixMs;
use crate::value::Type;
use ochre_resp::request::Args;
use ochre_sync::Unlocked;

/// A key with its hash and shard.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// The text.
    pub bytes: &'a [u8],
    /// Its keyed hash.
    pub hash: u64,
    shard: u32,
}

impl<'a> Key<'a> {
    /// The key with this hash in a world of that many shards (bits 8 to 23 of the hash name it).
    #[inline]
    pub(super) fn new(bytes: &'a [u8], hash: u64, shards: usize) -> Key<'a> {
        Key { bytes, hash, shard: (hash >> 8) as u32 & (shards as u32 - 1) }
    }

    /// Number of its shard.
    #[inline]
    pub fn shard(self) -> usize {
        self.shard as usize
    }
}

/// What becomes of keys whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryMode {
    /// They are deleted on access.
    Delete,
    /// They look deleted, but stay until the primary says so (replicas, paused servers).
    Hide,
    /// They look deleted, and are noted for a view that may delete them ([`Effects::due`]).
    Note,
    /// They stay (loading, commands of the primary).
    Ignore,
}

/// Tells keys whose time has come.
#[derive(Clone, Copy)]
pub(super) struct Due {
    now: UnixMs,
    counts: bool,
}

impl Due {
    /// True for an entry whose time has come.
    #[inline]
    pub fn is(self, entry: &KeyEntry) -> bool {
        entry.expiry().is_some_and(|at| at < self.now && self.counts)
    }
}

/// A view of one database.
pub struct Keys<'a> {
    pub(super) source: ShardSource<'a>,
    pub(super) world_shards: usize,
    seed: Seed,
    pub(super) db: DbIndex,
    dbs: u32,
    pub(super) now: UnixMs,
    pub(super) settings: &'a Settings,
    pub(super) access: &'a mut AccessClock,
    expiry: ExpiryMode,
    /// Hashes that were made ahead.
    hints: Hints<'a>,
    /// What happened.
    pub fx: &'a mut Effects,
}

/// What a view needs besides the world.
pub struct View<'a> {
    /// The database.
    pub db: DbIndex,
    /// The time of the command.
    pub now: UnixMs,
    /// Settings.
    pub settings: &'a Settings,
    /// How accesses are recorded.
    pub access: &'a mut AccessClock,
    /// What becomes of expired keys.
    pub expiry: ExpiryMode,
    /// Hashes of arguments that were made ahead.
    pub hints: Hints<'a>,
    /// Takes what happens.
    pub fx: &'a mut Effects,
}

impl<'a> Keys<'a> {
    /// The view over a world that is held exclusively.
    pub fn new(world: &'a mut World, view: View<'a>) -> Keys<'a> {
        let (seed, dbs) = (world.seed, world.dbs());
        Keys::over(ShardSource::All(Unlocked::new(&mut world.shards)), seed, dbs, view)
    }

    /// The view over the shards whose locks are held.
    #[inline]
    pub fn locked(held: &'a mut Held<'_>, view: View<'a>) -> Keys<'a> {
        let held = held.reborrow();
        let (seed, dbs) = (held.world().seed, held.world().dbs());
        Keys::over(ShardSource::Held(held), seed, dbs, view)
    }

    #[inline]
    fn over(source: ShardSource<'a>, seed: Seed, dbs: u32, view: View<'a>) -> Keys<'a> {
        let world_shards = source.world_shards();
        let View { db, now, settings, access, expiry, hints, fx } = view;
        Keys { source, world_shards, seed, db, dbs, now, settings, access, expiry, hints, fx }
    }

    /// Goes to the shard of a key that the command did not name (a key met by SCAN): only such
    /// commands as walk over the whole database may.
    pub fn move_to(&mut self, key: Key<'_>) {
        self.source.move_to(key.shard());
    }

    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'b>(&self, key: &'b [u8]) -> Key<'b> {
        Key::new(key, self.seed.hash(key), self.world_shards)
    }

    /// The key in argument `at`.
    #[inline]
    pub fn locate_arg<'b>(&self, args: Args<'b>, at: usize) -> Key<'b> {
        let bytes = args.get(at);
        let hash = self.hints.of(at).unwrap_or_else(|| self.seed.hash(bytes));
        Key::new(bytes, hash, self.world_shards)
    }

    /// The keyed hash, for tables inside values.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The selected database.
    pub fn db(&self) -> DbIndex {
        self.db
    }

    /// Number of databases.
    pub fn dbs(&self) -> u32 {
        self.dbs
    }

    /// Looks at another database from here on; returns the one before.
    pub fn select(&mut self, db: DbIndex) -> DbIndex {
        std::mem::replace(&mut self.db, db)
    }

    /// The time of the command.
    pub fn now(&self) -> UnixMs {
        self.now
    }

    /// The access clock (OBJECT IDLETIME and FREQ).
    pub fn access_clock(&self) -> &AccessClock {
        self.access
    }

    /// What tells keys whose time has come (if the mode lets that count).
    #[inline]
    pub(super) fn due(&self) -> Due {
        Due { now: self.now, counts: self.expiry != ExpiryMode::Ignore }
    }

    /// True if the key's time has come.
    #[inline]
    fn is_expired(&self, entry: &KeyEntry) -> bool {
        self.due().is(entry)
    }

    /// Deletes the key if its time has come. True if it is gone or has to look so.
    #[inline(always)]
    pub fn expire(&mut self, key: Key<'_>) -> bool {
        match self.source.get(key.shard()).db(self.db) {
            None => true,
            Some(db) => db.table.counted() > 0 && self.expire_if_due(key),
        }
    }

    /// Not inlined: most databases have no key with an expiry, or few.
    #[inline(never)]
    fn expire_if_due(&mut self, key: Key<'_>) -> bool {
        match self.entry(key) {
            Some(entry) if self.is_expired(entry) => {}
            _ => return false,
        }
        match self.expiry {
            ExpiryMode::Delete => self.delete_expired(key),
            ExpiryMode::Note => self.fx.due.push((self.db, key.bytes.to_vec())),
            ExpiryMode::Hide | ExpiryMode::Ignore => {}
        }
        true
    }

    /// Deletes a key because its time has come, with the effects of that.
    #[cold]
    pub fn delete_expired(&mut self, key: Key<'_>) {
        let removed = self.detach(key);
        self.discard(removed, self.settings.lazyfree_lazy_expire);
        self.fx.stats.expired += 1;
        self.fx.gone.push((self.db, key.bytes.to_vec()));
        self.fx.event(EventClasses::EXPIRED, "expired", self.db, key.bytes);
        // A key that only expired did not spoil the transactions of 5.0.
        if self.settings.level >= Level::V6_2 {
            self.touched(key);
        } else {
            self.wake_waiters(key);
        }
    }

    /// Deletes a key to make room, with the effects of that.
    pub fn delete_evicted(&mut self, key: Key<'_>, lazy: bool) {
        let removed = self.detach(key);
        self.discard(removed, lazy);
        self.fx.gone.push((self.db, key.bytes.to_vec()));
        self.fx.event(EventClasses::EVICTED, "evicted", self.db, key.bytes);
        self.touched(key);
    }

    /// The entry as it is, whatever its expiry; no side effects.
    #[inline]
    pub fn entry(&self, key: Key<'_>) -> Option<&KeyEntry> {
        self.source.get(key.shard()).db(self.db)?.table.get(key.hash, key.bytes)
    }

    /// The entry of a key that is alive, without any side effect.
    #[inline]
    pub fn peek_entry(&self, key: Key<'_>) -> Option<&KeyEntry> {
        self.entry(key).filter(|entry| !self.is_expired(entry))
    }

    /// The entry of a key that is alive, for a read: expires it if due, counts a hit or a miss,
    /// records the access.
    #[inline]
    pub fn read_entry(&mut self, key: Key<'_>) -> Option<&KeyEntry> {
        self.lookup::<true>(key)
    }

    /// [`Keys::read_entry`] for what is no use of the key (TYPE, TTL, EXISTS, OBJECT): the access
    /// clock stays.
    #[inline]
    pub fn look(&mut self, key: Key<'_>) -> Option<&KeyEntry> {
        self.lookup::<false>(key)
    }

    /// A use of the key for its own sake: the access clock moves even for clients whose reads leave
    /// no trace (TOUCH under CLIENT NO-TOUCH).
    pub fn touch(&mut self, key: Key<'_>) -> bool {
        let frozen = std::mem::replace(&mut self.access.frozen, false);
        let found = self.read_entry(key).is_some();
        self.access.frozen = frozen;
        found
    }

    #[inline]
    fn lookup<const USE: bool>(&mut self, key: Key<'_>) -> Option<&KeyEntry> {
        let found = if self.expire(key) {
            None
        } else {
            let part = self.source.get_mut(key.shard()).db_mut(self.db);
            part.and_then(|part| part.table.get_in_place(key.hash, key.bytes))
        };
        let Some(mut entry) = found else {
            self.fx.stats.misses += 1;
            self.fx.event(EventClasses::KEY_MISS, "keymiss", self.db, key.bytes);
            return None;
        };
        self.fx.stats.hits += 1;
        if USE {
            let used = self.access.used(entry.access());
            entry.set_access(used);
        }
        Some(entry.into_ref())
    }

    /// The entry of a key that is alive, for a write: expires it if due, records the access.
    #[inline]
    pub fn write_entry(&mut self, key: Key<'_>) -> Option<RefMut<'_, KeyEntry>> {
        if self.expire(key) {
            return None;
        }
        let part = self.source.get_mut(key.shard()).db_mut(self.db)?;
        let mut entry = part.table.get_mut(key.hash, key.bytes)?;
        let used = self.access.used(entry.access());
        entry.set_access(used);
        Some(entry)
    }

    /// True if the key is there; counts as a read.
    pub fn exists(&mut self, key: Key<'_>) -> bool {
        self.read_entry(key).is_some()
    }

    /// The type of a key, without counting as a use.
    pub fn type_of(&mut self, key: Key<'_>) -> Option<Type> {
        if self.expire(key) {
            return None;
        }
        self.peek_entry(key).map(|entry| Type::of(entry.kind()))
    }

    /// Tells those who watch the key or wait for it that it changed.
    #[inline]
    pub fn touched(&mut self, key: Key<'_>) {
        let Some(interest) = self.source.get(key.shard()).interest() else { return };
        if interest.is_watched(self.db, key.bytes) {
            self.fx.watched.push((self.db, key.bytes.to_vec()));
        }
        self.wake_waiters(key);
    }

    /// Wakes those who wait for a key.
    pub fn wake_waiters(&mut self, key: Key<'_>) {
        let interest = self.source.get(key.shard()).interest();
        if interest.is_some_and(|interest| interest.waiters(self.db, key.bytes).is_some()) {
            self.fx.ready.push((self.db, key.bytes.to_vec()));
        }
    }

    /// True if the time of this entry has come.
    pub fn has_expired(&self, entry: &KeyEntry) -> bool {
        self.is_expired(entry)
    }

    /// What a key holds, for OBJECT and DEBUG: no side effects.
    pub fn kind_of(&self, key: Key<'_>) -> Option<Kind> {
        self.peek_entry(key).map(|entry| entry.kind())
    }
}
