//! PFMERGE: the union of HyperLogLogs, stored in the first of them.

use super::{encoding_of, store};
use crate::command::{
    ACCESS, Arg, Args, Command, Ctx, DENYOOM, EventClasses, Group, INSERT, KeySpec, Outcome, RO, RW, WRITE,
};
use crate::hyperloglog::{self as hll, Registers};

/// Declaration of `PFMERGE destkey [sourcekey ...]`.
pub static PFMERGE: Command = Command::new("pfmerge", Group::HyperLogLog, -2, pfmerge)
    .since("2.8.9")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | ACCESS | INSERT), KeySpec::range(2, -1, 1, RO | ACCESS)])
    .summary("Merges HyperLogLogs into one.")
    .complexity("O(N) with a large constant for N keys.")
    .args(&[Arg::key("destkey"), Arg::key_of("sourcekey", 1).multiple().optional()]);

fn pfmerge(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut union = Registers::new();
    for at in 1..args.len() {
        let key = ctx.key(args, at);
        if let Some(value) = ctx.keys.read_str(key)? {
            encoding_of(&value)?;
            union.merge(&value.bytes())?;
        }
    }
    let key = ctx.key(args, 1);
    let mut target = ctx.keys.edit_str(key)?.map_or_else(hll::new, |value| value.get().to_vec());
    union.write_to(&mut target, ctx.settings.hll_sparse_max_bytes)?;
    store(&mut ctx.keys, key, &target)?;
    ctx.changed(key, EventClasses::STRING, "pfadd", 1);
    ctx.reply.ok();
    Ok(())
}
