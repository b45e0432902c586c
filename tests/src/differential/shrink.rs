//! Makes a failing sequence short: drops ever smaller chunks as long as something still differs.

use std::time::{Duration, Instant};

use super::pair::{Mismatch, Pair, Setup};
use super::{BATCH, Call, name_of};

/// A sequence that is not minimal after this long is short enough.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs a whole sequence from the start.
pub fn replay(pair: &mut Pair, setup: &Setup, calls: &[Call]) -> Option<Mismatch> {
    pair.prepare(setup);
    let mut queued = Vec::new();
    for (i, batch) in calls.chunks(BATCH).enumerate() {
        let found = pair.run(batch, i * BATCH, &mut queued);
        if found.is_some() {
            return found;
        }
    }
    pair.compare_state(calls.len())
}

/// The shortest sequence found that still shows a difference of the same kind, with the difference.
/// `None` if the sequence as a whole shows none when run again.
pub fn shrink(pair: &mut Pair, setup: &Setup, calls: &[Call], what: &str) -> Option<(Vec<Call>, Mismatch)> {
    let mut fails = |calls: &[Call]| replay(pair, setup, calls).filter(|m| m.what == what);
    let mut mismatch = fails(calls)?;
    let mut best = calls[..mismatch.after.min(calls.len())].to_vec();
    let start = Instant::now();
    // Without calls that wait, the many runs to come are quick.
    let quick: Vec<Call> = best.iter().filter(|call| !may_wait(call)).cloned().collect();
    if let Some(found) = fails(&quick) {
        best = quick[..found.after.min(quick.len())].to_vec();
        mismatch = found;
    }
    let mut chunk = best.len().div_ceil(2);
    while chunk > 0 && start.elapsed() < PATIENCE {
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

fn may_wait(call: &Call) -> bool {
    let name = name_of(call);
    name.starts_with("BL") || name.starts_with("BR") || name.starts_with("BZ") || name.starts_with("XREAD")
}
