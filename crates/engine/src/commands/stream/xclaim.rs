//! XCLAIM: pending entries go over to another consumer.
//!
//! It is also how replicas and the AOF learn of every delivery, hence FORCE, TIME, RETRYCOUNT and
//! LASTID.

use super::arguments::strict_id;
use super::change::{consumer_created, seen_consumer, write_after_read};
use super::propagate::Log;
use super::reply::{no_key_or_group, reply_entry};
use crate::command::{Arg, Args, Command, Ctx, Error, FAST, Group, KeySpec, Outcome, RW, UPDATE, WRITE};
use crate::level::Level;
use crate::stream::{self, ConsumerId, Pending, StreamId, StreamLog};
use crate::text::{eq_ignore_case, parse_i64};
use ochre_resp::reply::Reply;

/// Declaration of `XCLAIM key group consumer min-idle-time id ... [IDLE ms] [TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]`.
pub static XCLAIM: Command = Command::new("xclaim", Group::Stream, -6, xclaim)
    .since("5.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Gives pending entries to another consumer.")
    .complexity("O(log N) for each id, with N entries pending.")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::string("group"),
        Arg::string("consumer"),
        Arg::string("min-idle-time"),
        Arg::string("ID").multiple(),
        Arg::integer("ms").token("IDLE").optional(),
        Arg::unix_time("unix-time-milliseconds").token("TIME").optional(),
        Arg::integer("count").token("RETRYCOUNT").optional(),
        Arg::word("force", "FORCE").optional(),
        Arg::word("justid", "JUSTID").optional(),
        Arg::string("lastid").token("LASTID").optional(),
    ]);

/// The parsed command.
struct Request {
    min_idle_ms: i64,
    ids: Vec<StreamId>,
    /// What the entries get as time of delivery.
    delivered_ms: i64,
    deliveries: Option<u64>,
    force: bool,
    just_id: bool,
    last_id: StreamId,
}

fn xclaim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, group_name) = (ctx.key(args, 1), args.get(2));
    let (level, now_ms) = (ctx.level(), ctx.now.0);
    let mut log = Log::new(ctx, group_name);
    let mut stream = write_after_read(&mut ctx.keys, key)?;
    let Some((entries, group)) = stream.as_mut().and_then(|stream| stream.group_mut(group_name)) else {
        drop(stream);
        return Err(no_key_or_group(key.bytes, group_name));
    };
    let request = parse(args, now_ms)?;
    let mut advanced = request.last_id > group.last_id;
    group.last_id = group.last_id.max(request.last_id);

    let mut claim = Claim::new(key.bytes, entries, group, now_ms, args.get(3), level);
    let mut dirty = 0;
    let len = ctx.reply.deferred();
    let mut shown = 0;
    for id in &request.ids {
        let taken = claim.one(&request, *id, &mut log);
        if taken != Taken::No {
            dirty += 1;
            advanced = false;
        }
        if taken == Taken::Claimed {
            claim.reply(&mut ctx.reply, *id, request.just_id);
            shown += 1;
        }
    }
    ctx.reply.set_array_len(len, shown);
    if advanced {
        // No claimed entry told the new position.
        log.group_position(key.bytes, claim.group);
        dirty += 1;
    }
    let created = claim.created;
    drop(stream);
    finish(ctx, key, dirty, created, log);
    Ok(())
}

/// Reports what a claim did.
pub(super) fn finish(
    ctx: &mut Ctx<'_>,
    key: crate::command::Key<'_>,
    dirty: u64,
    created: bool,
    log: Log<'_>,
) {
    ctx.keys.fx.dirty += dirty;
    if created {
        consumer_created(ctx, key);
    }
    log.finish(ctx);
}

/// What became of one id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The id is not pending, or not idle for long enough: nothing changed.
    No,
    /// The entry is gone from the stream, and now from the pending ones too.
    Deleted,
    /// The entry belongs to the consumer now.
    Claimed,
}

/// A consumer that takes over entries.
pub(super) struct Claim<'s, 'b> {
    key: &'b [u8],
    pub entries: &'s StreamLog,
    pub group: &'s mut stream::Group,
    pub now_ms: i64,
    /// The name of the consumer; before 7.2 it came to be with the first entry it took.
    name: &'b [u8],
    consumer: Option<ConsumerId>,
    pub created: bool,
    /// Pending entries that are gone from the stream are claimed, too, as before 7.0.
    takes_deleted: bool,
}

impl<'s, 'b> Claim<'s, 'b> {
    /// A claim for the consumer of a name. Since 7.2 a client that claims becomes a consumer, whatever comes
    /// of the claim.
    pub(super) fn new(
        key: &'b [u8],
        entries: &'s StreamLog,
        group: &'s mut stream::Group,
        now_ms: i64,
        name: &'b [u8],
        level: Level,
    ) -> Self {
        let takes_deleted = level < Level::V7_0;
        let mut claim =
            Claim { key, entries, group, now_ms, name, consumer: None, created: false, takes_deleted };
        if level >= Level::V7_2 {
            claim.consumer();
        }
        claim
    }

