//! BITOP: combining whole strings.
//!
//! The result is as long as the longest source, shorter ones being padded with zeros. Each source
//! is folded into the result over one plain loop, which the compiler turns into vector code.

/// The operation of BITOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitOp {
    /// Bits set in all sources.
    And,
    /// Bits set in any source.
    Or,
    /// Bits set in an odd number of sources.
    Xor,
    /// The inverse of the only source.
    Not,
}

/// The sources combined. For [`BitOp::Not`] only the first one counts.
pub fn combine(op: BitOp, sources: &[&[u8]]) -> Vec<u8> {
    let Some((first, others)) = sources.split_first() else { return Vec::new() };
    if op == BitOp::Not {
        return first.iter().map(|byte| !byte).collect();
    }
    let len = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    let mut out = Vec::with_capacity(len);
    out.extend_from_slice(first);
    out.resize(len, 0);
    for source in others {
        fold(op, &mut out, source);
    }
    out
}

fn fold(op: BitOp, out: &mut [u8], source: &[u8]) {
    let (covered, beyond) = out.split_at_mut(source.len());
    let pairs = covered.iter_mut().zip(source);
    match op {
        BitOp::And => {
            pairs.for_each(|(to, from)| *to &= from);
            beyond.fill(0);
        }
        BitOp::Or => pairs.for_each(|(to, from)| *to |= from),
        BitOp::Xor => pairs.for_each(|(to, from)| *to ^= from),
        BitOp::Not => {}
    }
}
