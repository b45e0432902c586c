//! DUMP: the value of a key as a payload for RESTORE.

use crate::rdb::payload;
use ochre_engine::command::*;

/// Declaration of DUMP.
pub static DUMP: Command = Command::new("dump", Group::Generic, 2, dump)
    .since("2.6.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .tips(&["nondeterministic_output"])
    .summary("Returns the value of a key in serialized form.")
    .complexity("O(N*M) where N is the number of elements and M their average size; O(M) for strings")
    .args(&[Arg::key("key")]);

fn dump(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (level, compression) = (ctx.level(), ctx.settings.rdbcompression);
    let key = ctx.key(args, 1);
    match ctx.keys.read_entry(key) {
        Some(entry) => ctx.reply.bulk(payload::dump(entry, level, compression)),
        None => ctx.reply.null(),
    }
    Ok(())
}
