//! GETEX: the string at a key, and a new expiry for it.
//!
//! Never propagated as it is: PEXPIREAT, PERSIST or DEL go to the AOF and to replicas.

use super::get::reply_string;
use super::options::{Expiry, Options};
use crate::command::*;
use crate::commands::generic::delete_now;
use crate::time::UnixMs;

/// Declaration of GETEX.
pub static GETEX: Command = Command::new("getex", Group::String, -2, getex)
    .since("6.2.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE).notes("Some options change the expiry.")])
    .summary("Returns the string at a key and sets or removes its expiry.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::one_of("expiration", EXPIRATION).optional()]);

const EXPIRATION: &[Arg] = &[
    Arg::integer("seconds").token("EX"),
    Arg::integer("milliseconds").token("PX"),
    Arg::unix_time("unix-time-seconds").token("EXAT"),
    Arg::unix_time("unix-time-milliseconds").token("PXAT"),
    Arg::word("persist", "PERSIST"),
];

fn getex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::of_getex(args)?;
    let key = ctx.key(args, 1);
    if ctx.keys.read_str(key)?.is_none() {
        ctx.reply.null();
        return Ok(());
    }
    match options.expiry {
        Expiry::At(form, text) => {
            let at = form.resolve(ctx, text)?;
            answer(ctx, key)?;
            if form.is_absolute() && at <= ctx.now && !ctx.caller.trusted {
                delete_now(ctx, key);
            } else {
                set_expiry(ctx, key, at);
            }
        }
        Expiry::Persist => {
            answer(ctx, key)?;
            persist(ctx, key);
        }
        Expiry::Unsaid | Expiry::Keep => answer(ctx, key)?,
    }
    Ok(())
}

/// Answers the string, which was looked up and counted before.
fn answer(ctx: &mut Ctx<'_>, key: Key<'_>) -> Outcome {
    if let Some(string) = ctx.keys.peek_str(key)? {
        reply_string(&mut ctx.reply, &string);
    }
    Ok(())
}

fn set_expiry(ctx: &mut Ctx<'_>, key: Key<'_>, at: UnixMs) {
    ctx.keys.set_expiry(key, Some(at));
    let when = at.0.to_string().into_bytes();
    ctx.propagate(|| vec![vec![b"PEXPIREAT".to_vec(), key.bytes.to_vec(), when]]);
    ctx.changed(key, EventClasses::GENERIC, "expire", 1);
}

fn persist(ctx: &mut Ctx<'_>, key: Key<'_>) {
    if ctx.keys.expiry_of(key).flatten().is_some() {
        ctx.keys.set_expiry(key, None);
        ctx.propagate(|| vec![vec![b"PERSIST".to_vec(), key.bytes.to_vec()]]);
        ctx.changed(key, EventClasses::GENERIC, "persist", 1);
    }
}
