//! XADD: appends an entry, and XTRIM: removes old ones.

use super::trim::{self, Options};
use crate::command::effects::Words;
use crate::command::{
    Arg, Args, Command, Ctx, DELETE, DENYOOM, Error, EventClasses, FAST, Group, Key, KeySpec, Outcome, RW, UPDATE,
    WRITE,
};
use crate::settings::Settings;
use crate::stream::{AddError, NewId, NodeLimits, Stream, StreamId};

const TRIM_PARTS: &[Arg] = &[
    Arg::one_of("strategy", &[Arg::word("maxlen", "MAXLEN"), Arg::word("minid", "MINID").since("6.2.0")]),
    Arg::one_of("operator", &[Arg::word("equal", "="), Arg::word("approximately", "~")]).optional(),
    Arg::string("threshold"),
    Arg::integer("count").token("LIMIT").optional().since("6.2.0"),
];

/// XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value ...
pub static XADD: Command = Command::new("xadd", Group::Stream, -5, xadd)
    .since("5.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE).notes("UPDATE instead of INSERT because of the optional trimming feature")])
    .summary("Appends an entry to a stream, creating the stream if it is missing.")
    .complexity("O(1) to add, O(N) for N entries trimmed.")
    .history(&[
        ("6.2.0", "NOMKSTREAM, MINID and LIMIT are new."),
        ("7.0.0", "An id may leave its sequence to the server: `<ms>-*`."),
    ])
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::word("nomkstream", "NOMKSTREAM").optional().since("6.2.0"),
        Arg::block("trim", TRIM_PARTS).optional(),
        Arg::one_of("id-selector", &[Arg::word("auto-id", "*"), Arg::string("id")]),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
    ]);

/// XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]
pub static XTRIM: Command = Command::new("xtrim", Group::Stream, -4, xtrim)
    .since("5.0.0")
    .flags(WRITE)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes the oldest entries of a stream.")
    .complexity("O(N) for N entries removed, a whole node of them at a time.")
    .history(&[("6.2.0", "MINID and LIMIT are new.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key"), Arg::block("trim", TRIM_PARTS)]);

fn xadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = trim::parse(ctx, args, true)?;
    let fields_at = options.id_at + 1;
    if args.len() < fields_at + 2 || (args.len() - fields_at) % 2 == 1 {
        return Err(Error::arity(ctx.name));
    }
    if options.id == NewId::Exact(StreamId::MIN) {
        return Err(Error::fixed("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let key = ctx.key(args, 1);
    if options.no_mkstream && ctx.keys.write::<Box<Stream>>(key)?.is_none() {
        ctx.reply.null();
        return Ok(());
    }
    let (limits, now_ms) = (node_limits(ctx.settings), ctx.now.0 as u64);
    let wanted = ctx.keys.fx.propagates;
    let mut stream = ctx.keys.create::<Box<Stream>>(key)?;
    if stream.log.last_id() == StreamId::MAX {
        return Err(Error::fixed("ERR The stream has exhausted the last possible ID, unable to add more items"));
    }
    let fields = args.from(fields_at);
    let pairs = (0..fields.len() / 2).map(move |n| (fields.get(2 * n), fields.get(2 * n + 1)));
    let id = stream.log.add(options.id, now_ms, pairs, limits).map_err(add_error)?;
    ctx.reply.bulk(id.text());
    let trimmed = options.trim.map_or(0, |trim| stream.log.trim(trim));
    let words = wanted.then(|| settled_words(args, &options, id, &stream));
    drop(stream);
    ctx.changed(key, EventClasses::STREAM, "xadd", 1);
    if trimmed > 0 {
        ctx.event(key, EventClasses::STREAM, "xtrim");
    }
    if let Some(words) = words {
        ctx.propagate(|| vec![words]);
    }
    Ok(())
}

fn xtrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = trim::parse(ctx, args, false)?;
    let key = ctx.key(args, 1);
    let wanted = ctx.keys.fx.propagates && options.is_approximate();
    let Some(mut stream) = ctx.keys.write::<Box<Stream>>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let removed = options.trim.map_or(0, |trim| stream.log.trim(trim));
    let words = wanted.then(|| {
        let mut words = words_of(args);
        options.settle_threshold(&mut words, &stream);
        words
    });
    drop(stream);
    if removed > 0 {
        ctx.changed(key, EventClasses::STREAM, "xtrim", removed);
        if let Some(words) = words {
            ctx.propagate(|| vec![words]);
        }
    }
    ctx.reply.int(removed as i64);
    Ok(())
}

/// The words of XADD with the id and the trim as they turned out.
fn settled_words(args: Args<'_>, options: &Options, id: StreamId, stream: &Stream) -> Words {
    let mut words = words_of(args);
    options.settle_threshold(&mut words, stream);
    words[options.id_at] = id.text().as_bytes().to_vec();
    words
}

fn words_of(args: Args<'_>) -> Words {
    args.iter().map(<[u8]>::to_vec).collect()
}

fn add_error(error: AddError) -> Error {
    Error::fixed(match error {
        AddError::NotAbove => "ERR The ID specified in XADD is equal or smaller than the target stream top item",
        AddError::TooLarge => "ERR Elements are too large to be stored",
    })
}

fn node_limits(settings: &Settings) -> NodeLimits {
    NodeLimits { max_entries: settings.stream_node_max_entries, max_bytes: settings.stream_node_max_bytes }
}
