//! ZSCAN: the members in small steps.

use crate::command::*;
use crate::commands::scan_options::{ScanOptions, scan_cursor};
use crate::encoding::listpack::Item;
use crate::text::{DoubleStyle, DoubleText};
use crate::value::Zset;

/// Declaration of `ZSCAN key cursor [MATCH pattern] [COUNT count]`.
pub static ZSCAN: Command = Command::new("zscan", Group::SortedSet, -3, zscan)
    .since("2.8.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Walks through the members of a sorted set.")
    .complexity("O(1) for each call, O(N) for a whole walk over N members")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn zscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = scan_cursor(args.get(2))?;
    let key = ctx.key(args, 1);
    let zset = ctx.keys.read::<Zset>(key)?;
    let mut found: Vec<(Item<'_>, f64)> = Vec::new();
    let mut next = 0;
    if let Some(zset) = &zset {
        let options = ScanOptions::parse(args, 3, None)?;
        let mut digits = itoa::Buffer::new();
        next = options.drive(cursor, |cursor, seen| {
            zset.scan(cursor, |member, score| {
                *seen += 1;
                if options.matches(member.text(&mut digits)) {
                    found.push((member, score));
                }
            })
        });
    }
    let packed = matches!(zset.as_deref(), Some(Zset::Packed(_)));
    let style = DoubleStyle::at(ctx.settings.level);
    ctx.reply.array(2);
    ctx.reply.bulk(next.to_string());
    ctx.reply.array(2 * found.len());
    for (member, score) in found {
        ctx.reply.bulk(member.text(&mut itoa::Buffer::new()));
        ctx.reply.bulk(if packed { DoubleText::score(score, style) } else { long_double(score) }.as_bytes());
    }
    Ok(())
}

/// Scores in a table are printed as long doubles, whatever the version (scanCallback in Redis).
fn long_double(score: f64) -> DoubleText {
    DoubleText::reply(score, DoubleStyle::Digits17)
}
