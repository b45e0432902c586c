//! SET: stores a string.
//!
//! What goes to the AOF and to replicas has no relative time and no GET:
//! `SET key value PXAT time` if a time was given, otherwise the words as they came without GET.

use super::get::reply_value;
use super::options::{Expiry, Form, Options};
use super::store::{propagate_at, store, stored};
use crate::command::*;
use crate::keyspace::Ttl;
use crate::level::Level;
use crate::text::eq_ignore_case;

/// Declaration of SET.
pub static SET: Command = Command::new("set", Group::String, -3, set)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | QUICK)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE | VARIABLE_FLAGS).notes("Read only with GET.")])
    .key_finder(find_keys)
    .summary("Stores a string at a key, whatever it held.")
    .complexity("O(1)")
    .history(&[
        ("2.6.12", "Options EX, PX, NX, XX."),
        ("6.0.0", "Option KEEPTTL."),
        ("6.2.0", "Options GET, EXAT, PXAT."),
        ("7.0.0", "NX and GET may stand together."),
    ])
    .args(&[
        Arg::key("key"),
        Arg::string("value"),
        Arg::one_of("condition", CONDITION).optional().since("2.6.12"),
        Arg::word("get", "GET").optional().since("6.2.0"),
        Arg::one_of("expiration", EXPIRATION).optional(),
    ]);

const CONDITION: &[Arg] = &[Arg::word("nx", "NX"), Arg::word("xx", "XX")];
const EXPIRATION: &[Arg] = &[
    Arg::integer("seconds").token("EX").since("2.6.12"),
    Arg::integer("milliseconds").token("PX").since("2.6.12"),
    Arg::unix_time("unix-time-seconds").token("EXAT").since("6.2.0"),
    Arg::unix_time("unix-time-milliseconds").token("PXAT").since("6.2.0"),
    Arg::word("keepttl", "KEEPTTL").since("6.0.0"),
];

/// Finds the key; GET decides how it is used (db.c: setGetKeys).
fn find_keys(args: Args<'_>) -> Result<Vec<FoundKey>, BadArguments> {
    let gets = args.iter().skip(3).any(|arg| eq_ignore_case(arg, b"get"));
    Ok(vec![(1, if gets { RW | ACCESS | UPDATE } else { OW | UPDATE })])
}

fn set(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return set_with_options(ctx, args);
    }
    let key = ctx.key(args, 1);
    ctx.keys.set_str(key, stored(args, 2), Ttl::Clear);
    ctx.changed(key, EventClasses::STRING, "set", 1);
    ctx.reply.ok();
    Ok(())
}

fn set_with_options(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::of_set(args, ctx.level())?;
    let (ttl, form) = match options.expiry {
        Expiry::At(form, text) => (Ttl::At(form.resolve(ctx, text)?), Some(form)),
        Expiry::Keep => (Ttl::Keep, None),
        _ => (Ttl::Clear, None),
    };
    let key = ctx.key(args, 1);
    if options.get {
        reply_value(ctx, key)?;
    }
    if (options.nx || options.xx) && ctx.keys.write_entry(key).is_some() != options.xx {
        if !options.get {
            ctx.reply.null();
        }
        return Ok(());
    }
    store(ctx, key, stored(args, 2), ttl);
    match ttl {
        // Up to 7.0 an absolute time is written anew like all others.
        Ttl::At(at) if form != Some(Form::PxAt) || options.get || ctx.level() < Level::V7_2 => {
            propagate_at(ctx, key, args.get(2), at);
        }
        Ttl::At(_) => {}
        _ if options.get => ctx.propagate(|| vec![without_get(args)]),
        _ => {}
    }
    if !options.get {
        ctx.reply.ok();
    }
    Ok(())
}

fn without_get(args: Args<'_>) -> Vec<Vec<u8>> {
    let kept = |(at, word): &(usize, &[u8])| *at < 3 || !eq_ignore_case(word, b"GET");
    args.iter().enumerate().filter(kept).map(|(_, word)| word.to_vec()).collect()
}
