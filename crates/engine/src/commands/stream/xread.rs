//! XREAD and XREADGROUP: new entries of several streams, with waiting if there are none.
//!
//! ```text
//! parse -> check every stream, resolve ids -> serve what has entries -> or wait -> or nil
//! ```
//!
//! A client that waited runs the whole command again. XREADGROUP counts as a change for every
//! stream it serves; replicas get the deliveries as XCLAIM, never the command itself.

use super::arguments::{integer, most, strict_id};
use super::change::{consumer_created, seen_consumer, write_after_read};
use super::propagate::Log;
use super::reply::{reply_entries, reply_entry};
use crate::command::effects::Nothing;
use crate::command::{
    ACCESS, Arg, Args, BLOCKING, Block, Command, Ctx, Error, Find, Group, KeySpec, MOVABLE_KEYS, Outcome,
    READONLY, RO, WRITE,
};
use crate::level::Level;
use crate::stream::{self, ConsumerId, Pending, Stream, StreamId, StreamLog};
use crate::text::{eq_ignore_case, parse_i64};
use crate::value::Type;
use ochre_resp::reply::{Deferred, Reply};

const STREAMS: Arg =
    Arg::block("streams", &[Arg::key("key").multiple(), Arg::string("ID").multiple()]).token("STREAMS");
const HALF: Find = Find::Range { last: -1, step: 1, limit: 2 };

/// Declaration of `XREAD [COUNT count] [BLOCK milliseconds] STREAMS key ... id ...`.
pub static XREAD: Command = Command::new("xread", Group::Stream, -4, xread)
    .since("5.0.0")
    .flags(BLOCKING | READONLY | MOVABLE_KEYS)
    .keys(&[KeySpec::keyword("STREAMS", 1, RO | ACCESS).find(HALF)])
    .summary("Returns the entries of several streams behind given ids, waiting for some if asked to.")
    .complexity("O(N) for N entries returned.")
    .args(&[
        Arg::integer("count").token("COUNT").optional(),
        Arg::integer("milliseconds").token("BLOCK").optional(),
        STREAMS,
    ]);

/// Declaration of `XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key ... id ...`.
pub static XREADGROUP: Command = Command::new("xreadgroup", Group::Stream, -7, xreadgroup)
    .since("5.0.0")
    .flags(BLOCKING | WRITE | MOVABLE_KEYS)
    .keys(&[KeySpec::keyword("STREAMS", 4, RO | ACCESS).find(HALF)])
    .summary("Delivers new entries of several streams to a consumer, or shows what it has pending.")
    .complexity("O(N) for N entries returned.")
    .args(&[
        Arg::block("group-block", &[Arg::string("group"), Arg::string("consumer")]).token("GROUP"),
        Arg::integer("count").token("COUNT").optional(),
        Arg::integer("milliseconds").token("BLOCK").optional(),
        Arg::word("noack", "NOACK").optional(),
        STREAMS,
    ]);

/// The parsed command.
struct Request<'b> {
    args: Args<'b>,
    /// Milliseconds to wait; 0 is for ever.
    block_ms: Option<u64>,
    /// Entries of each stream at most; 0 is no limit.
    count: u64,
    /// Names of group and consumer.
    group: Option<(&'b [u8], &'b [u8])>,
    no_ack: bool,
    keys_at: usize,
    streams: usize,
}

/// From where a stream is read.
#[derive(Clone, Copy)]
enum From {
    /// Behind this id; for a consumer: what it has pending behind this id.
    After(StreamId),
    /// What the group has not delivered to anybody.
    New,
}

fn xread(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = parse(ctx, args, false)?;
    let ids = resolve(ctx, &request)?;
    let mut top = Top::default();
    for (n, id) in ids.iter().enumerate() {
        let key = ctx.key(args, request.keys_at + n);
        let Some(stream) = ctx.keys.read::<Box<Stream>>(key)? else { continue };
        if stream.log.last_entry_id().is_some_and(|last| last > *id) {
            let start = id.next().unwrap_or(StreamId::MAX);
            top.begin_stream(&mut ctx.reply, key.bytes);
            reply_entries(&mut ctx.reply, stream.log.range(start, StreamId::MAX).take(most(request.count)));
        }
    }
    if !top.finish(&mut ctx.reply) {
        wait_or_nil(ctx, &request, &ids);
    }
    Ok(())
}

