//! SWAPDB: exchanges the content of two databases.

use crate::commands::Call;
use crate::table::ServerCommand;
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::text::parse_i64;

/// Declaration of SWAPDB.
pub static SWAPDB: ServerCommand = ServerCommand::new("swapdb", Group::Server, 3, swapdb)
    .since("4.0.0")
    .flags(WRITE | FAST)
    .categories(CAT_KEYSPACE | CAT_DANGEROUS)
    .summary("Exchanges the content of two databases.")
    .complexity("O(N) where N is the count of clients watching or blocking on keys from both databases.")
    .args(&[Arg::integer("index1"), Arg::integer("index2")]);

fn swapdb(call: &mut Call<'_>, args: Args<'_>) -> Outcome {
    let first = number(args.get(1), "ERR invalid first DB index")?;
    let second = number(args.get(2), "ERR invalid second DB index")?;
    let dbs = i64::from(call.server.world.dbs());
    if !(0..dbs).contains(&first) || !(0..dbs).contains(&second) {
        return Err(Error::fixed("ERR DB index is out of range"));
    }
    let (a, b) = (DbIndex(first as u32), DbIndex(second as u32));
    let server = &mut *call.server;
    for (db, other) in [(a, b), (b, a)] {
        // A watched key is touched if it is there before or after.
        let broken = server.world.watchers(db, |key, shard| {
            [db, other]
                .iter()
                .any(|d| shard.db(*d).is_some_and(|part| part.table.contains(key.hash, key.bytes)))
        });
        server.lane.fx.broken_watches.extend(broken);
    }
    server.world.swap(a, b);
    server.signal_awaited(a);
    server.signal_awaited(b);
    server.lane.fx.dirty += 1;
    call.reply().ok();
    Ok(())
}

fn number(text: &[u8], error: &'static str) -> Result<i64, Error> {
    parse_i64(text).filter(|n| i32::try_from(*n).is_ok()).ok_or(Error::fixed(error))
}
