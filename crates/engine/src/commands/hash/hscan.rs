//! HSCAN: the fields of a hash in small steps.

use crate::command::*;
use crate::commands::items::reply_item;
use crate::commands::scan_options::{ScanOptions, scan_cursor};
use crate::value::{Hash, Pair};

/// Declaration of HSCAN.
pub static HSCAN: Command = Command::new("hscan", Group::Hash, -3, hscan)
    .since("2.8.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Walks through the fields of a hash and their values.")
    .complexity("O(1) for each call, O(N) for a whole walk over N fields")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn hscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, cursor) = (ctx.key(args, 1), scan_cursor(args.get(2))?);
    let hash = ctx.keys.read::<Hash>(key)?;
    let (mut next, mut found): (u64, Vec<Pair<'_>>) = (0, Vec::new());
    if let Some(hash) = &hash {
        // Only an existing key has its options looked at, as in Redis.
        let options = ScanOptions::parse(args, 3, None)?;
        next = options.drive(cursor, |cursor, seen| {
            hash.scan(cursor, |pair| {
                *seen += 1;
                if options.matches(pair.0.text(&mut itoa::Buffer::new())) {
                    found.push(pair);
                }
            })
        });
    }
    let reply = &mut ctx.reply;
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(next));
    reply.array(found.len() * 2);
    for (field, value) in found {
        reply_item(reply, field);
        reply_item(reply, value);
    }
    Ok(())
}