fn xreadgroup(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = parse(ctx, args, true)?;
    let Some((group_name, consumer_name)) = request.group else {
        return Err(Error::fixed("ERR Missing GROUP option for XREADGROUP"));
    };
    let from = resolve_for_group(ctx, &request, group_name)?;
    let (mut log, mut top) = (Log::new(ctx, group_name), Top::default());
    // Since 7.2 a client becomes a consumer by asking, before that by getting something.
    let (always_seen, now_ms) = (ctx.level() >= Level::V7_2, ctx.now.0);
    for (n, from) in from.iter().enumerate() {
        let key = ctx.key(args, request.keys_at + n);
        let Some(mut stream) = write_after_read(&mut ctx.keys, key)? else { continue };
        let Some((entries, group)) = stream.group_mut(group_name) else { continue };
        let served = has_something(entries, group, *from);
        if !served && !always_seen {
            continue;
        }
        let (consumer, created) = seen_consumer(group, consumer_name, now_ms);
        if created && request.no_ack {
            log.new_consumer(key.bytes, consumer_name);
        }
        if served {
            top.begin_stream(&mut ctx.reply, key.bytes);
            let mut turn = Turn { request: &request, key: key.bytes, entries, group, consumer, now_ms };
            match *from {
                From::After(id) => turn.reply_history(&mut ctx.reply, id),
                From::New => turn.deliver(&mut ctx.reply, &mut log),
            }
        }
        drop(stream);
        ctx.keys.fx.dirty += u64::from(served);
        if created {
            consumer_created(ctx, key);
        }
    }
    if !top.finish(&mut ctx.reply) {
        wait_or_nil(ctx, &request, &[]);
    }
    log.finish(ctx);
    Ok(())
}

/// A consumer is answered at once when it asks for its history, or when there are new entries.
fn has_something(entries: &StreamLog, group: &stream::Group, from: From) -> bool {
    match from {
        From::After(_) => true,
        From::New => entries.last_entry_id().is_some_and(|last| last > group.last_id),
    }
}

/// The outer array or map of the reply, which exists only if a stream has something.
#[derive(Default)]
struct Top {
    len: Option<Deferred>,
    streams: usize,
}

impl Top {
    fn begin_stream(&mut self, reply: &mut Reply<'_>, key: &[u8]) {
        if self.len.is_none() {
            self.len = Some(reply.deferred());
        }
        self.streams += 1;
        if !reply.is_resp3() {
            reply.array(2);
        }
        reply.bulk(key);
    }

    /// False if there was nothing.
    fn finish(self, reply: &mut Reply<'_>) -> bool {
        let Some(len) = self.len else { return false };
        if reply.is_resp3() {
            reply.set_map_len(len, self.streams);
        } else {
            reply.set_array_len(len, self.streams);
        }
        true
    }
}

/// A consumer reads one stream.
struct Turn<'t, 'b> {
    request: &'t Request<'b>,
    key: &'t [u8],
    entries: &'t StreamLog,
    group: &'t mut stream::Group,
    consumer: ConsumerId,
    now_ms: i64,
}

impl Turn<'_, '_> {
    /// Shows what the consumer has pending behind an id. Entries that are gone show as nil.
    fn reply_history(&mut self, reply: &mut Reply<'_>, after: StreamId) {
        let start = after.next().unwrap_or(StreamId::MIN);
        let pending = self.group.pending_from(start, Some(self.consumer));
        let ids: Vec<StreamId> = pending.take(most(self.request.count)).map(|(id, _)| id).collect();
        reply.array(ids.len());
        for id in ids {
            if let Some(entry) = self.entries.get(id) {
                reply_entry(reply, &entry);
                self.group.redeliver(id, self.now_ms);
            } else {
                reply.array(2);
                reply.bulk(id.text());
                reply.null_array();
            }
        }
    }

