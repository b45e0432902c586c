//! DBSIZE: the number of keys.

use crate::commands::Call;
use crate::table::ServerCommand;
use ochre_engine::command::*;

/// Declaration of DBSIZE.
pub static DBSIZE: ServerCommand = ServerCommand::new("dbsize", Group::Server, 1, dbsize)
    .flags(READONLY | FAST)
    .categories(CAT_KEYSPACE)
    .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
    .summary("Returns the number of keys in the database.")
    .complexity("O(1)");

fn dbsize(call: &mut Call<'_>, _: Args<'_>) -> Outcome {
    let keys = call.server.world.len(call.client.db);
    call.reply().count(keys);
    Ok(())
}
