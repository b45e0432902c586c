//! Intset: a small set of integers as one sorted array, the format of Redis RDB files.
//!
//! ```text
//! 0        4        8
//! | width  | length | value | value | ...     ascending, no value twice
//!   u32 LE   u32 LE   i16, i32 or i64 LE by width (2, 4, 8)
//! ```
//! The width is that of the widest value ever inserted; removing never narrows it, as in Redis.
//!
//! Like a listpack, an [`Intset`] is one thin pointer to a block that describes itself (`encoding::block`).
//! Invariant: the block is a well-formed intset at all times.

use super::Corrupt;
use super::block::{Block, Form, IntsetForm, word};
use std::fmt;

const HEADER: usize = IntsetForm::HEADER;

/// An owned intset.
pub type Intset = Block<IntsetForm>;

impl Intset {
    /// An empty set of the narrowest width.
    pub fn new() -> Self {
        Self::copy_of(&header(2, 0))
    }

    /// Takes over foreign bytes after checking width, length and order. An empty set is refused,
    /// since no key holds one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Corrupt> {
        check(bytes)?;
        Ok(Self::copy_of(bytes))
    }

    /// The number of values.
    #[inline]
    pub fn len(&self) -> usize {
        word(self.header(), 4) as usize
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes each value takes: 2, 4 or 8.
    #[inline]
    pub fn width(&self) -> usize {
        word(self.header(), 0) as usize
    }

    /// The value with this index, in ascending order. A random member is the one at a random index.
    #[inline]
    pub fn get(&self, index: usize) -> Option<i64> {
        (index < self.len()).then(|| read(self.values(), self.width(), index))
    }

    /// The smallest value.
    pub fn min(&self) -> Option<i64> {
        self.get(0)
    }

    /// The largest value.
    pub fn max(&self) -> Option<i64> {
        self.get(self.len().wrapping_sub(1))
    }

    /// The values in ascending order.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + Clone + '_ {
        let (values, width) = (self.values(), self.width());
        (0..self.len()).map(move |index| read(values, width, index))
    }

    /// Where `value` is (`Ok`) or would be inserted (`Err`).
    pub fn find(&self, value: i64) -> Result<usize, usize> {
        match self.width() {
            2 => search::<2>(self.values(), value),
            4 => search::<4>(self.values(), value),
            _ => search::<8>(self.values(), value),
        }
    }

    /// Whether `value` is in the set.
    #[inline]
    pub fn contains(&self, value: i64) -> bool {
        width_of(value) <= self.width() && self.find(value).is_ok()
    }

    /// Adds `value`; false if it was there already.
    pub fn insert(&mut self, value: i64) -> bool {
        if width_of(value) > self.width() {
            self.widen_and_insert(value);
            return true;
        }
        let Err(index) = self.find(value) else { return false };
        let (width, len) = (self.width(), self.len());
        self.splice(HEADER + index * width, 0, width, &header(width, len + 1), |gap| {
            gap.put(&value.to_le_bytes()[..width]);
        });
        true
    }

    /// Removes `value`; false if it was not there.
    pub fn remove(&mut self, value: i64) -> bool {
        match self.find(value) {
            Ok(index) => {
                self.remove_at(index);
                true
            }
            Err(_) => false,
        }
    }

    /// Removes the value with this index.
    pub fn remove_at(&mut self, index: usize) {
        let (width, len) = (self.width(), self.len());
        assert!(index < len, "an index within the set");
        self.splice(HEADER + index * width, width, 0, &header(width, len - 1), |_| {});
    }

    /// The new value lies outside the range of the old width, so it goes to one of the two ends.
    fn widen_and_insert(&mut self, value: i64) {
        let (old_width, len, width) = (self.width(), self.len(), width_of(value));
        let added = (len + 1) * width - len * old_width;
        self.splice(self.total_bytes(), 0, added, &header(width, len + 1), |_| {});
        let shift = usize::from(value < 0);
        let values = self.payload_mut();
        for index in (0..len).rev() {
            // Going backwards, no value is overwritten before it is read.
            let moved = read(values, old_width, index);
            write(values, width, index + shift, moved);
        }
        write(values, width, if value < 0 { 0 } else { len }, value);
    }

    #[inline]
    fn values(&self) -> &[u8] {
        &self.as_bytes()[HEADER..]
    }
}

impl Default for Intset {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Intset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The header of a set.
#[inline]
fn header(width: usize, len: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&(width as u32).to_le_bytes());
    header[4..].copy_from_slice(&(len as u32).to_le_bytes());
    header
}

/// The narrowest width that holds `value`.
#[inline]
fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

#[inline]
fn read(values: &[u8], width: usize, index: usize) -> i64 {
    match width {
        2 => read_wide::<2>(values, index),
        4 => read_wide::<4>(values, index),
        _ => read_wide::<8>(values, index),
    }
}

