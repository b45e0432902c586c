//! The view of the keys that a command handler works with: one database, lookups with Redis's side
//! effects (expiry on access, access clock, hit and miss counts), typed reads and writes.
//!
//! Rules for handlers: validate arguments before [`Keys::create`] (a created collection must not
//! stay empty), report every change with [`crate::command::Ctx::changed`], and remove collections
//! that became empty with [`Keys::remove_if_empty`].

use super::shard_source::ShardSource;
use super::{AccessClock, DbIndex, Held, Hints, Mut, Read, StrMut, World};
use crate::command::effects::Effects;
use crate::entry::{KeyEntry, Kind};
use crate::error::Error;
use crate::level::Level;
use crate::settings::{EventClasses, Settings};
use crate::table::{RefMut, Seed};
use crate::time::UnixMs;
use crate::value::{BACKGROUND_EFFORT, Collection, RawValue, StrRef, StrValue, Type, free_effort};
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
    /// They look deleted, and are noted for whoever may delete them ([`Effects::due`]).
    Note,
    /// They stay (loading, commands of the primary).
    Ignore,
}

/// What happens to the expiry of a key that is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// It is gone.
    Clear,
    /// It stays.
    Keep,
    /// It is replaced.
    At(UnixMs),
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

    // ---- lookups ---------------------------------------------------------------------------

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

    // ---- collections -----------------------------------------------------------------------

    /// A collection, for reading.
    #[inline]
    pub fn read<T: Collection>(&mut self, key: Key<'_>) -> Result<Option<Read<'_, T>>, Error> {
        match self.read_entry(key) {
            Some(entry) => Read::of(entry).map(Some).ok_or(Error::WRONG_TYPE),
            None => Ok(None),
        }
    }

    /// A collection, without any side effect: for several at once, after each was
    /// looked up with [`Keys::read`] or [`Keys::read_entry`].
    #[inline]
    pub fn peek<T: Collection>(&self, key: Key<'_>) -> Result<Option<Read<'_, T>>, Error> {
        match self.peek_entry(key) {
            Some(entry) => Read::of(entry).map(Some).ok_or(Error::WRONG_TYPE),
            None => Ok(None),
        }
    }

    /// A collection, for changing.
    #[inline]
    pub fn write<T: Collection>(&mut self, key: Key<'_>) -> Result<Option<Mut<'_, T>>, Error> {
        match self.write_entry(key) {
            Some(entry) => Mut::of(entry).map(Some).ok_or(Error::WRONG_TYPE),
            None => Ok(None),
        }
    }

    /// A collection, for changing; made empty if the key is missing. The caller must put
    /// something in.
    #[inline]
    pub fn create<T: Collection>(&mut self, key: Key<'_>) -> Result<Mut<'_, T>, Error> {
        self.expire(key);
        let (settings, initial) = (self.settings, self.access.initial());
        let make = || KeyEntry::raw(key.bytes, RawValue::new(T::fresh(settings)), None, initial);
        let part = self.source.get_mut(key.shard()).db_or_new(self.db);
        let (mut entry, is_new) =
            part.table.get_mut_or_insert(key.hash, key.bytes, make).ok_or(Error::NO_SUCH_KEY)?;
        let used = self.access.used(entry.access());
        entry.set_access(used);
        if is_new {
            self.fx.event(EventClasses::NEW, "new", self.db, key.bytes);
        }
        Mut::of(entry).ok_or(Error::WRONG_TYPE)
    }

    /// Removes a collection that has become empty. True if it was removed; the caller reports the
    /// "del" event.
    pub fn remove_if_empty<T: Collection>(&mut self, key: Key<'_>) -> bool {
        let empty = self.entry(key).and_then(|e| Read::<T>::of(e)).is_some_and(|value| value.is_empty());
        if empty {
            self.detach(key);
        }
        empty
    }

    // ---- strings ---------------------------------------------------------------------------

    /// A string, for reading.
    #[inline]
    pub fn read_str(&mut self, key: Key<'_>) -> Result<Option<StrRef<'_>>, Error> {
        match self.read_entry(key) {
            Some(entry) => entry.as_str().map(Some).ok_or(Error::WRONG_TYPE),
            None => Ok(None),
        }
    }

    /// A string, without any side effect.
    pub fn peek_str(&self, key: Key<'_>) -> Result<Option<StrRef<'_>>, Error> {
        match self.peek_entry(key) {
            Some(entry) => entry.as_str().map(Some).ok_or(Error::WRONG_TYPE),
            None => Ok(None),
        }
    }

    /// Stores a string, whatever was there.
    pub fn set_str(&mut self, key: Key<'_>, value: StrValue<'_>, ttl: Ttl) {
        let initial = self.access.initial();
        let mut value = Some(value);
        let replaced = self.write_entry(key).map(|mut entry| {
            let value = value.take()?;
            let expiry = match ttl {
                Ttl::Clear => None,
                Ttl::Keep => entry.expiry(),
                Ttl::At(at) => Some(at),
            };
            // With room for an expiry in both or in neither, the allocation may stay.
            if entry.kind().is_string() && entry.expiry().is_some() == expiry.is_some() {
                entry.set_expiry(expiry);
                entry.set_str(value);
                return None;
            }
            Some(std::mem::replace(&mut *entry, KeyEntry::string(key.bytes, value, expiry, initial)))
        });
        if let Some(old) = replaced {
            self.discard(old, self.settings.lazyfree_lazy_server_del);
        } else if let Some(value) = value {
            let expiry = if let Ttl::At(at) = ttl { Some(at) } else { None };
            self.add(key, KeyEntry::string(key.bytes, value, expiry, initial));
        }
    }

    /// A string as a growable buffer, for changing in place; made empty if the key is missing.
    pub fn create_str(&mut self, key: Key<'_>) -> Result<StrMut<'_>, Error> {
        if self.expire(key) || self.entry(key).is_none() {
            let entry = KeyEntry::string(key.bytes, StrValue::Bytes(b""), None, self.access.initial());
            self.add(key, entry);
        }
        self.edit_str(key)?.ok_or(Error::NO_SUCH_KEY)
    }

    /// Changes a string in place; made empty if the key is missing, which `edit` is told by false.
    /// One lookup if the key is there, unlike [`Keys::create_str`].
    #[inline]
    pub fn edit_or_create_str<R>(
        &mut self,
        key: Key<'_>,
        edit: impl FnOnce(&mut StrMut<'_>, bool) -> R,
    ) -> Result<R, Error> {
        if let Some(mut string) = self.edit_str(key)? {
            return Ok(edit(&mut string, true));
        }
        Ok(edit(&mut self.create_str(key)?, false))
    }

    /// A string as a growable buffer, for changing in place. `None` if the key is missing.
    pub fn edit_str(&mut self, key: Key<'_>) -> Result<Option<StrMut<'_>>, Error> {
        match self.write_entry(key) {
            Some(entry) if !entry.kind().is_string() => Err(Error::WRONG_TYPE),
            Some(entry) => Ok(Some(StrMut::new(entry))),
            None => Ok(None),
        }
    }

    // ---- whole keys ------------------------------------------------------------------------

    /// Puts a value at a key, whatever was there. The key is new only if nothing was.
    pub fn put(&mut self, key: Key<'_>, value: RawValue, expiry: Option<UnixMs>) {
        self.expire(key);
        let old = self.detach(key);
        let is_new = old.is_none();
        self.discard(old, self.settings.lazyfree_lazy_server_del);
        let entry = KeyEntry::raw(key.bytes, value, expiry, self.access.initial());
        self.source.get_mut(key.shard()).db_or_new(self.db).table.insert(key.hash, entry);
        if is_new {
            self.fx.event(EventClasses::NEW, "new", self.db, key.bytes);
        }
    }

    pub(super) fn add(&mut self, key: Key<'_>, entry: KeyEntry) {
        self.source.get_mut(key.shard()).db_or_new(self.db).table.insert(key.hash, entry);
        self.fx.event(EventClasses::NEW, "new", self.db, key.bytes);
    }

    /// Deletes a key. True if it was there (and not expired).
    pub fn remove(&mut self, key: Key<'_>) -> bool {
        self.remove_with(key, self.settings.lazyfree_lazy_user_del)
    }

    /// Deletes a key; `lazy` leaves large values to the background thread.
    pub fn remove_with(&mut self, key: Key<'_>, lazy: bool) -> bool {
        if self.expire(key) {
            return false;
        }
        let removed = self.detach(key);
        let found = removed.is_some();
        self.discard(removed, lazy);
        found
    }

    /// Takes value and expiry of a key that is alive out of the keyspace.
    pub fn take(&mut self, key: Key<'_>) -> Option<(RawValue, Option<UnixMs>)> {
        if self.expire(key) {
            return None;
        }
        self.detach(key).map(|entry| {
            let expiry = entry.expiry();
            (entry.into_value(), expiry)
        })
    }

    pub(super) fn detach(&mut self, key: Key<'_>) -> Option<KeyEntry> {
        let shard = self.source.get_mut(key.shard());
        let table = &mut shard.db_mut(self.db)?.table;
        let entry = table.remove(key.hash, key.bytes);
        // A few shards may keep what an empty table holds, which is likely to be filled again; thousands may not.
        if table.is_empty() && self.world_shards > World::shards_for(1) {
            shard.forget(self.db);
        }
        entry
    }

    /// Frees an entry, or leaves that to the background thread if it is large and `lazy`.
    pub(super) fn discard(&mut self, entry: Option<KeyEntry>, lazy: bool) {
        if let Some(entry) = entry
            && lazy
            && free_effort(&entry) > BACKGROUND_EFFORT
        {
            self.fx.garbage.push(entry.into_value());
        }
    }

    /// The expiry of a key that is alive: `None` if the key is missing.
    pub fn expiry_of(&mut self, key: Key<'_>) -> Option<Option<UnixMs>> {
        if self.expire(key) {
            return None;
        }
        self.peek_entry(key).map(|entry| entry.expiry())
    }

    /// Sets or removes the expiry of a key. False if the key is missing.
    pub fn set_expiry(&mut self, key: Key<'_>, expiry: Option<UnixMs>) -> bool {
        match self.write_entry(key) {
            Some(mut entry) => {
                entry.set_expiry(expiry);
                true
            }
            None => false,
        }
    }

    /// Tells whoever watches the key or waits for it that it changed.
    #[inline]
    pub fn touched(&mut self, key: Key<'_>) {
        let Some(interest) = self.source.get(key.shard()).interest() else { return };
        if interest.is_watched(self.db, key.bytes) {
            self.fx.watched.push((self.db, key.bytes.to_vec()));
        }
        self.wake_waiters(key);
    }

    /// Wakes whoever waits for a key.
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
