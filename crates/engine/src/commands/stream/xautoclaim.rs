//! XAUTOCLAIM: a consumer takes over what others left pending for too long, a portion at a time.

use super::arguments::range_start;
use super::change::write_after_read;
use super::propagate::Log;
use super::reply::no_key_or_group;
use super::xclaim::{Claim, Taken, finish};
use crate::command::{Arg, Args, Command, Ctx, DELETE, Error, FAST, Group, KeySpec, Outcome, RW, WRITE};
use crate::level::Level;
use crate::stream::StreamId;
use crate::text::{eq_ignore_case, parse_i64};
use ochre_resp::reply::Reply;

/// Pending entries looked at for each one that may be claimed.
const ATTEMPTS_FACTOR: u64 = 10;
/// The greatest COUNT: Redis keeps 16 bytes for each and counts in signed 64 bits.
const MAX_COUNT: i64 = i64::MAX / 16;

/// Declaration of `XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]`.
pub static XAUTOCLAIM: Command = Command::new("xautoclaim", Group::Stream, -6, xautoclaim)
    .since("6.2.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Gives pending entries that have been idle for a time to another consumer.")
    .complexity("O(1) if COUNT is small.")
    .history(&[("7.0.0", "The reply also tells which entries were gone from the stream.")])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::string("group"),
        Arg::string("consumer"),
        Arg::string("min-idle-time"),
        Arg::string("start"),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("justid", "JUSTID").optional(),
    ]);

struct Request {
    min_idle_ms: i64,
    start: StreamId,
    count: u64,
    just_id: bool,
}

fn xautoclaim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, group_name) = (ctx.key(args, 1), args.get(2));
    let (level, now_ms) = (ctx.level(), ctx.now.0);
    let request = parse(args)?;
    let mut log = Log::new(ctx, group_name);
    let mut stream = write_after_read(&mut ctx.keys, key)?;
    let Some((entries, group)) = stream.as_mut().and_then(|stream| stream.group_mut(group_name)) else {
        drop(stream);
        return Err(no_key_or_group(key.bytes, group_name));
    };
    let mut claim = Claim::new(key.bytes, entries, group, now_ms, args.get(3), level);
    let outcome = run(&mut claim, &request, &mut log);
    let reply = &mut ctx.reply;
    let tells_deleted = level >= Level::V7_0;
    reply.array(if tells_deleted { 3 } else { 2 });
    reply.bulk(outcome.next.text());
    reply.array(outcome.claimed.len());
    outcome.claimed.iter().for_each(|id| claim.reply(reply, *id, request.just_id));
    if tells_deleted {
        reply_ids(reply, &outcome.deleted);
    }
    let created = claim.created;
    drop(stream);
    finish(ctx, key, (outcome.claimed.len() + outcome.deleted.len()) as u64, created, log);
    Ok(())
}

struct Walk {
    claimed: Vec<StreamId>,
    deleted: Vec<StreamId>,
    /// Where the next call goes on; 0-0 at the end.
    next: StreamId,
}

/// Walks over pending entries until enough were claimed or looked at.
fn run(claim: &mut Claim<'_, '_>, request: &Request, log: &mut Log<'_>) -> Walk {
    let mut walk = Walk { claimed: Vec::new(), deleted: Vec::new(), next: StreamId::MIN };
    let mut attempts = request.count * ATTEMPTS_FACTOR;
    let mut left = request.count;
    let mut from = Some(request.start);
    while let Some((id, pending)) = from.and_then(|from| claim.group.pending_from(from, None).next()) {
        if attempts == 0 || left == 0 {
            walk.next = id;
            break;
        }
        attempts -= 1;
        from = id.next();
        if claim.drops(id) {
            if claim.forget(id, log) == Taken::Deleted {
                walk.deleted.push(id);
            }
            left -= 1;
        } else if !claim.is_too_fresh(pending, request.min_idle_ms) {
            let deliveries = pending.deliveries.wrapping_add(u64::from(!request.just_id));
            claim.take(id, claim.now_ms, deliveries, log);
            walk.claimed.push(id);
            left -= 1;
        }
    }
    walk
}

fn reply_ids(reply: &mut Reply<'_>, ids: &[StreamId]) {
    reply.array(ids.len());
    ids.iter().for_each(|id| reply.bulk(id.text()));
}

fn parse(args: Args<'_>) -> Result<Request, Error> {
    let min_idle_ms = parse_i64(args.get(4))
        .ok_or(Error::fixed("ERR Invalid min-idle-time argument for XAUTOCLAIM"))?
        .max(0);
    let mut request = Request { min_idle_ms, start: range_start(args.get(5))?, count: 100, just_id: false };
    let mut at = 6;
    while at < args.len() {
        if eq_ignore_case(args.get(at), b"count") && at + 1 < args.len() {
            let count = parse_i64(args.get(at + 1)).filter(|count| (1..=MAX_COUNT).contains(count));
            request.count = count.ok_or(Error::fixed("ERR COUNT must be > 0"))?.unsigned_abs();
            at += 2;
        } else if eq_ignore_case(args.get(at), b"justid") {
            request.just_id = true;
            at += 1;
        } else {
            return Err(Error::SYNTAX);
        }
    }
    Ok(request)
}
