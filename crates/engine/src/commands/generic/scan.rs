//! SCAN: the keys of a database in small steps.

use crate::command::*;
use crate::commands::scan_options::{ScanOptions, scan_cursor};
use crate::text::eq_ignore_case;
use crate::value::Type;

/// Declaration of `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`.
pub static SCAN: Command = Command::new("scan", Group::Generic, -2, scan)
    .tips_before("7.2.0", &["nondeterministic_output", "request_policy:special"])
    .since("2.8.0")
    .flags(READONLY | TOUCHES_ARBITRARY_KEYS | WHOLE_WORLD)
    .summary("Walks through the keys of a database.")
    .complexity("O(1) for each call, O(N) for a whole walk over N keys")
    .history(&[("6.0.0", "The option TYPE.")])
    .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
    .args(&[
        Arg::integer("cursor"),
        Arg::pattern("pattern").token("MATCH").optional(),
        Arg::integer("count").token("COUNT").optional(),
        Arg::string("type").token("TYPE").optional().since("6.0.0"),
    ]);

fn scan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = scan_cursor(args.get(1))?;
    let options = ScanOptions::parse(args, 2, Some(ctx.level()))?;
    let mut found: Vec<(Vec<u8>, bool)> = Vec::new();
    let next = options.drive(cursor, |cursor, seen| {
        ctx.keys.scan(cursor, |entry| {
            *seen += 1;
            let kind_fits = options
                .type_name
                .is_none_or(|name| eq_ignore_case(name, Type::of(entry.kind()).name().as_bytes()));
            if options.matches(entry.key()) {
                found.push((entry.key().to_vec(), kind_fits));
            }
        })
    });
    // Keys whose time has come are deleted rather than answered, whatever their type.
    found.retain(|(key, kind_fits)| {
        let key = ctx.keys.locate(key);
        ctx.keys.move_to(key);
        !ctx.keys.expire(key) && *kind_fits
    });
    ctx.reply.array(2);
    ctx.reply.bulk(next.to_string());
    ctx.reply.array(found.len());
    found.iter().for_each(|(key, _)| ctx.reply.bulk(key));
    Ok(())
}
