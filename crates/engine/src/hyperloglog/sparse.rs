//! Registers as runs of equal values, for values with few elements.
//!
//! ```text
//! ZERO    00llllll            l + 1 registers of 0           (1 to 64)
//! XZERO   01llllll llllllll   l + 1 registers of 0, big end  (1 to 16384)
//! VAL     1vvvvvll            l + 1 registers of v + 1       (1 to 4 registers of 1 to 32)
//! ```
//!
//! The runs must cover exactly all registers. How an update splits and joins runs decides the
//! bytes that clients can GET, so [`raise`] does it as `hllSparseSet` of Redis does.

use super::{Corrupt, REGISTERS};

/// All registers zero.
pub(super) const EMPTY: [u8; 2] = [0x7f, 0xff];

const MAX_RANK: u8 = 32;
const MAX_VAL_LEN: usize = 4;
const MAX_ZERO_LEN: usize = 64;
/// How many runs from the one before an update are looked at for joining.
const JOIN_SCAN: usize = 5;

/// What became of an update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Raised {
    No,
    Yes,
    /// The registers no longer fit this encoding; nothing was changed.
    NeedsDense,
}

/// One run: `len` registers of `rank`, encoded in `bytes` bytes.
#[derive(Clone, Copy)]
struct Run {
    rank: u8,
    len: usize,
    bytes: usize,
}

impl Run {
    /// Reads the run at the start of `runs`; a missing second byte counts as zero, as the byte
    /// behind a string of Redis does.
    fn read(runs: &[u8]) -> Option<Run> {
        let first = *runs.first()?;
        let low = usize::from(first & 0x3f);
        Some(match first >> 6 {
            0 => Run { rank: 0, len: low + 1, bytes: 1 },
            1 => {
                let second = runs.get(1).copied().unwrap_or(0);
                Run { rank: 0, len: (low << 8 | usize::from(second)) + 1, bytes: 2 }
            }
            _ => Run { rank: (first >> 2 & 0x1f) + 1, len: usize::from(first & 3) + 1, bytes: 1 },
        })
    }

    fn is_xzero(self) -> bool {
        self.bytes == 2
    }
}

fn runs(mut bytes: &[u8]) -> impl Iterator<Item = Run> {
    std::iter::from_fn(move || {
        let run = Run::read(bytes)?;
        bytes = bytes.get(run.bytes..).unwrap_or_default();
        Some(run)
    })
}

/// Calls `visit` with first register, length and rank of every run that is not zero.
pub(super) fn for_each_run(bytes: &[u8], mut visit: impl FnMut(usize, usize, u8)) -> Result<(), Corrupt> {
    let mut index = 0;
    for run in runs(bytes) {
        if run.rank > 0 {
            if index + run.len > REGISTERS {
                return Err(Corrupt);
            }
            visit(index, run.len, run.rank);
        }
        index += run.len;
    }
    if index == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

/// Counts the registers of each value.
pub(super) fn histogram(bytes: &[u8], histogram: &mut [u32; 64]) -> Result<(), Corrupt> {
    let mut nonzero = 0;
    for_each_run(bytes, |_, len, rank| {
        histogram[usize::from(rank)] += len as u32;
        nonzero += len;
    })?;
    histogram[0] += (REGISTERS - nonzero) as u32;
    Ok(())
}

/// The runs as PFDEBUG DECODE shows them.
pub(super) fn describe(bytes: &[u8]) -> String {
    let texts: Vec<String> = runs(bytes)
        .map(|run| match run {
            Run { rank: 0, len, bytes: 1 } => format!("z:{len}"),
            Run { rank: 0, len, .. } => format!("Z:{len}"),
            Run { rank, len, .. } => format!("v:{rank},{len}"),
        })
        .collect();
    texts.join(" ")
}

/// Raises one register to `rank`. The runs start at `start` of `value`, which as a whole must not
/// outgrow `max_bytes`.
pub(super) fn raise(
    value: &mut Vec<u8>,
    start: usize,
    index: usize,
    rank: u8,
    max_bytes: usize,
) -> Result<Raised, Corrupt> {
    if rank > MAX_RANK {
        return Ok(Raised::NeedsDense);
    }
    let Found { at, before, first, run } = find(value, start, index).ok_or(Corrupt)?;
    if run.rank >= rank {
        return Ok(Raised::No);
    }
    if run.len == 1 && !run.is_xzero() {
        value[at] = val(rank, 1);
    } else {
        let split = Split::new(run, index - first, rank);
        let bytes = split.as_bytes();
        if bytes.len() > run.bytes && value.len() + bytes.len() - run.bytes > max_bytes {
            return Ok(Raised::NeedsDense);
        }
        value.splice(at..at + run.bytes, bytes.iter().copied());
    }
    join(value, before);
    Ok(Raised::Yes)
}

/// The run that covers a register.
struct Found {
    at: usize,
    /// Where the run before it starts, or itself if it is the first.
    before: usize,
    /// The first register that the run covers.
    first: usize,
    run: Run,
}

fn find(value: &[u8], start: usize, index: usize) -> Option<Found> {
    let (mut at, mut before, mut first) = (start, start, 0);
    loop {
        let run = Run::read(value.get(at..)?)?;
        if index < first + run.len {
            let whole = at + run.bytes <= value.len();
            return whole.then_some(Found { at, before, first, run });
        }
        before = at;
        at += run.bytes;
        first += run.len;
    }
}

/// The runs that take the place of one whose register changes.
struct Split {
    bytes: [u8; 5],
    len: usize,
}

impl Split {
    /// `offset` is the position of the register within the run.
    fn new(run: Run, offset: usize, rank: u8) -> Self {
        let mut split = Split { bytes: [0; 5], len: 0 };
        split.push_rest(run.rank, offset);
        split.push(val(rank, 1));
        split.push_rest(run.rank, run.len - offset - 1);
        split
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push_rest(&mut self, rank: u8, len: usize) {
        match len {
            0 => {}
            _ if rank > 0 => self.push(val(rank, len)),
            1..=MAX_ZERO_LEN => self.push((len - 1) as u8),
            _ => {
                self.push(0x40 | ((len - 1) >> 8) as u8);
                self.push((len - 1) as u8);
            }
        }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }
}

/// Joins neighbouring runs of equal values from `at` on, where that fits one run.
fn join(value: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_SCAN {
        let Some(run) = value.get(at..).and_then(Run::read) else { return };
        let next = value.get(at + 1..).and_then(Run::read);
        match next {
            Some(next) if run.rank > 0 && next.rank == run.rank && run.len + next.len <= MAX_VAL_LEN => {
                value[at + 1] = val(run.rank, run.len + next.len);
                value.remove(at);
            }
            _ => at += run.bytes,
        }
    }
}

fn val(rank: u8, len: usize) -> u8 {
    0x80 | (rank - 1) << 2 | (len - 1) as u8
}
