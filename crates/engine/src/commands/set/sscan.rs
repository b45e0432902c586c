//! SSCAN: the members of a set in small steps.

use crate::command::*;
use crate::commands::items::reply_item;
use crate::commands::scan_options::{ScanOptions, scan_cursor};
use crate::encoding::listpack::Item;
use crate::value::Set;

/// Declaration of SSCAN.
pub static SSCAN: Command = Command::new("sscan", Group::Set, -3, sscan)
    .since("2.8.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Walks through the members of a set.")
    .complexity("O(1) for each call, O(N) for a whole walk over N members")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn sscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, cursor) = (ctx.key(args, 1), scan_cursor(args.get(2))?);
    let set = ctx.keys.read::<Set>(key)?;
    let (mut next, mut found): (u64, Vec<Item<'_>>) = (0, Vec::new());
    if let Some(set) = &set {
        // Only an existing key has its options looked at, as in Redis.
        let options = ScanOptions::parse(args, 3, None)?;
        next = options.drive(cursor, |cursor, seen| {
            set.scan(cursor, |member| {
                *seen += 1;
                if options.matches(member.text(&mut itoa::Buffer::new())) {
                    found.push(member);
                }
            })
        });
    }
    let reply = &mut ctx.reply;
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(next));
    reply.array(found.len());
    found.into_iter().for_each(|member| reply_item(reply, member));
    Ok(())
}
