//! Keys as a whole, whatever they hold: put, taken away, freed, and when they expire.

use super::{Key, Keys};
use crate::entry::KeyEntry;
use crate::keyspace::World;
use crate::settings::EventClasses;
use crate::time::UnixMs;
use crate::value::{BACKGROUND_EFFORT, RawValue, free_effort};

impl Keys<'_> {
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

    /// Adds a key that is not there.
    pub(in crate::keyspace) fn add(&mut self, key: Key<'_>, entry: KeyEntry) {
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

    /// Takes the entry of a key out, whether its time has come or not.
    pub(in crate::keyspace) fn detach(&mut self, key: Key<'_>) -> Option<KeyEntry> {
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
    pub(in crate::keyspace) fn discard(&mut self, entry: Option<KeyEntry>, lazy: bool) {
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
}