    /// Delivers entries that nobody in the group has got.
    fn deliver(&mut self, reply: &mut Reply<'_>, log: &mut Log<'_>) {
        let start = self.group.last_id.next().unwrap_or(StreamId::MIN);
        let len = reply.deferred();
        let mut count = 0;
        for entry in self.entries.range(start, StreamId::MAX).take(most(self.request.count)) {
            let id = entry.id();
            self.group.advance(self.entries, id);
            reply_entry(reply, &entry);
            count += 1;
            if !self.request.no_ack {
                let pending = Pending { consumer: self.consumer, delivered_ms: self.now_ms, deliveries: 1 };
                self.group.set_pending(id, pending);
                self.group.consumer_mut(self.consumer).active_ms = Some(self.now_ms);
                log.claim(self.key, self.group, id, &pending);
            }
        }
        reply.set_array_len(len, count);
        if self.request.no_ack && count > 0 {
            log.group_position(self.key, self.group);
        }
    }
}

/// The ids behind which XREAD reads, after a look at every key.
fn resolve(ctx: &mut Ctx<'_>, request: &Request<'_>) -> Result<Vec<StreamId>, Error> {
    let mut ids = Vec::with_capacity(request.streams);
    for n in 0..request.streams {
        let key = ctx.key(request.args, request.keys_at + n);
        let last = ctx.keys.read::<Box<Stream>>(key)?.map_or(StreamId::MIN, |stream| stream.log.last_id());
        ids.push(match request.id(n) {
            b"$" => last,
            b">" => {
                return Err(Error::fixed(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> \
                     option.",
                ));
            }
            id => strict_id(id)?,
        });
    }
    Ok(ids)
}

/// From where XREADGROUP reads, after a look at every key and its group.
fn resolve_for_group(ctx: &mut Ctx<'_>, request: &Request<'_>, group: &[u8]) -> Result<Vec<From>, Error> {
    let mut from = Vec::with_capacity(request.streams);
    for n in 0..request.streams {
        let key = ctx.key(request.args, request.keys_at + n);
        let found = ctx.keys.read::<Box<Stream>>(key).map(|stream| stream.map(|s| s.group(group).is_some()));
        if ctx.caller.unblocked && ctx.level() < Level::V7_2 {
            woken_before_7_2(&found)?;
        }
        if found? != Some(true) {
            return Err(Error::quoting(&[
                b"NOGROUP No such key '",
                key.bytes,
                b"' or consumer group '",
                group,
                b"' in XREADGROUP with GROUP option",
            ]));
        }
        from.push(match request.id(n) {
            b"$" => {
                return Err(Error::fixed(
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this \
                     consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just \
                     return an empty result set.",
                ));
            }
            b">" => From::New,
            id => match strict_id(id)? {
                // Redis marks `>` by this id.
                StreamId::MAX => From::New,
                id => From::After(id),
            },
        });
    }
    Ok(from)
}

/// Before 7.2 a waiting consumer whose stream or group went away got an error of its own.
fn woken_before_7_2(found: &Result<Option<bool>, Error>) -> Outcome {
    match found {
        Ok(Some(true)) => Ok(()),
        Ok(Some(false)) => {
            Err(Error::fixed("NOGROUP the consumer group this client was blocked on no longer exists"))
        }
        _ => Err(Error::fixed("UNBLOCKED the stream key no longer exists")),
    }
}

/// Waits for one of the streams if the client wants to and may, else answers nil. `ids` are those
/// that `$` stood for at this moment.
fn wait_or_nil(ctx: &mut Ctx<'_>, request: &Request<'_>, ids: &[StreamId]) {
    let Some(timeout_ms) = request.block_ms.filter(|_| !ctx.caller.no_blocking) else {
        ctx.reply.null_array();
        return;
    };
    let args = request.args;
    let keys = args.range(request.keys_at, request.keys_at + request.streams);
    let by_moment = (0..request.streams).any(|n| request.id(n) == b"$");
    let again = by_moment.then(|| {
        let mut words: Vec<Vec<u8>> = args.iter().map(<[u8]>::to_vec).collect();
        for (n, id) in ids.iter().enumerate().filter(|(n, _)| request.id(*n) == b"$") {
            words[request.keys_at + request.streams + n] = id.text().as_bytes().to_vec();
        }
        words
    });
    ctx.keys.fx.block = Some(Block {
        keys: keys.iter().map(<[u8]>::to_vec).collect(),
        waits_for: Type::Stream,
        timeout_ms: (timeout_ms > 0).then_some(timeout_ms),
        nothing: Nothing::NullArray,
        wake_on_delete: request.group.is_some(),
        again,
    });
}

