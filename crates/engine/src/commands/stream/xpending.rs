//! XPENDING: what was delivered and is not acknowledged, as a summary or entry by entry.

use super::arguments::{integer, range_end, range_start};
use super::reply::no_key_or_group;
use crate::command::{ACCESS, Arg, Args, Command, Ctx, Error, Group, KeySpec, Outcome, READONLY, RO};
use crate::level::Level;
use crate::stream::{self, Stream, StreamId};
use crate::text::eq_ignore_case;
use ochre_resp::reply::Reply;

/// Declaration of `XPENDING key group [[IDLE min-idle-time] start end count [consumer]]`.
pub static XPENDING: Command = Command::new("xpending", Group::Stream, -3, xpending)
    .since("5.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Shows the pending entries of a consumer group.")
    .complexity("O(N) for N entries looked at; the summary takes O(N) for N consumers.")
    .history(&[("6.2.0", "IDLE and excluded bounds are new.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::string("group"),
        Arg::block(
            "filters",
            &[
                Arg::integer("min-idle-time").token("IDLE").optional().since("6.2.0"),
                Arg::string("start"),
                Arg::string("end"),
                Arg::integer("count"),
                Arg::string("consumer").optional(),
            ],
        )
        .optional(),
    ]);

/// The filters of the form that shows entries.
struct Filters<'b> {
    min_idle_ms: i64,
    start: StreamId,
    end: StreamId,
    count: usize,
    consumer: Option<&'b [u8]>,
}

fn xpending(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let filters = parse(ctx.level(), args)?;
    let (key, name) = (ctx.key(args, 1), args.get(2));
    let now_ms = ctx.now.0;
    let stream = ctx.keys.read::<Box<Stream>>(key)?;
    let Some(group) = stream.as_ref().and_then(|stream| stream.group(name)) else {
        return Err(no_key_or_group(key.bytes, name));
    };
    match filters {
        None => reply_summary(&mut ctx.reply, group),
        Some(filters) => reply_entries(&mut ctx.reply, group, &filters, now_ms),
    }
    Ok(())
}

fn reply_summary(reply: &mut Reply<'_>, group: &stream::Group) {
    reply.array(4);
    reply.count(group.pending_len());
    let Some((first, last)) = group.pending_bounds() else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    reply.bulk(first.text());
    reply.bulk(last.text());
    let owners = || group.consumers().filter(|(_, consumer)| consumer.pending_len() > 0);
    reply.array(owners().count());
    for (_, consumer) in owners() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk_int(consumer.pending_len() as i64);
    }
}

fn reply_entries(reply: &mut Reply<'_>, group: &stream::Group, filters: &Filters<'_>, now_ms: i64) {
    let owner = match filters.consumer {
        None => None,
        Some(name) => match group.find_consumer(name) {
            None => return reply.array(0),
            found => found,
        },
    };
    let idle_ms = |delivered_ms: i64| now_ms.saturating_sub(delivered_ms);
    let entries = group
        .pending_from(filters.start, owner)
        .take_while(|(id, _)| *id <= filters.end)
        .filter(|(_, pending)| {
            filters.min_idle_ms == 0 || idle_ms(pending.delivered_ms) >= filters.min_idle_ms
        })
        .take(filters.count);
    let len = reply.deferred();
    let mut shown = 0;
    for (id, pending) in entries {
        reply.array(4);
        reply.bulk(id.text());
        reply.bulk(group.consumer(pending.consumer).name());
        reply.int(idle_ms(pending.delivered_ms).max(0));
        reply.int(pending.deliveries as i64);
        shown += 1;
    }
    reply.set_array_len(len, shown);
}

fn parse(level: Level, args: Args<'_>) -> Result<Option<Filters<'_>>, Error> {
    if args.len() == 3 {
        return Ok(None);
    }
    if !(6..=9).contains(&args.len()) {
        return Err(Error::SYNTAX);
    }
    let (mut at, mut min_idle_ms) = (3, 0);
    if level >= Level::V6_2 && eq_ignore_case(args.get(3), b"idle") {
        min_idle_ms = integer(args.get(4))?;
        if args.len() < 8 {
            return Err(Error::SYNTAX);
        }
        at = 5;
    }
    let count = integer(args.get(at + 2))?.max(0) as usize;
    let start = range_start(args.get(at))?;
    let end = range_end(args.get(at + 1))?;
    Ok(Some(Filters { min_idle_ms, start, end, count, consumer: args.try_get(at + 3) }))
}
