//! Makes a failing sequence short: drops ever smaller chunks as long as something still differs.

use super::Call;
use super::pair::{Mismatch, Pair, Setup};

/// Runs a whole sequence from the start.
pub fn replay(pair: &mut Pair, setup: &Setup, calls: &[Call]) -> Option<Mismatch> {
    pair.prepare(setup);
    pair.run(calls, 0, &mut Vec::new()).or_else(|| pair.compare_state(calls.len()))
}

/// The shortest sequence found that still shows a difference of the same kind, with the difference.
/// `None` if the sequence as a whole shows none when run again.
pub fn shrink(pair: &mut Pair, setup: &Setup, calls: &[Call], what: &str) -> Option<(Vec<Call>, Mismatch)> {
    let mut fails = |calls: &[Call]| replay(pair, setup, calls).filter(|m| m.what == what);
    let mut mismatch = fails(calls)?;
    let mut best = calls[..mismatch.after.min(calls.len())].to_vec();
    let mut chunk = best.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        while at < best.len() {
            let end = (at + chunk).min(best.len());
            let candidate = [&best[..at], &best[end..]].concat();
            match fails(&candidate) {
                Some(found) if !candidate.is_empty() => {
                    best = candidate[..found.after.min(candidate.len())].to_vec();
                    mismatch = found;
                }
                _ => at = end,
            }
        }
        chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
    }
    Some((best, mismatch))
}
