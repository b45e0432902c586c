//! Hashes: pairs one by one, and in one listpack, ziplist or zipmap.

use super::Reader;
use crate::rdb::input::Input;
use crate::rdb::{Fault, zipmap};
use ochre_engine::encoding::listpack::Listpack;
use ochre_engine::value::{Hash, HashLimits, RawValue};
use std::collections::HashSet;

const DUPLICATE: Fault = Fault::Invalid("Duplicate hash fields detected");

impl<I: Input> Reader<'_, '_, I> {
    fn hash_limits(&self) -> HashLimits {
        HashLimits::new(self.decoding.settings, self.decoding.seed)
    }

    pub(super) fn hash(&mut self) -> Result<RawValue, Fault> {
        let count = self.count()?;
        let limits = self.hash_limits();
        let mut hash = Hash::for_fields(count, self.input.capacity(count), &limits);
        let mut field = Vec::new();
        for _ in 0..count {
            let text = self.input.string(self.scratch)?;
            field.clear();
            field.extend_from_slice(text);
            let value = self.input.string(self.scratch)?;
            let is_new = match &mut hash {
                Hash::Table(table) => table.add(&field, value),
                packed => packed.set(&field, value, &limits),
            };
            if !is_new {
                return Err(DUPLICATE);
            }
        }
        Ok(RawValue::new(hash))
    }

    pub(super) fn packed_hash(&mut self, is_ziplist: bool) -> Result<RawValue, Fault> {
        let what = if is_ziplist { "Hash ziplist" } else { "Hash listpack" };
        let pack = self.pairs(is_ziplist, what)?;
        Hash::from_listpack(pack, &self.hash_limits()).map(RawValue::new).ok_or(DUPLICATE)
    }

    pub(super) fn zipmap_hash(&mut self) -> Result<RawValue, Fault> {
        let limits = self.hash_limits();
        let bytes = self.input.string(self.scratch)?;
        let (mut hash, mut seen, mut duplicate) = (Hash::Packed(Listpack::new()), HashSet::new(), false);
        zipmap::read(bytes, |field, value| {
            duplicate |= !seen.insert(field);
            hash.set(field, value, &limits);
            Ok(())
        })
        .map_err(Fault::integrity("Zipmap"))?;
        if duplicate {
            return Err(Fault::Invalid("Hash zipmap with dup elements"));
        }
        if hash.is_empty() {
            return Err(Fault::Integrity("Zipmap", None));
        }
        Ok(RawValue::new(hash))
    }
}
