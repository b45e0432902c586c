//! XGROUP: consumer groups and their consumers come and go.

use super::arguments::{INVALID_ID, integer, strict_id, subcommand_syntax};
use super::change::{changed_quietly, consumer_created};
use super::reply::{no_group_for_key, reply_help};
use crate::command::{
    Arg, Args, Command, Ctx, DELETE, DENYOOM, Error, Group, INSERT, KeySpec, LOADING, Outcome, RW, STALE,
    UPDATE, WRITE,
};
use crate::level::Level;
use crate::stream::{self, Stream, StreamId};
use crate::text::eq_ignore_case;

const ID_SELECTOR: Arg = Arg::one_of("id-selector", &[Arg::string("id"), Arg::word("new-id", "$")]);

/// Declaration of `XGROUP` and its subcommands.
pub static XGROUP: Command = Command::container(
    "xgroup",
    Group::Stream,
    &[
        Command::sub("xgroup", "create", Group::Stream, -5, create)
            .since("5.0.0")
            .flags(WRITE | DENYOOM)
            .keys(&[KeySpec::at(2, RW | INSERT)])
            .summary("Creates a consumer group.")
            .complexity("O(1)")
            .history(&[("7.0.0", "ENTRIESREAD is new.")])
            .args(&[
                Arg::key("key"),
                Arg::string("group"),
                ID_SELECTOR,
                Arg::word("mkstream", "MKSTREAM").optional(),
                Arg::integer("entries-read").token("ENTRIESREAD").optional(),
            ]),
        Command::sub("xgroup", "createconsumer", Group::Stream, 5, create_consumer)
            .since("6.2.0")
            .flags(WRITE | DENYOOM)
            .keys(&[KeySpec::at(2, RW | INSERT)])
            .summary("Creates a consumer in a group.")
            .complexity("O(1)")
            .args(&[Arg::key("key"), Arg::string("group"), Arg::string("consumer")]),
        Command::sub("xgroup", "delconsumer", Group::Stream, 5, delete_consumer)
            .since("5.0.0")
            .flags(WRITE)
            .keys(&[KeySpec::at(2, RW | DELETE)])
            .summary("Deletes a consumer with its pending entries.")
            .complexity("O(N) for N pending entries.")
            .args(&[Arg::key("key"), Arg::string("group"), Arg::string("consumer")]),
        Command::sub("xgroup", "destroy", Group::Stream, 4, destroy)
            .since("5.0.0")
            .flags(WRITE)
            .keys(&[KeySpec::at(2, RW | DELETE)])
            .summary("Deletes a consumer group.")
            .complexity("O(N) for N pending entries.")
            .args(&[Arg::key("key"), Arg::string("group")]),
        Command::sub("xgroup", "help", Group::Stream, 2, help)
            .since("5.0.0")
            .flags(LOADING | STALE)
            .summary("Lists the subcommands.")
            .complexity("O(1)"),
        Command::sub("xgroup", "setid", Group::Stream, -5, set_id)
            .since("5.0.0")
            .flags(WRITE)
            .keys(&[KeySpec::at(2, RW | UPDATE)])
            .summary("Sets the last entry that a group has read.")
            .complexity("O(1)")
            .history(&[("7.0.0", "ENTRIESREAD is new.")])
            .args(&[
                Arg::key("key"),
                Arg::string("group"),
                ID_SELECTOR,
                Arg::integer("entriesread").token("ENTRIESREAD").optional().display("entries-read"),
            ]),
    ],
)
.without_categories(Group::Stream.category())
.since("5.0.0")
.summary("Manages the consumer groups of a stream.")
.complexity("Depends on the subcommand.");

struct Options {
    make_stream: bool,
    entries_read: Option<u64>,
}

