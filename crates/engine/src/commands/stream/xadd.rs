//! XADD: appends an entry, and XTRIM: removes old ones.

use super::trim::{self, Options};
use crate::command::effects::Words;
use crate::command::{
    Arg, Args, Command, Ctx, DELETE, DENYOOM, Error, EventClasses, FAST, Group, KeySpec, Outcome, RW, UPDATE,
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

/// Declaration of `XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value ...`.
pub static XADD: Command = Command::new("xadd", Group::Stream, -5, xadd)
    .since("5.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE).notes("UPDATE, not INSERT, because it may trim")])
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

/// Declaration of `XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]`.
pub static XTRIM: Command = Command::new("xtrim", Group::Stream, -4, xtrim)
    .arity_before("6.2.0", -2)
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
        return Err(Error::fixed(
            "ERR The stream has exhausted the last possible ID, unable to add more items",
        ));
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
        AddError::NotAbove => {
            "ERR The ID specified in XADD is equal or smaller than the target stream top item"
        }
        AddError::TooLarge => "ERR Elements are too large to be stored",
    })
}

fn node_limits(settings: &Settings) -> NodeLimits {
    NodeLimits { max_entries: settings.stream_node_max_entries, max_bytes: settings.stream_node_max_bytes }
}

#[cfg(test)]
mod tests {
    use crate::command::effects::{Propagation, Words};
    use crate::level::Level;
    use crate::testing::Bench;

    fn propagated(bench: &Bench) -> Vec<String> {
        match &bench.fx.propagation {
            Propagation::Instead(commands) => commands.iter().map(text).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    fn text(words: &Words) -> String {
        String::from_utf8_lossy(&words.join(&b' ')).into_owned()
    }

    #[test]
    fn generated_ids_propagate_as_what_they_became() {
        let mut bench = Bench::new();
        bench.now.0 = 5000;
        assert_eq!(bench.run(&["XADD", "s", "*", "f", "v"]), "$6 5000-0");
        assert_eq!(bench.events(), ["new", "xadd"]);
        assert_eq!((bench.fx.dirty, propagated(&bench)), (1, vec!["XADD s 5000-0 f v".to_owned()]));
        assert_eq!(bench.run(&["XADD", "s", "5000-*", "f", "v"]), "$6 5000-1");
        assert_eq!(propagated(&bench), ["XADD s 5000-1 f v"]);
    }

    #[test]
    fn approximate_trims_propagate_as_what_they_left() {
        let mut bench = Bench::new();
        bench.settings.stream_node_max_entries = 10;
        for id in 1..=25 {
            bench.run(&["XADD", "s", &id.to_string(), "f", "v"]);
        }
        bench.run(&["XADD", "s", "MAXLEN", "~", "11", "LIMIT", "15", "26", "f", "v"]);
        assert_eq!(bench.events(), ["xadd", "xtrim"]);
        assert_eq!(propagated(&bench), ["XADD s MAXLEN = 16 LIMIT 15 26-0 f v"]);
        assert_eq!(bench.run(&["XTRIM", "s", "MINID", "~", "22"]), ":10");
        assert_eq!((bench.fx.dirty, propagated(&bench)), (10, vec!["XTRIM s MINID = 21-0".to_owned()]));
        assert_eq!(bench.run(&["XTRIM", "s", "MAXLEN", "2"]), ":4");
        assert_eq!(propagated(&bench), ["Verbatim"]);
        assert_eq!(bench.run(&["XTRIM", "s", "MAXLEN", "2"]), ":0");
        assert_eq!(bench.fx.dirty, 0);
    }

    #[test]
    fn wrong_calls_leave_no_key_behind() {
        let mut bench = Bench::new();
        let cases: &[(&str, &str)] = &[
            ("XADD s * f", "-ERR wrong number of arguments for 'xadd' command"),
            ("XADD s * f v g", "-ERR wrong number of arguments for 'xadd' command"),
            ("XADD s 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0"),
            ("XADD s foo f v", "-ERR Invalid stream ID specified as stream command argument"),
            ("XADD s MAXLEN -1 * f v", "-ERR The MAXLEN argument must be >= 0."),
            (
                "XADD s MAXLEN 1 LIMIT 1 * f v",
                "-ERR syntax error, LIMIT cannot be used without the special ~ option",
            ),
            (
                "XADD s LIMIT 1 * f v",
                "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
            ),
            (
                "XADD s MAXLEN 1 MINID 1 * f v",
                "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
            ),
            ("XADD s NOMKSTREAM * f v", "$-1"),
            ("XTRIM s FOO 1", "-ERR syntax error"),
            ("XTRIM s LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy"),
            ("XTRIM s MAXLEN 0", ":0"),
            ("XLEN s", ":0"),
        ];
        for (call, reply) in cases {
            let words: Vec<_> = call.split(' ').collect();
            assert_eq!(bench.run(&words), *reply, "{call}");
            assert_eq!(bench.fx.dirty, 0, "{call}");
        }
        bench.run(&["XADD", "s", "5-5", "f", "v"]);
        assert_eq!(
            bench.run(&["XADD", "s", "5-5", "f", "v"]),
            "-ERR The ID specified in XADD is equal or smaller than the target stream top item"
        );
    }

    #[test]
    fn lower_levels_lack_the_younger_options() {
        let mut bench = Bench::new();
        bench.settings.level = Level::V5_0;
        let invalid = "-ERR Invalid stream ID specified as stream command argument";
        assert_eq!(bench.run(&["XADD", "s", "NOMKSTREAM", "*", "f", "v"]), invalid);
        assert_eq!(bench.run(&["XADD", "s", "1-*", "f", "v"]), invalid);
        assert_eq!(bench.run(&["XTRIM", "s", "MINID", "1"]), "-ERR syntax error");
    }
}
