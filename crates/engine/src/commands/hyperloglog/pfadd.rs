//! PFADD: adds elements to a HyperLogLog.

use super::encoding_of;
use crate::command::{
    Arg, Args, Command, Ctx, DENYOOM, EventClasses, FAST, Group, INSERT, KeySpec, Outcome, RW, WRITE,
};
use crate::hyperloglog::{self as hll, Encoding};
use crate::keyspace::StrMut;
use crate::value::StrValue;

/// PFADD key [element ...]
pub static PFADD: Command = Command::new("pfadd", Group::HyperLogLog, -2, pfadd)
    .since("2.8.9")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | INSERT)])
    .summary("Adds elements to a HyperLogLog, creating it if it is missing.")
    .complexity("O(1) for each element.")
    .args(&[Arg::key("key"), Arg::string("element").multiple().optional()]);

fn pfadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let max_bytes = ctx.settings.hll_sparse_max_bytes;
    let elements = args.from(2);
    let (updated, outcome) = match ctx.keys.edit_str(key)? {
        None => {
            let mut value = hll::new();
            let (added, outcome) = add_all(&mut value, elements, max_bytes);
            ctx.keys.create_str(key)?.set(StrValue::Bytes(&value));
            (added + 1, outcome)
        }
        Some(mut value) => match encoding_of(&value.get())? {
            Encoding::Dense => (add_dense(&mut value, elements), Ok(())),
            Encoding::Sparse => {
                let mut bytes = value.get().to_vec();
                let (added, outcome) = add_all(&mut bytes, elements, max_bytes);
                if added > 0 {
                    value.set(StrValue::Bytes(&bytes));
                }
                (added, outcome)
            }
        },
    };
    outcome?;
    if updated > 0 {
        ctx.changed(key, EventClasses::STRING, "pfadd", updated);
    }
    ctx.reply.int(i64::from(updated > 0));
    Ok(())
}

/// Adds elements until the registers prove corrupt; counts those that changed something.
fn add_all(value: &mut Vec<u8>, elements: Args<'_>, max_bytes: usize) -> (u64, Outcome) {
    let mut added = 0;
    for element in elements.iter() {
        match hll::add(value, element, max_bytes) {
            Ok(changed) => added += u64::from(changed),
            Err(corrupt) => return (added, Err(corrupt.into())),
        }
    }
    if added > 0 {
        hll::invalidate(value);
    }
    (added, Ok(()))
}

fn add_dense(value: &mut StrMut<'_>, elements: Args<'_>) -> u64 {
    let bytes = value.bytes_mut();
    let added = elements.iter().filter(|element| hll::add_dense(bytes, element)).count();
    if added > 0 {
        hll::invalidate(bytes);
    }
    added as u64
}