impl<'b> Request<'b> {
    /// The id given for the stream with this number.
    fn id(&self, stream: usize) -> &'b [u8] {
        self.args.get(self.keys_at + self.streams + stream)
    }
}

fn parse<'b>(ctx: &Ctx<'_>, args: Args<'b>, for_group: bool) -> Result<Request<'b>, Error> {
    let mut request =
        Request { args, block_ms: None, count: 0, group: None, no_ack: false, keys_at: 0, streams: 0 };
    let mut at = 1;
    while at < args.len() {
        let (word, more) = (args.get(at), args.len() - at - 1);
        if eq_ignore_case(word, b"block") && more >= 1 {
            request.block_ms = Some(timeout(ctx, args.get(at + 1))?);
            at += 2;
        } else if eq_ignore_case(word, b"count") && more >= 1 {
            request.count = integer(args.get(at + 1))?.max(0) as u64;
            at += 2;
        } else if eq_ignore_case(word, b"streams") && more >= 1 {
            if more % 2 != 0 {
                return Err(unbalanced(ctx, for_group));
            }
            (request.keys_at, request.streams) = (at + 1, more / 2);
            return Ok(request);
        } else if eq_ignore_case(word, b"group") && more >= 2 {
            group_only("GROUP", for_group)?;
            request.group = Some((args.get(at + 1), args.get(at + 2)));
            at += 3;
        } else if eq_ignore_case(word, b"noack") {
            group_only("NOACK", for_group)?;
            request.no_ack = true;
            at += 1;
        } else {
            return Err(Error::SYNTAX);
        }
    }
    Err(Error::SYNTAX)
}

fn group_only(option: &str, for_group: bool) -> Outcome {
    if for_group {
        return Ok(());
    }
    Err(Error::new(format!(
        "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
    )))
}

fn unbalanced(ctx: &Ctx<'_>, for_group: bool) -> Error {
    if ctx.level() < Level::V7_2 {
        return Error::fixed(
            "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
        );
    }
    let sign = if for_group { '>' } else { '$' };
    Error::new(format!(
        "ERR Unbalanced '{}' list of streams: for each stream key an ID or '{sign}' must be specified.",
        ctx.name
    ))
}