    /// Whether an entry is dropped from the pending ones instead of being claimed.
    pub(super) fn drops(&self, id: StreamId) -> bool {
        !self.takes_deleted && self.entries.get(id).is_none()
    }

    /// The consumer, created if it is new.
    pub(super) fn consumer(&mut self) -> ConsumerId {
        if let Some(consumer) = self.consumer {
            return consumer;
        }
        let (consumer, created) = seen_consumer(self.group, self.name, self.now_ms);
        self.created |= created;
        self.consumer = Some(consumer);
        consumer
    }

    fn one(&mut self, request: &Request, id: StreamId, log: &mut Log<'_>) -> Taken {
        let pending = self.group.pending(id).copied();
        if self.drops(id) {
            return self.forget(id, log);
        }
        let base = match pending {
            Some(pending) if self.is_too_fresh(&pending, request.min_idle_ms) => {
                return Taken::No;
            }
            Some(pending) => pending.deliveries,
            None if request.force && self.entries.get(id).is_some() => 1,
            None => return Taken::No,
        };
        let counted = base.wrapping_add(u64::from(!request.just_id));
        self.take(id, request.delivered_ms, request.deliveries.unwrap_or(counted), log);
        Taken::Claimed
    }

    /// True if a pending entry was delivered less than this time ago; 0 asks for no idle time.
    pub(super) fn is_too_fresh(&self, pending: &Pending, min_idle_ms: i64) -> bool {
        min_idle_ms != 0 && self.now_ms.saturating_sub(pending.delivered_ms) < min_idle_ms
    }

    /// Gives an entry to the consumer.
    pub(super) fn take(&mut self, id: StreamId, delivered_ms: i64, deliveries: u64, log: &mut Log<'_>) {
        let consumer = self.consumer();
        let pending = Pending { consumer, delivered_ms, deliveries };
        self.group.set_pending(id, pending);
        self.group.consumer_mut(consumer).active_ms = Some(self.now_ms);
        log.claim(self.key, self.group, id, &pending);
    }

    /// Settles a pending entry that is gone from the stream.
    pub(super) fn forget(&mut self, id: StreamId, log: &mut Log<'_>) -> Taken {
        let Some(pending) = self.group.settle(id) else { return Taken::No };
        log.claim(self.key, self.group, id, &pending);
        Taken::Deleted
    }

    pub(super) fn reply(&self, reply: &mut Reply<'_>, id: StreamId, just_id: bool) {
        match self.entries.get(id) {
            _ if just_id => reply.bulk(id.text()),
            Some(entry) => reply_entry(reply, &entry),
            None => reply.null(),
        }
    }
}

