//! Sorted sets: members with scores as text or binary, and in one listpack or ziplist.

use super::Reader;
use crate::rdb::Fault;
use crate::rdb::input::Input;
use ochre_engine::sorted::ScoredMember;
use ochre_engine::text::parse_f64;
use ochre_engine::value::{RawValue, Zset};

impl<I: Input> Reader<'_, '_, I> {
    pub(super) fn zset(&mut self, binary: bool) -> Result<RawValue, Fault> {
        let count = self.count()?;
        let mut members = Vec::with_capacity(self.input.capacity(count).min(1 << 16));
        let mut text = Vec::new();
        for _ in 0..count {
            let member = self.input.string(self.scratch)?;
            text.clear();
            text.extend_from_slice(member);
            let score = if binary { self.input.double()? } else { self.text_score()? };
            if score.is_nan() {
                return Err(Fault::Invalid("Zset with NAN score detected"));
            }
            members.push(ScoredMember::new(score, &text));
        }
        self.untrusted(members)
    }

    fn untrusted(&self, members: Vec<ScoredMember>) -> Result<RawValue, Fault> {
        let Some(zset) = Zset::from_untrusted(members, self.decoding.settings, self.decoding.seed) else {
            return Err(Fault::Invalid("Duplicate zset fields detected"));
        };
        Ok(RawValue::new(zset))
    }

    /// A score as files before version 8 have it: its text after one byte of length, of which three
    /// values have a meaning of their own.
    fn text_score(&mut self) -> Result<f64, Fault> {
        match self.input.byte()? {
            253 => Ok(f64::NAN),
            254 => Ok(f64::INFINITY),
            255 => Ok(f64::NEG_INFINITY),
            len => {
                let text = self.input.take(usize::from(len))?;
                parse_f64(text).ok_or(Fault::Invalid("score that is not a number"))
            }
        }
    }

    pub(super) fn packed_zset(&mut self, is_ziplist: bool) -> Result<RawValue, Fault> {
        let what = if is_ziplist { "Zset ziplist" } else { "Zset listpack" };
        let pack = self.pairs(is_ziplist, what)?;
        let zset = Zset::from_listpack(pack, self.decoding.settings, self.decoding.seed);
        zset.map(RawValue::new).ok_or(Fault::Integrity(what, None))
    }
}
