//! Data of modules, which nobody here can load: named, and skipped where that loses no key.
//!
//! ```text
//! id, a length: name (9 characters of 6 bits) and version (10 bits)
//! parts: 1 signed | 2 unsigned | 3 float, 4 bytes | 4 double, 8 bytes | 5 string | 0 end
//! ```

use crate::rdb::Fault;
use crate::rdb::input::Input;

/// The characters that names are made of, by their 6 bits.
const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The name in a module's id.
pub fn name(id: u64) -> String {
    (0..9).rev().map(|at| char::from(CHARACTERS[(id >> (10 + 6 * at)) as usize & 63])).collect()
}

/// Skips the parts up to their end.
pub fn skip(input: &mut impl Input) -> Result<(), Fault> {
    let mut scratch = Vec::new();
    loop {
        match input.length()? {
            0 => return Ok(()),
            1 | 2 => _ = input.length()?,
            3 => _ = input.take(4)?,
            4 => _ = input.take(8)?,
            5 => _ = input.string(&mut scratch)?,
            _ => return Err(Fault::Invalid("unknown part of a module's data")),
        }
    }
}

/// Skips auxiliary data of a module, up to its end; returns the name.
pub fn skip_aux(input: &mut impl Input) -> Result<String, Fault> {
    let name = name(input.length()?);
    let (when_part, _when) = (input.length()?, input.length()?);
    if when_part != 2 {
        return Err(Fault::Invalid("bad when_opcode"));
    }
    skip(input)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::input::Slice;

    #[test]
    fn names_are_read_from_ids() {
        // "ReJSON-RL" version 3, as its documentation shows it.
        let id = b"ReJSON-RL".iter().fold(0u64, |id, character| {
            id << 6 | CHARACTERS.iter().position(|known| known == character).unwrap_or(0) as u64
        });
        assert_eq!(name(id << 10 | 3), "ReJSON-RL");
    }

    #[test]
    fn an_id_is_named_as_redis_names_it() {
        assert_eq!(name(0x0707_0707_0707_0707), "BwcHBwcHB");
    }

    #[test]
    fn parts_are_skipped_up_to_the_end() {
        let mut input = Slice::new(b"\x01\x05\x02\x40\x80\x03....\x04........\x05\x03abc\x00next");
        skip(&mut input).unwrap();
        assert_eq!(input.rest(), b"next");
        assert!(skip(&mut Slice::new(b"\x06")).is_err());
    }
}