fn parse(args: Args<'_>, now_ms: i64) -> Result<Request, Error> {
    let number = |at: usize, text: &'static str| parse_i64(args.get(at)).ok_or(Error::fixed(text));
    let min_idle_ms = number(4, "ERR Invalid min-idle-time argument for XCLAIM")?.max(0);
    let ids: Vec<_> = args.from(5).iter().map_while(|arg| StreamId::parse_strict(arg, 0)).collect();
    let mut at = 5 + ids.len();
    let mut request = Request {
        min_idle_ms,
        ids,
        delivered_ms: -1,
        deliveries: None,
        force: false,
        just_id: false,
        last_id: StreamId::MIN,
    };
    while at < args.len() {
        let (word, more) = (args.get(at), at + 1 < args.len());
        let is = |name: &[u8]| eq_ignore_case(word, name);
        at += 1;
        if is(b"force") {
            request.force = true;
            continue;
        } else if is(b"justid") {
            request.just_id = true;
            continue;
        } else if is(b"idle") && more {
            let idle_ms = number(at, "ERR Invalid IDLE option argument for XCLAIM")?;
            request.delivered_ms = now_ms.wrapping_sub(idle_ms);
        } else if is(b"time") && more {
            request.delivered_ms = number(at, "ERR Invalid TIME option argument for XCLAIM")?;
        } else if is(b"retrycount") && more {
            let count = number(at, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
            request.deliveries = u64::try_from(count).ok();
        } else if is(b"lastid") && more {
            request.last_id = strict_id(args.get(at))?;
        } else {
            return Err(Error::quoting(&[b"ERR Unrecognized XCLAIM option '", word, b"'"]));
        }
        at += 1;
    }
    // A time that makes no sense, or none at all, is now.
    if request.delivered_ms < 0 || request.delivered_ms > now_ms {
        request.delivered_ms = now_ms;
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use crate::command::effects::Propagation;
    use crate::level::Level;
    use crate::testing::Bench;

    fn run(bench: &mut Bench, call: &str) -> String {
        bench.run(&call.split(' ').collect::<Vec<_>>())
    }

    /// Three entries, the second deleted, all pending for bob since one second.
    fn pending() -> Bench {
        let mut bench = Bench::new();
        bench.now.0 = 1000;
        ["XADD s 1-0 f a", "XADD s 2-0 f b", "XADD s 3-0 f c", "XGROUP CREATE s g 0"]
            .iter()
            .for_each(|call| drop(run(&mut bench, call)));
        run(&mut bench, "XREADGROUP GROUP g bob STREAMS s >");
        run(&mut bench, "XDEL s 2-0");
        bench.now.0 = 2000;
        bench
    }

    fn propagated(bench: &Bench) -> Vec<String> {
        let Propagation::Instead(commands) = &bench.fx.propagation else { return Vec::new() };
        commands.iter().map(|words| String::from_utf8_lossy(&words.join(&b' ')).into_owned()).collect()
    }

    #[test]
    fn idle_entries_change_hands_and_deleted_ones_are_settled() {
        let mut bench = pending();
        assert_eq!(run(&mut bench, "XCLAIM s g eve 1001 1-0"), "*0");
        assert_eq!(run(&mut bench, "XCLAIM s g eve 1000 1-0 2-0 JUSTID"), "*1 $3 1-0");
        assert_eq!(
            propagated(&bench),
            [
                "XCLAIM s g eve 0 1-0 TIME 2000 RETRYCOUNT 1 FORCE JUSTID LASTID 3-0",
                "XCLAIM s g bob 0 2-0 TIME 1000 RETRYCOUNT 1 FORCE JUSTID LASTID 3-0",
            ]
        );
        assert_eq!(run(&mut bench, "XPENDING s g"), "*4 :2 $3 1-0 $3 3-0 *2 *2 $3 bob $1 1 *2 $3 eve $1 1");
        assert_eq!(run(&mut bench, "XCLAIM s g eve 0 1-0 IDLE 500"), "*1 *2 $3 1-0 *2 $1 f $1 a");
        assert_eq!(run(&mut bench, "XPENDING s g - + 10 eve"), "*1 *4 $3 1-0 $3 eve :500 :2");
    }

    #[test]
    fn force_and_lastid_rebuild_a_group_from_a_log() {
        let mut bench = pending();
        run(&mut bench, "XGROUP CREATE s h 0");
        assert_eq!(run(&mut bench, "XCLAIM s h bob 0 1-0"), "*0");
        let call = "XCLAIM s h bob 0 1-0 TIME 1500 RETRYCOUNT 7 FORCE JUSTID LASTID 1-0";
        assert_eq!(run(&mut bench, call), "*1 $3 1-0");
        assert_eq!(run(&mut bench, "XPENDING s h - + 10"), "*1 *4 $3 1-0 $3 bob :500 :7");
        run(&mut bench, "XCLAIM s h bob 0 9-0 LASTID 3-0");
        assert_eq!(propagated(&bench), ["XGROUP SETID s h 3-0 ENTRIESREAD -1"]);
    }

    #[test]
    fn autoclaim_goes_on_where_it_stopped() {
        let mut bench = pending();
        assert_eq!(
            run(&mut bench, "XAUTOCLAIM s g eve 500 - COUNT 2 JUSTID"),
            "*3 $3 3-0 *1 $3 1-0 *1 $3 2-0"
        );
        assert_eq!(run(&mut bench, "XAUTOCLAIM s g eve 500 3-0"), "*3 $3 0-0 *1 *2 $3 3-0 *2 $1 f $1 c *0");
        bench.settings.level = Level::V6_2;
        assert_eq!(run(&mut bench, "XAUTOCLAIM s g eve 500 -"), "*2 $3 0-0 *0");
        assert_eq!(run(&mut bench, "XAUTOCLAIM s g eve 0 - COUNT 0"), "-ERR COUNT must be > 0");
    }

    #[test]
    fn before_7_2_only_a_claimed_entry_makes_a_consumer() {
        for (level, consumers) in [(Level::V7_0, "*1"), (Level::V7_2, "*2")] {
            let mut bench = pending();
            bench.settings.level = level;
            run(&mut bench, "XCLAIM s g eve 9999 1-0");
            run(&mut bench, "XAUTOCLAIM s g eve 9999 -");
            assert!(run(&mut bench, "XINFO CONSUMERS s g").starts_with(consumers));
        }
    }

    #[test]
    fn wrong_calls_are_refused_in_redis_words() {
        let mut bench = pending();
        let cases = [
            ("XCLAIM none g eve 0 1-0", "-NOGROUP No such key 'none' or consumer group 'g'"),
            ("XCLAIM s g eve x 1-0", "-ERR Invalid min-idle-time argument for XCLAIM"),
            ("XCLAIM s g eve 0 1-0 FOO", "-ERR Unrecognized XCLAIM option 'FOO'"),
            ("XCLAIM s g eve 0 1-0 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM"),
            ("XAUTOCLAIM s g eve x -", "-ERR Invalid min-idle-time argument for XAUTOCLAIM"),
        ];
        for (call, reply) in cases {
            assert_eq!(run(&mut bench, call), reply, "{call}");
        }
    }
}
