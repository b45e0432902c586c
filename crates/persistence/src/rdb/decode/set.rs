//! Sets: members one by one, and in one intset or listpack.

use super::Reader;
use crate::rdb::Fault;
use crate::rdb::input::Input;
use ochre_engine::encoding::intset::Intset;
use ochre_engine::value::{RawValue, Set, SetLimits};

const DUPLICATE: Fault = Fault::Invalid("duplicated member of a set");

impl<I: Input> Reader<'_, '_, I> {
    fn set_limits(&self) -> SetLimits {
        SetLimits::new(self.decoding.settings, self.decoding.seed)
    }

    pub(super) fn set(&mut self) -> Result<RawValue, Fault> {
        let count = self.count()?;
        let limits = self.set_limits();
        let mut set = Set::for_members(self.input.capacity(count, 1), &limits);
        for _ in 0..count {
            if !set.add(self.string()?, &limits) {
                return Err(DUPLICATE);
            }
        }
        Ok(RawValue::new(set))
    }

    pub(super) fn intset(&mut self) -> Result<RawValue, Fault> {
        let ints = Intset::from_bytes(self.string()?)?;
        Ok(RawValue::new(Set::from_intset(ints, &self.set_limits())))
    }

    pub(super) fn packed_set(&mut self) -> Result<RawValue, Fault> {
        let pack = self.listpack(false)?;
        if pack.is_empty() {
            return Err(Fault::Empty);
        }
        self.refuse_duplicates(&pack, 1)?;
        Set::from_listpack(pack, &self.set_limits()).map(RawValue::new).ok_or(DUPLICATE)
    }
}
