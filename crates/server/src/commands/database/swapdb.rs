//! SWAPDB: exchanges the content of two databases.

use crate::exec::{Handler, ServerCall, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::keyspace::{DbIndex, Presence};
use ochre_engine::text::parse_i64;

/// Declaration of SWAPDB.
pub static SWAPDB: ServerCommand = ServerCommand::new("swapdb", Group::Server, 3, Handler::exclusive(swapdb))
    .since("4.0.0")
    .flags(WRITE | FAST)
    .categories(CAT_KEYSPACE | CAT_DANGEROUS)
    .summary("Exchanges the content of two databases.")
    .complexity("O(N) where N is the count of clients watching or blocking on keys from both databases.")
    .args(&[Arg::integer("index1"), Arg::integer("index2")]);

fn swapdb(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let first = number(args.get(1), "ERR invalid first DB index")?;
    let second = number(args.get(2), "ERR invalid second DB index")?;
    let dbs = i64::from(call.scope.world.dbs());
    if !(0..dbs).contains(&first) || !(0..dbs).contains(&second) {
        return Err(Error::fixed("ERR DB index is out of range"));
    }
    let (a, b) = (DbIndex(first as u32), DbIndex(second as u32));
    let server = &mut *call.scope;
    let mut touched = Vec::new();
    for (db, other) in [(a, b), (b, a)] {
        // A watched key counts as changed if it exists before or after the exchange.
        for key in server.world.view().watched_keys(db) {
            let was_there = server.presence(db, &key) != Presence::Missing;
            if was_there || server.presence(other, &key) != Presence::Missing {
                touched.push((db, key, was_there));
            }
        }
    }
    server.world.swap(a, b);
    for (db, key, was_there) in touched {
        let (at, now) = (server.world.locate(&key), server.now());
        server.world.shard_mut(at).touch_watched(db, at, now, was_there);
    }
    server.signal_awaited(a);
    server.signal_awaited(b);
    server.state.fx.dirty += 1;
    call.reply().ok();
    Ok(())
}

fn number(text: &[u8], error: &'static str) -> Result<i64, Error> {
    parse_i64(text).filter(|n| i32::try_from(*n).is_ok()).ok_or(Error::fixed(error))
}
