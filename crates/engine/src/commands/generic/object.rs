//! TYPE and OBJECT: what a key holds, without counting as a use of it.

use crate::command::*;
use crate::entry::{KeyEntry, Kind};
use crate::level::Level;
use crate::value::{StrRef, Type};

/// Declaration of `TYPE key`.
pub static TYPE: Command = Command::new("type", Group::Generic, 2, type_of)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Returns the type of the value at a key.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn type_of(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let name = ctx.keys.look(key).map_or("none", |entry| Type::of(entry.kind()).name());
    ctx.reply.simple(name);
    Ok(())
}

/// Declaration of `OBJECT subcommand ...`.
pub static OBJECT: Command = Command::container("object", Group::Generic, SUBCOMMANDS)
    .since("2.2.3")
    .without_categories(CAT_KEYSPACE)
    .summary("Inspects the value at a key.")
    .complexity("Depends on the subcommand");

const KEYS: &[KeySpec] = &[KeySpec::at(2, RO)];
const TIPS: &[&str] = &["nondeterministic_output"];
const ARGS: &[Arg] = &[Arg::key("key")];

static SUBCOMMANDS: &[Command] = &[
    Command::sub("object", "encoding", Group::Generic, 3, encoding)
        .since("2.2.3")
        .flags(READONLY)
        .keys(KEYS)
        .summary("Returns the name of the internal encoding of a value.")
        .complexity("O(1)")
        .tips(TIPS)
        .args(ARGS),
    Command::sub("object", "freq", Group::Generic, 3, freq)
        .since("4.0.0")
        .flags(READONLY)
        .keys(KEYS)
        .summary("Returns the logarithmic access counter of a value.")
        .complexity("O(1)")
        .tips(TIPS)
        .args(ARGS),
    Command::sub("object", "help", Group::Generic, 2, help)
        .since("6.2.0")
        .flags(LOADING | STALE)
        .summary("Returns help about the subcommands.")
        .complexity("O(1)"),
    Command::sub("object", "idletime", Group::Generic, 3, idletime)
        .since("2.2.3")
        .flags(READONLY)
        .keys(KEYS)
        .summary("Returns the seconds since a value was last used.")
        .complexity("O(1)")
        .tips(TIPS)
        .args(ARGS),
    Command::sub("object", "refcount", Group::Generic, 3, refcount)
        .since("2.2.3")
        .flags(READONLY)
        .keys(KEYS)
        .summary("Returns the number of references to a value.")
        .complexity("O(1)")
        .tips(TIPS)
        .args(ARGS),
];

fn encoding(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let level = ctx.level();
    match ctx.keys.look(key) {
        Some(entry) => ctx.reply.bulk(encoding_name(entry, level)),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// The name of the encoding of what an entry holds, in the words of a version.
pub fn encoding_name(entry: &KeyEntry, level: Level) -> &'static str {
    let packed = if level.says_listpack() { "listpack" } else { "ziplist" };
    match entry.kind() {
        Kind::Inline | Kind::Int | Kind::Heap => entry.str_encoding().unwrap_or("raw"),
        // Lists of one listpack without a quicklist around came with 7.2.
        Kind::ListPacked if level >= Level::V7_2 => "listpack",
        Kind::ListPacked | Kind::ListQuick => "quicklist",
        Kind::SetInt => "intset",
        Kind::SetPacked => "listpack",
        Kind::SetTable | Kind::HashTable => "hashtable",
        Kind::ZsetPacked | Kind::HashPacked => packed,
        Kind::ZsetTree => "skiplist",
        Kind::Stream => "stream",
    }
}

fn refcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    /// Redis shares one object for each integer below, unless a policy needs clocks per key.
    const SHARED_INTEGERS: i64 = 10_000;
    const SHARED: i64 = i32::MAX as i64;
    let key = ctx.key(args, 2);
    let policy = ctx.settings.maxmemory_policy;
    let shares = ctx.settings.maxmemory == 0 || !(policy.is_lru() || policy.is_lfu());
    match ctx.keys.look(key).map(|entry| entry.as_str()) {
        None => ctx.reply.null(),
        Some(Some(StrRef::Int(0..SHARED_INTEGERS))) if shares => ctx.reply.int(SHARED),
        Some(_) => ctx.reply.int(1),
    }
    Ok(())
}

fn idletime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let Some(access) = ctx.keys.look(key).map(KeyEntry::access) else {
        ctx.reply.null();
        return Ok(());
    };
    if ctx.settings.maxmemory_policy.is_lfu() {
        return Err(Error::fixed(
            "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
             switching between policies at runtime LRU and LFU data will take some time to adjust.",
        ));
    }
    ctx.reply.int(i64::from(ctx.keys.access_clock().idle_seconds(access)));
    Ok(())
}

fn freq(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 2);
    let Some(access) = ctx.keys.look(key).map(KeyEntry::access) else {
        ctx.reply.null();
        return Ok(());
    };
    if !ctx.settings.maxmemory_policy.is_lfu() {
        return Err(Error::fixed(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
             when switching between policies at runtime LRU and LFU data will take some time to adjust.",
        ));
    }
    ctx.reply.int(i64::from(ctx.keys.access_clock().decayed(access)));
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    const LINES: &[&str] = &[
        "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "ENCODING <key>",
        "    How the value at <key> is stored.",
        "FREQ <key>",
        "    The access counter of <key>, which grows with the logarithm of its uses.",
        "IDLETIME <key>",
        "    Seconds since <key> was last used.",
        "REFCOUNT <key>",
        "    How many references the value at <key> has.",
        "HELP",
        "    Prints this help.",
    ];
    ctx.reply.array(LINES.len());
    LINES.iter().for_each(|line| ctx.reply.simple(line));
    Ok(())
}
