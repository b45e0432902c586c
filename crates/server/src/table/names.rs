//! Finding a command by its name, in any case, once per command that arrives.
//!
//! ```text
//! GET              first "get", last 0                   up to 8 bytes are one word
//! ZRANGEBYSCORE    first "zrangeby", last "ebyscore"     up to 16 are two that overlap
//! longer           in a list, as there are few
//! ```
//! Two words and the length identify a name of up to 16 bytes, so a lookup compares no text.

use super::CommandId;
use ochre_engine::text::word_of;

/// The two words and the length of a name of up to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Short {
    first: u64,
    last: u64,
    len: u16,
}

impl Short {
    #[inline(always)]
    fn of(name: &[u8]) -> Option<Short> {
        let (first, last) = match name.len() {
            ..=8 => (lower(word_of(name)), 0),
            9..=16 => (lower(word_of(&name[..8])), lower(word_of(&name[name.len() - 8..]))),
            _ => return None,
        };
        Some(Short { first, last, len: name.len() as u16 })
    }

    /// The index of the first slot to look at.
    #[inline(always)]
    fn home(self, slots: usize) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(21)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 48) as usize & (slots - 1)
    }
}

/// Lower case of 8 ASCII bytes in one word.
#[inline(always)]
fn lower(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let seven = word & (0x7f * ONES);
    let from_a = seven + (0x80 - b'A' as u64) * ONES;
    let past_z = seven + (0x80 - b'Z' as u64 - 1) * ONES;
    let upper = (from_a & !past_z & !word) & (0x80 * ONES);
    word | upper >> 2
}

/// A slot for a name.
#[derive(Debug, Clone, Copy)]
struct Slot {
    name: Short,
    /// 0 for a free slot, else the id of the command and 1.
    id: u16,
}

const FREE: Slot = Slot { name: Short { first: 0, last: 0, len: 0 }, id: 0 };
const SLOTS: usize = 1024;

/// The names of all commands.
pub struct Names {
    /// The hash table. A search goes on until a free slot (open addressing).
    slots: Box<[Slot; SLOTS]>,
    /// Longer names, in lower case.
    long: Vec<(Vec<u8>, CommandId)>,
}

impl Names {
    /// No names.
    pub fn new() -> Names {
        Names { slots: Box::new([FREE; SLOTS]), long: Vec::new() }
    }

    /// Gives a command a name that no other has.
    pub fn add(&mut self, name: &[u8], id: CommandId) {
        match Short::of(name) {
            Some(name) => self.fill(Slot { name, id: id.0 + 1 }),
            None => self.long.push((name.to_ascii_lowercase(), id)),
        }
    }

    fn fill(&mut self, slot: Slot) {
        let mut at = slot.name.home(SLOTS);
        while self.slots[at].id != 0 {
            at = (at + 1) % SLOTS;
        }
        self.slots[at] = slot;
    }

    /// Takes all names of a command away.
    pub fn remove(&mut self, id: CommandId) {
        self.long.retain(|(_, named)| *named != id);
        let others: Vec<Slot> =
            self.slots.iter().copied().filter(|slot| slot.id != 0 && slot.id != id.0 + 1).collect();
        self.slots.fill(FREE);
        others.into_iter().for_each(|slot| self.fill(slot));
    }

    /// The command with this name, in any case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<CommandId> {
        let Some(short) = Short::of(name) else { return self.find_long(name) };
        let mut at = short.home(SLOTS);
        loop {
            let slot = &self.slots[at];
            if slot.id == 0 {
                return None;
            }
            if slot.name == short {
                return Some(CommandId(slot.id - 1));
            }
            at = (at + 1) % SLOTS;
        }
    }

    #[cold]
    fn find_long(&self, name: &[u8]) -> Option<CommandId> {
        let fits = |(known, _): &&(Vec<u8>, CommandId)| known.eq_ignore_ascii_case(name);
        self.long.iter().find(fits).map(|(_, id)| *id)
    }

    /// Whether the command has a name.
    pub fn has(&self, id: CommandId) -> bool {
        self.slots.iter().any(|slot| slot.id == id.0 + 1) || self.long.iter().any(|(_, named)| *named == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_lower_case_and_nothing_else_changes() {
        let of = |name: &[u8]| Short::of(name);
        assert_eq!(of(b"GeT"), of(b"get"));
        assert_ne!(of(b"get"), of(b"ge"));
        assert_ne!(of(b"get"), of(b"get\0"));
        for byte in 0..=255u8 {
            let word = lower(u64::from_le_bytes([byte; 8]));
            assert_eq!(word.to_le_bytes(), [byte.to_ascii_lowercase(); 8], "{byte}");
        }
    }

    #[test]
    fn every_byte_of_a_name_counts() {
        let name = b"abcdefghijklmnopqrst";
        for len in 1..=name.len() {
            let mut names = Names::new();
            names.add(&name[..len], CommandId(7));
            assert_eq!(names.find(&name[..len].to_ascii_uppercase()), Some(CommandId(7)), "{len}");
            for at in 0..len {
                let mut other = name[..len].to_vec();
                other[at] = b'-';
                assert_eq!(names.find(&other), None, "{len} {at}");
            }
            names.remove(CommandId(7));
            assert!(names.find(&name[..len]).is_none() && !names.has(CommandId(7)), "{len}");
        }
    }
}
