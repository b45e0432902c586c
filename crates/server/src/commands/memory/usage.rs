//! MEMORY USAGE: the memory of a key with its value.

use crate::exec::ContextCall;
use ochre_engine::command::*;
use ochre_engine::text::parse_i64;
use ochre_engine::value::footprint;

/// The default number of elements of a value that are sampled.
const DEFAULT_SAMPLES: usize = 5;

pub(super) fn usage(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let samples = read_samples(args)?;
    let (shards, state) = (&mut call.scope.shards, &call.scope.state);
    let now = state.clock.unix_ms(state.tick);
    let key = shards.locate(args.get(2));
    let entry = shards.shard_mut(key).entry(call.client.db, key);
    let alive = entry.filter(|entry| entry.expiry().is_none_or(|at| at.0 > now.0));
    match alive.map(|entry| footprint(entry, samples)) {
        Some(bytes) => call.reply().count(bytes),
        None => call.reply().null(),
    }
    Ok(())
}

/// Reads the options: `SAMPLES count`, of which the last one counts; 0 means all elements.
fn read_samples(args: Args<'_>) -> Result<usize, Error> {
    let mut samples = DEFAULT_SAMPLES;
    let mut at = 3;
    while at < args.len() {
        let count = args.try_get(at + 1).filter(|_| args.get(at).eq_ignore_ascii_case(b"samples"));
        let count = parse_i64(count.ok_or(Error::SYNTAX)?).ok_or(Error::NOT_INTEGER)?;
        samples = usize::try_from(count).map_err(|_| Error::SYNTAX)?;
        at += 2;
    }
    Ok(samples)
}
