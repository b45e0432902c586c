//! Collections in the view of the keys, in their typed form.

use super::{Key, Keys};
use crate::entry::{KeyEntry, Mut, Read};
use crate::error::Error;
use crate::settings::EventClasses;
use crate::value::{Collection, RawValue};

impl Keys<'_> {
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
}
