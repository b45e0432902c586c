//! DBSIZE: the number of keys of a database.

use crate::command::*;

/// Declaration of `DBSIZE`.
pub static DBSIZE: Command = Command::new("dbsize", Group::Server, 1, dbsize)
    .flags(READONLY | FAST | WHOLE_WORLD)
    .categories(CAT_KEYSPACE)
    .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
    .summary("Returns the number of keys in the database.")
    .complexity("O(1)");

fn dbsize(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let keys = ctx.keys.len();
    ctx.reply.count(keys);
    Ok(())
}