fn create(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(options) = parse(ctx, args, true)? else { return Ok(()) };
    let key = ctx.key(args, 2);
    let last = ctx.keys.write::<Box<Stream>>(key)?.map(|stream| stream.log.last_id());
    if last.is_none() && !options.make_stream {
        return Err(NO_KEY);
    }
    let last_id = match args.get(4) {
        b"$" => last.unwrap_or(StreamId::MIN),
        id => strict_id(id)?,
    };
    let group = stream::Group::new(last_id, options.entries_read);
    let created = ctx.keys.create::<Box<Stream>>(key)?.create_group(args.get(3), group);
    if last.is_none() {
        ctx.keys.touched(key);
    }
    if !created {
        return Err(Error::fixed("BUSYGROUP Consumer Group name already exists"));
    }
    ctx.reply.ok();
    changed_quietly(ctx, key, "xgroup-create");
    Ok(())
}

fn set_id(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(options) = parse(ctx, args, false)? else { return Ok(()) };
    let key = ctx.key(args, 2);
    let mut stream = ctx.keys.write::<Box<Stream>>(key)?.ok_or(NO_KEY)?;
    let last = stream.log.last_id();
    let Some((_, group)) = stream.group_mut(args.get(3)) else {
        drop(stream);
        return Err(no_group_for_key(key.bytes, args.get(3)));
    };
    group.last_id = match args.get(4) {
        b"$" => last,
        id => StreamId::parse(id, 0).ok_or(INVALID_ID)?,
    };
    group.entries_read = options.entries_read;
    drop(stream);
    ctx.reply.ok();
    changed_quietly(ctx, key, "xgroup-setid");
    Ok(())
}

fn destroy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let destroyed = ctx.keys.write::<Box<Stream>>(key)?.ok_or(NO_KEY)?.destroy_group(args.get(3));
    ctx.reply.int(i64::from(destroyed));
    if destroyed {
        changed_quietly(ctx, key, "xgroup-destroy");
        // Consumers that wait for the group are told that it is gone.
        ctx.keys.wake_waiters(key);
    }
    Ok(())
}

fn create_consumer(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, now_ms) = (ctx.key(args, 2), ctx.now.0);
    let mut stream = ctx.keys.write::<Box<Stream>>(key)?.ok_or(NO_KEY)?;
    let Some((_, group)) = stream.group_mut(args.get(3)) else {
        drop(stream);
        return Err(no_group_for_key(key.bytes, args.get(3)));
    };
    let created = group.create_consumer(args.get(4), now_ms).is_some();
    drop(stream);
    ctx.reply.int(i64::from(created));
    if created {
        consumer_created(ctx, key);
    }
    Ok(())
}

fn delete_consumer(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let mut stream = ctx.keys.write::<Box<Stream>>(key)?.ok_or(NO_KEY)?;
    let Some((_, group)) = stream.group_mut(args.get(3)) else {
        drop(stream);
        return Err(no_group_for_key(key.bytes, args.get(3)));
    };
    let deleted = group.find_consumer(args.get(4)).map(|consumer| group.delete_consumer(consumer));
    drop(stream);
    ctx.reply.count(deleted.unwrap_or(0));
    if deleted.is_some() {
        changed_quietly(ctx, key, "xgroup-delconsumer");
    }
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    reply_help(
        &mut ctx.reply,
        "XGROUP",
        &[
            "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
            "    Creates a group that reads behind the id; MKSTREAM creates a missing stream.",
            "CREATECONSUMER <key> <group> <consumer>",
            "    Creates a consumer.",
            "DELCONSUMER <key> <group> <consumer>",
            "    Deletes a consumer with its pending entries.",
            "DESTROY <key> <group>",
            "    Deletes a group.",
            "SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
            "    Sets the last entry that the group has read.",
        ],
    );
    Ok(())
}

const NO_KEY: Error = Error::fixed(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
     option to create an empty stream automatically.",
);

