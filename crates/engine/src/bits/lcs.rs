//! The longest common subsequence of two strings, as LCS answers it.
//!
//! The textbook table `T[i][j]`, the length for the first `i` and `j` bytes, is computed row by
//! row. Walking back needs no lengths, only which neighbour was larger, so one bit per cell is
//! kept instead of Redis's 32. Which of several longest subsequences is found is part of the
//! answer: walking back prefers to shorten the second string on a tie (t_string.c `lcsCommand`).

/// A common run: inclusive byte ranges of equal length in both strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// First and last index in the first string.
    pub a: (usize, usize),
    /// First and last index in the second string.
    pub b: (usize, usize),
}

impl Match {
    /// How many bytes match; at least 1.
    pub fn len(&self) -> usize {
        self.a.1 - self.a.0 + 1
    }

    /// Never: a match has at least one byte.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// A longest common subsequence and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lcs {
    /// The subsequence.
    pub text: Vec<u8>,
    /// The runs of bytes that make it up, from last to first.
    pub matches: Vec<Match>,
}

/// The length of the longest common subsequence of `a` and `b`.
pub fn lcs_len(a: &[u8], b: &[u8]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for &byte in a {
        fill_row(&mut row, byte, b, |_| {});
    }
    row.last().map_or(0, |&len| len as usize)
}

/// The longest common subsequence of `a` and `b`. Needs `a.len() * b.len()` bits.
pub fn lcs(a: &[u8], b: &[u8]) -> Lcs {
    let mut row = vec![0; b.len() + 1];
    let words = b.len().div_ceil(64);
    let mut up = vec![0u64; words * a.len()];
    for (i, &byte) in a.iter().enumerate() {
        let marks = &mut up[i * words..(i + 1) * words];
        fill_row(&mut row, byte, b, |j| marks[j / 64] |= 1 << (j % 64));
    }
    walk_back(a, b, |i, j| up[i * words + j / 64] >> (j % 64) & 1 == 1)
}

/// Turns row `i` of the table into row `i + 1`, for the byte `a[i]`. `mark_up(j)` is called where
/// the cell above is larger than the one to the left.
#[inline]
fn fill_row(row: &mut [u32], byte: u8, b: &[u8], mut mark_up: impl FnMut(usize)) {
    let (mut diagonal, mut left) = (0, 0);
    for (j, (cell, &other)) in row[1..].iter_mut().zip(b).enumerate() {
        let above = *cell;
        if byte == other {
            left = diagonal + 1;
        } else if above > left {
            left = above;
            mark_up(j);
        }
        *cell = left;
        diagonal = above;
    }
}

fn walk_back(a: &[u8], b: &[u8], above_is_larger: impl Fn(usize, usize) -> bool) -> Lcs {
    let mut found = Lcs { text: Vec::new(), matches: Vec::new() };
    let (mut i, mut j) = (a.len(), b.len());
    let mut run: Option<Match> = None;
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            (i, j) = (i - 1, j - 1);
            found.text.push(a[i]);
            let (a_end, b_end) = run.map_or((i, j), |run| (run.a.1, run.b.1));
            run = Some(Match { a: (i, a_end), b: (j, b_end) });
            continue;
        }
        found.matches.extend(run.take());
        if above_is_larger(i - 1, j - 1) {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    found.matches.extend(run);
    found.text.reverse();
    found
}