fn write(values: &mut [u8], width: usize, index: usize, value: i64) {
    values[index * width..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
}

#[inline]
fn read_wide<const WIDTH: usize>(values: &[u8], index: usize) -> i64 {
    let mut raw = [0u8; 8];
    raw[8 - WIDTH..].copy_from_slice(&values[index * WIDTH..(index + 1) * WIDTH]);
    i64::from_le_bytes(raw) >> (64 - 8 * WIDTH)
}

fn search<const WIDTH: usize>(values: &[u8], value: i64) -> Result<usize, usize> {
    let len = values.len() / WIDTH;
    if len == 0 || value > read_wide::<WIDTH>(values, len - 1) {
        return Err(len);
    }
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        if read_wide::<WIDTH>(values, middle) < value {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if read_wide::<WIDTH>(values, low) == value { Ok(low) } else { Err(low) }
}

fn check(bytes: &[u8]) -> Result<(), Corrupt> {
    let Some((header, values)) = bytes.split_at_checked(HEADER) else {
        return Err(Corrupt::at(bytes.len(), "intset shorter than its header"));
    };
    let width = match header[..4] {
        [width @ (2 | 4 | 8), 0, 0, 0] => usize::from(width),
        _ => return Err(Corrupt::at(0, "intset of an unknown width")),
    };
    let len = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    if len == 0 || values.len() % width != 0 || values.len() / width != len {
        return Err(Corrupt::at(4, "intset of another size than its header tells"));
    }
    for index in 1..len {
        if read(values, width, index - 1) >= read(values, width, index) {
            return Err(Corrupt::at(HEADER + index * width, "intset value out of order"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set_of(values: &[i64]) -> Intset {
        let mut set = Intset::new();
        for &value in values {
            set.insert(value);
        }
        set
    }

    #[test]
    fn bytes_are_those_of_redis() {
        assert_eq!(set_of(&[3, 1, -5]).as_bytes(), b"\x02\0\0\0\x03\0\0\0\xfb\xff\x01\0\x03\0");
        let four = b"\x04\0\0\0\x03\0\0\0\xfb\xff\xff\xff\x02\0\0\0\x70\x11\x01\0";
        assert_eq!(set_of(&[70000, -5, 2]).as_bytes(), four);
        let eight = b"\x08\0\0\0\x02\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\x01\0\0";
        assert_eq!(set_of(&[1 << 40, -1]).as_bytes(), eight);
        assert_eq!(Intset::from_bytes(eight).unwrap().max(), Some(1 << 40));
    }

    #[test]
    fn removing_never_narrows() {
        let mut set = set_of(&[1, i64::MIN]);
        assert!(set.remove(i64::MIN));
        assert_eq!(set.width(), 8);
        assert!(!set.remove(i64::MIN));
    }

    #[test]
    fn foreign_bytes_must_be_sorted_and_complete() {
        for bad in [
            &b""[..],
            b"\x02\0\0\0\0\0\0\0",
            b"\x03\0\0\0\x01\0\0\0\x01\0\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0",
            b"\x02\0\0\0\x01\0\0\0\x01\0\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0\x01\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0\0\0",
            b"\x08\0\0\0\xff\xff\xff\xff\x01\0\x01\0",
        ] {
            assert!(Intset::from_bytes(bad).is_err(), "{bad:?}");
        }
    }

    fn value() -> impl Strategy<Value = i64> {
        prop_oneof![-20i64..20, -40_000i64..40_000, -3_000_000_000i64..3_000_000_000, any::<i64>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]
        #[test]
        fn behaves_like_a_sorted_set(steps in prop::collection::vec((any::<bool>(), value()), 0..80)) {
            let (mut set, mut model) = (Intset::new(), BTreeSet::new());
            for (add, value) in steps {
                if add {
                    prop_assert_eq!(set.insert(value), model.insert(value));
                } else {
                    prop_assert_eq!(set.remove(value), model.remove(&value));
                }
                prop_assert!(set.iter().eq(model.iter().copied()));
                prop_assert_eq!(set.contains(value), model.contains(&value));
            }
            if !set.is_empty() {
                prop_assert!(Intset::from_bytes(set.as_bytes()).is_ok());
            }
            prop_assert_eq!((set.min(), set.max()), (model.first().copied(), model.last().copied()));
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), width in 0u8..9) {
            let mut bytes = bytes;
            if bytes.len() >= 8 {
                bytes[..4].copy_from_slice(&[width, 0, 0, 0]);
                bytes[5..8].fill(0);
            }
            if let Ok(set) = Intset::from_bytes(&bytes) {
                prop_assert_eq!(set.iter().len(), set.len());
            }
        }
    }
}
