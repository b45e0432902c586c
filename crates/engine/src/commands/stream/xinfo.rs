//! XINFO: what a stream, its groups and their consumers look like.

use super::arguments::{integer, most, subcommand_syntax};
use super::reply::{no_group_for_key, reply_entries, reply_entry, reply_help};
use crate::command::{
    ACCESS, Arg, Args, Command, Ctx, Error, Group, KeySpec, LOADING, Outcome, READONLY, RO, STALE,
};
use crate::level::Level;
use crate::stream::{self, Consumer, Stream, StreamId};
use crate::text::eq_ignore_case;
use ochre_resp::reply::Reply;

/// Declaration of `XINFO` and its subcommands.
pub static XINFO: Command = Command::container(
    "xinfo",
    Group::Stream,
    &[
        Command::sub("xinfo", "consumers", Group::Stream, 4, consumers)
            .since("5.0.0")
            .flags(READONLY)
            .keys(&[KeySpec::at(2, RO | ACCESS)])
            .summary("Lists the consumers of a group.")
            .complexity("O(N) for N consumers.")
            .history(&[("7.2.0", "The field `inactive` is new.")])
            .tips(&["nondeterministic_output"])
            .args(&[Arg::key("key"), Arg::string("group")]),
        Command::sub("xinfo", "groups", Group::Stream, 3, groups)
            .since("5.0.0")
            .flags(READONLY)
            .keys(&[KeySpec::at(2, RO | ACCESS)])
            .summary("Lists the consumer groups of a stream.")
            .complexity("O(N) for N groups.")
            .history(&[("7.0.0", "The fields `entries-read` and `lag` are new.")])
            .args(&[Arg::key("key")]),
        Command::sub("xinfo", "help", Group::Stream, 2, help)
            .since("5.0.0")
            .flags(LOADING | STALE)
            .summary("Lists the subcommands.")
            .complexity("O(1)"),
        Command::sub("xinfo", "stream", Group::Stream, -3, stream)
            .since("5.0.0")
            .flags(READONLY)
            .keys(&[KeySpec::at(2, RO | ACCESS)])
            .summary("Describes a stream.")
            .complexity("O(N) for N nodes.")
            .history(&[
                ("6.0.0", "FULL is new."),
                ("7.0.0", "Five fields tell what was added and deleted, and what groups have read."),
                ("7.2.0", "The field `active-time` is new; `seen-time` also counts attempts."),
            ])
            .args(&[
                Arg::key("key"),
                Arg::block(
                    "full-block",
                    &[Arg::word("full", "FULL"), Arg::integer("count").token("COUNT").optional()],
                )
                .optional(),
            ]),
    ],
)
.without_categories(Group::Stream.category())
.since("5.0.0")
.summary("Tells about streams, consumer groups and consumers.")
.complexity("Depends on the subcommand.");

fn consumers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, name) = (ctx.key(args, 2), args.get(3));
    let (level, now_ms) = (ctx.level(), ctx.now.0);
    let stream = ctx.keys.read::<Box<Stream>>(key)?.ok_or(Error::NO_SUCH_KEY)?;
    let Some(group) = stream.group(name) else {
        return Err(no_group_for_key(key.bytes, name));
    };
    let reply = &mut ctx.reply;
    reply.array(group.consumer_count());
    for (_, consumer) in group.consumers() {
        let tells_inactive = level >= Level::V7_2;
        reply.map(if tells_inactive { 4 } else { 3 });
        reply.bulk("name");
        reply.bulk(consumer.name());
        field(reply, "pending", consumer.pending_len() as i64);
        field(reply, "idle", now_ms.saturating_sub(consumer.seen_ms).max(0));
        if tells_inactive {
            field(reply, "inactive", consumer.active_ms.map_or(-1, |active_ms| now_ms - active_ms));
        }
    }
    Ok(())
}

fn groups(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let counts_reads = ctx.level() >= Level::V7_0;
    let stream = ctx.keys.read::<Box<Stream>>(key)?.ok_or(Error::NO_SUCH_KEY)?;
    let reply = &mut ctx.reply;
    reply.array(stream.group_count());
    for (name, group) in stream.groups() {
        reply.map(if counts_reads { 6 } else { 4 });
        reply.bulk("name");
        reply.bulk(name);
        field(reply, "consumers", group.consumer_count() as i64);
        field(reply, "pending", group.pending_len() as i64);
        id_field(reply, "last-delivered-id", group.last_id);
        if counts_reads {
            reply_reads(reply, &stream, group);
        }
    }
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    reply_help(
        &mut ctx.reply,
        "XINFO",
        &[
            "CONSUMERS <key> <group>",
            "    Lists the consumers of a group.",
            "GROUPS <key>",
            "    Lists the groups of a stream.",
            "STREAM <key> [FULL [COUNT <count>]]",
            "    Describes a stream.",
        ],
    );
    Ok(())
}

fn stream(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let level = ctx.level();
    let stream = ctx.keys.read::<Box<Stream>>(key)?.ok_or(Error::NO_SUCH_KEY)?;
    let count = match full_count(args) {
        Ok(count) => count?,
        Err(Unknown) => return Err(subcommand_syntax(args, "XINFO")),
    };
    let view = View { stream: &stream, level };
    match count {
        None => view.reply(&mut ctx.reply),
        Some(count) => view.reply_full(&mut ctx.reply, most(count)),
    }
    Ok(())
}

