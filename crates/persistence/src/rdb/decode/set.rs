//! Sets: members one by one, and in one intset or listpack.

use super::{Reader, count_searched, refuse_duplicates};
use crate::rdb::Fault;
use crate::rdb::input::Input;
use ochre_engine::encoding::intset::Intset;
use ochre_engine::value::{RawValue, Set, SetLimits};

const DUPLICATE: Fault = Fault::Invalid("Duplicate set members detected");

impl<I: Input> Reader<'_, '_, I> {
    fn set_limits(&self) -> SetLimits {
        SetLimits::new(self.decoding.settings, self.decoding.seed)
    }

    pub(super) fn set(&mut self) -> Result<RawValue, Fault> {
        let count = self.count()?;
        let limits = self.set_limits();
        let mut set = Set::for_members(count, self.input.capacity(count), &limits);
        for _ in 0..count {
            if !set.add(self.string()?, &limits) {
                return Err(DUPLICATE);
            }
        }
        Ok(RawValue::new(set))
    }

    pub(super) fn intset(&mut self) -> Result<RawValue, Fault> {
        let bytes = self.input.string(self.scratch)?;
        count_searched(self.decoding);
        let ints = Intset::from_bytes(bytes).map_err(Fault::integrity("Intset"))?;
        Ok(RawValue::new(Set::from_intset(ints, &self.set_limits())))
    }

    pub(super) fn packed_set(&mut self) -> Result<RawValue, Fault> {
        const WHAT: &str = "Set listpack";
        let pack = self.listpack(WHAT)?;
        if pack.is_empty() {
            return Err(Fault::Empty);
        }
        if self.decoding.deep.is_some() {
            refuse_duplicates(&pack, 1, WHAT)?;
        }
        Set::from_listpack(pack, &self.set_limits()).map(RawValue::new).ok_or(DUPLICATE)
    }
}