/// A count of milliseconds to wait.
fn timeout(ctx: &Ctx<'_>, arg: &[u8]) -> Result<u64, Error> {
    let Some(ms) = parse_i64(arg) else {
        return Err(Error::fixed("ERR timeout is not an integer or out of range"));
    };
    if ms > i64::MAX - ctx.now.0 {
        return Err(Error::fixed("ERR timeout is out of range"));
    }
    u64::try_from(ms).map_err(|_| Error::fixed("ERR timeout is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::effects::Propagation;
    use crate::testing::Bench;
    use ochre_resp::reply::Protocol;

    fn run(bench: &mut Bench, call: &str) -> String {
        bench.run(&call.split(' ').collect::<Vec<_>>())
    }

    fn propagated(bench: &Bench) -> Vec<String> {
        let Propagation::Instead(commands) = &bench.fx.propagation else { return Vec::new() };
        commands.iter().map(|words| String::from_utf8_lossy(&words.join(&b' ')).into_owned()).collect()
    }

    fn with_group() -> Bench {
        let mut bench = Bench::new();
        bench.now.0 = 1000;
        run(&mut bench, "XADD s 1-0 f a");
        run(&mut bench, "XADD s 2-0 f b");
        run(&mut bench, "XGROUP CREATE s g 0");
        bench
    }

    #[test]
    fn new_entries_are_read_behind_an_id() {
        let mut bench = with_group();
        assert_eq!(
            run(&mut bench, "XREAD COUNT 1 STREAMS s none 0 0"),
            "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 a"
        );
        bench.protocol = Protocol::Resp3;
        assert_eq!(run(&mut bench, "XREAD STREAMS s 1"), "%1 $1 s *1 *2 $3 2-0 *2 $1 f $1 b");
        assert_eq!(run(&mut bench, "XREAD STREAMS s $"), "_");
    }

    #[test]
    fn waiting_freezes_what_the_dollar_stood_for() {
        let mut bench = with_group();
        assert_eq!(run(&mut bench, "XREAD BLOCK 0 STREAMS s none $ $"), "");
        let block = bench.fx.block.take().unwrap();
        assert_eq!((block.keys.len(), block.timeout_ms, block.wake_on_delete), (2, None, false));
        assert_eq!(block.again.unwrap().join(&b' '), b"XREAD BLOCK 0 STREAMS s none 2-0 0-0");
        bench.caller.no_blocking = true;
        assert_eq!(run(&mut bench, "XREAD BLOCK 0 STREAMS s $"), "*-1");
    }

    #[test]
    fn deliveries_propagate_as_claims() {
        let mut bench = with_group();
        let reply = run(&mut bench, "XREADGROUP GROUP g bob COUNT 1 STREAMS s >");
        assert_eq!(reply, "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 a");
        assert_eq!(
            propagated(&bench),
            ["XCLAIM s g bob 0 1-0 TIME 1000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0"]
        );
        assert_eq!((bench.events(), bench.fx.dirty), (vec!["xgroup-createconsumer"], 2));
        run(&mut bench, "XREADGROUP GROUP g eve NOACK STREAMS s >");
        assert_eq!(
            propagated(&bench),
            ["XGROUP CREATECONSUMER s g eve", "XGROUP SETID s g 2-0 ENTRIESREAD 2"]
        );
        run(&mut bench, "XREADGROUP GROUP g bob BLOCK 5 STREAMS s >");
        assert_eq!(bench.fx.block.as_ref().map(|b| (b.timeout_ms, b.wake_on_delete)), Some((Some(5), true)));
    }

    #[test]
    fn the_history_shows_deleted_entries_as_nil() {
        let mut bench = with_group();
        run(&mut bench, "XREADGROUP GROUP g bob STREAMS s >");
        run(&mut bench, "XDEL s 1-0");
        assert_eq!(
            run(&mut bench, "XREADGROUP GROUP g bob STREAMS s 0"),
            "*1 *2 $1 s *2 *2 $3 1-0 *-1 *2 $3 2-0 *2 $1 f $1 b"
        );
        assert_eq!(bench.fx.propagation, Propagation::Instead(Vec::new()));
        assert_eq!(run(&mut bench, "XPENDING s g 2 2 1"), "*1 *4 $3 2-0 $3 bob :0 :2");
    }

    #[test]
    fn before_7_2_only_a_delivery_makes_a_consumer() {
        for (level, consumers) in [(Level::V7_0, "*0"), (Level::V7_2, "*1")] {
            let mut bench = with_group();
            bench.settings.level = level;
            run(&mut bench, "XGROUP SETID s g $");
            run(&mut bench, "XREADGROUP GROUP g bob STREAMS s >");
            assert!(run(&mut bench, "XINFO CONSUMERS s g").starts_with(consumers));
        }
    }

    #[test]
    fn a_lost_stream_wakes_its_consumers_with_an_error() {
        let mut bench = with_group();
        bench.caller.unblocked = true;
        bench.settings.level = Level::V7_0;
        let call = "XREADGROUP GROUP g bob BLOCK 0 STREAMS gone >";
        assert_eq!(run(&mut bench, call), "-UNBLOCKED the stream key no longer exists");
        bench.settings.level = Level::V7_2;
        assert_eq!(
            run(&mut bench, call),
            "-NOGROUP No such key 'gone' or consumer group 'g' in XREADGROUP with GROUP option"
        );
    }

    #[test]
    fn wrong_calls_are_refused_in_redis_words() {
        let mut bench = with_group();
        let cases = [
            (
                "XREAD COUNT 1 STREAMS s",
                "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
            ),
            ("XREAD COUNT 1 BLOCK 1", "-ERR syntax error"),
            ("XREAD BLOCK -1 STREAMS s 0", "-ERR timeout is negative"),
            ("XREAD BLOCK x STREAMS s 0", "-ERR timeout is not an integer or out of range"),
            (
                "XREAD NOACK STREAMS s 0",
                "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
            ),
            ("XREADGROUP COUNT 1 NOACK NOACK STREAMS s 0", "-ERR Missing GROUP option for XREADGROUP"),
        ];
        for (call, reply) in cases {
            assert_eq!(run(&mut bench, call), reply, "{call}");
        }
    }
}