/// Options that XINFO STREAM does not know.
struct Unknown;

/// The count of FULL: none without FULL, 0 for all.
fn full_count(args: Args<'_>) -> Result<Result<Option<u64>, Error>, Unknown> {
    const DEFAULT: u64 = 10;
    match args.len() {
        3 => return Ok(Ok(None)),
        4 | 6 if eq_ignore_case(args.get(3), b"full") => {}
        _ => return Err(Unknown),
    }
    if args.len() == 4 {
        return Ok(Ok(Some(DEFAULT)));
    }
    if !eq_ignore_case(args.get(4), b"count") {
        return Err(Unknown);
    }
    Ok(integer(args.get(5)).map(|count| Some(u64::try_from(count).unwrap_or(DEFAULT))))
}

/// A stream as XINFO STREAM shows it at a level.
struct View<'s> {
    stream: &'s Stream,
    level: Level,
}

impl View<'_> {
    fn reply(&self, reply: &mut Reply<'_>) {
        reply.map(self.own_fields() + 3);
        self.reply_own_fields(reply);
        field(reply, "groups", self.stream.group_count() as i64);
        let log = &self.stream.log;
        let ends = [
            ("first-entry", log.range(StreamId::MIN, StreamId::MAX).next()),
            ("last-entry", log.range_rev(StreamId::MIN, StreamId::MAX).next()),
        ];
        for (name, entry) in ends {
            reply.bulk(name);
            match entry {
                Some(entry) => reply_entry(reply, &entry),
                None => reply.null(),
            }
        }
    }

    fn reply_full(&self, reply: &mut Reply<'_>, count: usize) {
        reply.map(self.own_fields() + 2);
        self.reply_own_fields(reply);
        reply.bulk("entries");
        reply_entries(reply, self.stream.log.range(StreamId::MIN, StreamId::MAX).take(count));
        reply.bulk("groups");
        reply.array(self.stream.group_count());
        for (name, group) in self.stream.groups() {
            self.reply_group(reply, name, group, count);
        }
    }

    fn counts_reads(&self) -> bool {
        self.level >= Level::V7_0
    }

    fn own_fields(&self) -> usize {
        if self.counts_reads() { 7 } else { 4 }
    }

    fn reply_own_fields(&self, reply: &mut Reply<'_>) {
        let log = &self.stream.log;
        field(reply, "length", log.len() as i64);
        field(reply, "radix-tree-keys", log.node_count() as i64);
        field(reply, "radix-tree-nodes", self.stream.radix_tree_nodes() as i64);
        id_field(reply, "last-generated-id", log.last_id());
        if self.counts_reads() {
            id_field(reply, "max-deleted-entry-id", log.max_deleted_id());
            field(reply, "entries-added", log.entries_added() as i64);
            id_field(reply, "recorded-first-entry-id", log.first_id());
        }
    }

    fn reply_group(&self, reply: &mut Reply<'_>, name: &[u8], group: &stream::Group, count: usize) {
        reply.map(if self.counts_reads() { 7 } else { 5 });
        reply.bulk("name");
        reply.bulk(name);
        id_field(reply, "last-delivered-id", group.last_id);
        if self.counts_reads() {
            reply_reads(reply, self.stream, group);
        }
        field(reply, "pel-count", group.pending_len() as i64);
        reply.bulk("pending");
        reply.array(group.pending_len().min(count));
        for (id, pending) in group.pending_from(StreamId::MIN, None).take(count) {
            reply.array(4);
            reply.bulk(id.text());
            reply.bulk(group.consumer(pending.consumer).name());
            reply.int(pending.delivered_ms);
            reply.int(pending.deliveries as i64);
        }
        reply.bulk("consumers");
        reply.array(group.consumer_count());
        for (id, consumer) in group.consumers() {
            self.reply_consumer(reply, consumer);
            reply.bulk("pending");
            reply.array(consumer.pending_len().min(count));
            for (id, pending) in group.pending_from(StreamId::MIN, Some(id)).take(count) {
                reply.array(3);
                reply.bulk(id.text());
                reply.int(pending.delivered_ms);
                reply.int(pending.deliveries as i64);
            }
        }
    }

    /// The fields of a consumer but the last.
    fn reply_consumer(&self, reply: &mut Reply<'_>, consumer: &Consumer) {
        let tells_active = self.level >= Level::V7_2;
        reply.map(if tells_active { 5 } else { 4 });
        reply.bulk("name");
        reply.bulk(consumer.name());
        field(reply, "seen-time", consumer.seen_ms);
        if tells_active {
            field(reply, "active-time", consumer.active_ms.unwrap_or(-1));
        }
        field(reply, "pel-count", consumer.pending_len() as i64);
    }
}

/// What a group has read, and what it has yet to read.
fn reply_reads(reply: &mut Reply<'_>, stream: &Stream, group: &stream::Group) {
    let known =
        [("entries-read", group.entries_read.map(|read| read as i64)), ("lag", group.lag(&stream.log))];
    for (name, number) in known {
        reply.bulk(name);
        match number {
            Some(number) => reply.int(number),
            None => reply.null(),
        }
    }
}

fn field(reply: &mut Reply<'_>, name: &str, number: i64) {
    reply.bulk(name);
    reply.int(number);
}

fn id_field(reply: &mut Reply<'_>, name: &str, id: StreamId) {
    reply.bulk(name);
    reply.bulk(id.text());
}