/// Reads the options behind the id; none after an error reply.
fn parse(ctx: &mut Ctx<'_>, args: Args<'_>, is_create: bool) -> Result<Option<Options>, Error> {
    let mut options = Options { make_stream: false, entries_read: None };
    let knows_entries_read = ctx.level() >= Level::V7_0;
    let mut at = 5;
    while at < args.len() {
        let word = args.get(at);
        if is_create && eq_ignore_case(word, b"mkstream") {
            options.make_stream = true;
            at += 1;
        } else if knows_entries_read && eq_ignore_case(word, b"entriesread") && at + 1 < args.len() {
            options.entries_read = entries_read(args.get(at + 1))?;
            at += 2;
        } else {
            return Err(subcommand_syntax(args, "XGROUP"));
        }
    }
    // Options may repeat, but Redis counts the arguments in the end.
    if args.len() > if is_create { 8 } else { 7 } {
        return Err(subcommand_syntax(args, "XGROUP"));
    }
    Ok(Some(options))
}

fn entries_read(arg: &[u8]) -> Result<Option<u64>, Error> {
    match integer(arg)? {
        -1 => Ok(None),
        read => match u64::try_from(read) {
            Ok(read) => Ok(Some(read)),
            Err(_) => Err(Error::fixed("ERR value for ENTRIESREAD must be positive or -1")),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    fn run(bench: &mut Bench, call: &str) -> String {
        bench.run(&call.split(' ').collect::<Vec<_>>())
    }

    #[test]
    fn groups_and_consumers_come_and_go() {
        let mut bench = Bench::new();
        assert!(
            run(&mut bench, "XGROUP CREATE s g $").starts_with("-ERR The XGROUP subcommand requires the key")
        );
        assert_eq!(run(&mut bench, "XGROUP CREATE s g $ MKSTREAM"), "+OK");
        assert_eq!(bench.events(), ["new", "xgroup-create"]);
        assert_eq!(run(&mut bench, "XGROUP CREATE s g $"), "-BUSYGROUP Consumer Group name already exists");
        assert_eq!(run(&mut bench, "XGROUP CREATECONSUMER s g bob"), ":1");
        assert_eq!(run(&mut bench, "XGROUP CREATECONSUMER s g bob"), ":0");
        run(&mut bench, "XADD s 1-0 f v");
        run(&mut bench, "XREADGROUP GROUP g bob STREAMS s >");
        assert_eq!(run(&mut bench, "XACK s g 1-0 2-0"), ":1");
        assert_eq!(run(&mut bench, "XGROUP SETID s g 0 ENTRIESREAD 0"), "+OK");
        run(&mut bench, "XREADGROUP GROUP g bob STREAMS s >");
        assert_eq!(run(&mut bench, "XGROUP DELCONSUMER s g bob"), ":1");
        assert_eq!(run(&mut bench, "XGROUP DESTROY s g"), ":1");
        assert_eq!(run(&mut bench, "XGROUP DESTROY s g"), ":0");
        assert_eq!(run(&mut bench, "XACK s g 1-0"), ":0");
    }

    #[test]
    fn wrong_calls_are_refused_in_redis_words() {
        let mut bench = Bench::new();
        run(&mut bench, "XGROUP CREATE s g $ MKSTREAM");
        let syntax = "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.";
        let cases = [
            ("XGROUP CREATE s h $ FOO", syntax),
            ("XGROUP CREATE s h $ MKSTREAM MKSTREAM MKSTREAM MKSTREAM", syntax),
            ("XGROUP CREATE s h $ ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1"),
            ("XGROUP SETID s h $", "-NOGROUP No such consumer group 'h' for key name 's'"),
            ("XGROUP DELCONSUMER s h bob", "-NOGROUP No such consumer group 'h' for key name 's'"),
            ("XINFO CONSUMERS s h", "-NOGROUP No such consumer group 'h' for key name 's'"),
            ("XINFO STREAM none", "-ERR no such key"),
        ];
        for (call, reply) in cases {
            assert_eq!(run(&mut bench, call), reply, "{call}");
        }
    }
}
