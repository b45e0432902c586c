//! Strings in the view of the keys: read, stored, and changed in place.

use super::{Key, Keys};
use crate::entry::{KeyEntry, StrMut};
use crate::error::Error;
use crate::time::UnixMs;
use crate::value::{StrRef, StrValue};

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

impl Keys<'_> {
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
}
