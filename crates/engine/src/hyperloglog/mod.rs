//! HyperLogLog: estimates how many distinct elements were added, in at most 12 KB.
//!
//! The value is an ordinary string with exactly the bytes of Redis, so that GET, SET, RDB files and
//! replicas see the same thing:
//!
//! ```text
//! 0      4          5         8                  16
//! | HYLL | encoding | 0 0 0   | count, 8 bytes LE | registers ..
//! ```
//!
//! The count is a cache, void while its highest bit is set. An element is hashed to one of 16384
//! registers and a rank, the length of the run of zero bits that its hash starts with; a register
//! keeps the greatest rank. Encoding 0 stores registers in 6 bits each (`dense`), encoding 1 as runs
//! (`sparse`). Anybody can SET such bytes, so nothing here trusts more than [`check`] has seen.

mod dense;
mod estimate;
mod hash;
mod registers;
mod sparse;
#[cfg(test)]
mod tests;

pub use registers::Registers;

/// The number of registers.
pub const REGISTERS: usize = 1 << INDEX_BITS;
/// The size of a dense value in bytes.
pub const DENSE_BYTES: usize = HEADER + dense::BYTES;
/// The greatest value of a register.
pub const MAX_RANK: u8 = 63;

const INDEX_BITS: u32 = 14;
const HEADER: usize = 16;
const ENCODING: usize = 4;
/// The highest byte of the cached count, whose highest bit marks it void.
const CACHE_TOP: usize = 15;

/// How registers are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Six bits each.
    Dense,
    /// Runs of equal registers.
    Sparse,
}

/// Registers that do not add up: the INVALIDOBJ error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrupt;

/// Tells the encoding of a string, none when it is no HyperLogLog (the WRONGTYPE error).
pub fn check(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER || &bytes[..4] != b"HYLL" {
        return None;
    }
    match bytes[ENCODING] {
        0 if bytes.len() == DENSE_BYTES => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

/// The value of a new key: sparse, all registers zero, and a valid count of 0.
pub fn new() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + sparse::EMPTY.len());
    bytes.extend_from_slice(b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0");
    bytes.extend_from_slice(&sparse::EMPTY);
    bytes
}

/// Adds an element to a checked value. True when a register changed; the caller then calls
/// [`invalidate`]. A sparse value becomes dense when it would outgrow `sparse_max_bytes`
/// (`hll-sparse-max-bytes`) or when a rank does not fit.
pub fn add(value: &mut Vec<u8>, element: &[u8], sparse_max_bytes: usize) -> Result<bool, Corrupt> {
    let (index, rank) = place(element);
    raise(value, index, rank, sparse_max_bytes)
}

/// Adds an element to a checked dense value, in place. True when a register changed.
pub fn add_dense(value: &mut [u8], element: &[u8]) -> bool {
    let (index, rank) = place(element);
    dense::raise(&mut value[HEADER..], index, rank)
}

/// The estimate for a checked value, computed from its registers.
pub fn count(value: &[u8]) -> Result<u64, Corrupt> {
    let mut histogram = [0u32; 64];
    match encoding(value) {
        Encoding::Dense => dense::histogram(&value[HEADER..], &mut histogram),
        Encoding::Sparse => sparse::histogram(&value[HEADER..], &mut histogram)?,
    }
    Ok(estimate::from_histogram(&histogram))
}

/// The cached estimate of a checked value, unless it is void.
pub fn cached_count(value: &[u8]) -> Option<u64> {
    let mut count = [0; 8];
    count.copy_from_slice(&value[8..HEADER]);
    (value[CACHE_TOP] & 0x80 == 0).then(|| u64::from_le_bytes(count))
}

/// Stores the estimate in a checked value.
pub fn set_cached_count(value: &mut [u8], count: u64) {
    value[8..HEADER].copy_from_slice(&count.to_le_bytes());
}

/// Voids the cached estimate of a checked value.
pub fn invalidate(value: &mut [u8]) {
    value[CACHE_TOP] |= 0x80;
}

/// Makes a checked value dense; false when it was.
pub fn to_dense(value: &mut Vec<u8>) -> Result<bool, Corrupt> {
    if encoding(value) == Encoding::Dense {
        return Ok(false);
    }
    let mut dense = vec![0; DENSE_BYTES];
    dense[..HEADER].copy_from_slice(&value[..HEADER]);
    dense[ENCODING] = 0;
    let registers = &mut dense[HEADER..];
    sparse::for_each_run(&value[HEADER..], |first, len, rank| {
        (first..first + len).for_each(|index| dense::set(registers, index, rank));
    })?;
    *value = dense;
    Ok(true)
}

/// The registers of a checked dense value, in order.
pub fn dense_registers(value: &[u8]) -> impl Iterator<Item = u8> {
    (0..REGISTERS).map(|index| dense::get(&value[HEADER..], index))
}

/// The runs of a checked sparse value as PFDEBUG DECODE shows them.
pub fn decode(value: &[u8]) -> String {
    sparse::describe(&value[HEADER..])
}

/// Raises one register of a checked value to `rank`; true when it was lower.
fn raise(value: &mut Vec<u8>, index: usize, rank: u8, sparse_max_bytes: usize) -> Result<bool, Corrupt> {
    if encoding(value) == Encoding::Dense {
        return Ok(dense::raise(&mut value[HEADER..], index, rank));
    }
    match sparse::raise(value, HEADER, index, rank, sparse_max_bytes)? {
        sparse::Raised::No => Ok(false),
        sparse::Raised::Yes => {
            invalidate(value);
            Ok(true)
        }
        sparse::Raised::NeedsDense => {
            to_dense(value)?;
            Ok(dense::raise(&mut value[HEADER..], index, rank))
        }
    }
}

fn encoding(value: &[u8]) -> Encoding {
    if value[ENCODING] == 0 { Encoding::Dense } else { Encoding::Sparse }
}

/// The register an element belongs to, and its rank there: 1 to 51.
fn place(element: &[u8]) -> (usize, u8) {
    let hash = hash::murmur64a(element, 0xadc8_3b19);
    let index = hash as usize & (REGISTERS - 1);
    // The added bit ends the run of zeros when the hash has no more.
    let rest = (hash >> INDEX_BITS) | 1 << (64 - INDEX_BITS);
    (index, rest.trailing_zeros() as u8 + 1)
}
