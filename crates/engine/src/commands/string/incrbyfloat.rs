//! INCRBYFLOAT: strings as floating-point counters, in the 80-bit arithmetic of Redis.
//!
//! Propagated as a SET of the result, so that nobody else has to calculate.

use crate::command::*;
use crate::keyspace::Ttl;
use crate::level::Level;
use crate::text::Extended;
use crate::value::{StrRef, StrValue};

/// Declaration of INCRBYFLOAT.
pub static INCRBYFLOAT: Command = Command::new("incrbyfloat", Group::String, 3, incrbyfloat)
    .since("2.6.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .summary("Adds to the floating-point number at a key; a missing key counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::double("increment")]);

fn incrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let old = match ctx.keys.edit_str(key)?.as_ref().map(|string| string.get()) {
        None => Some(Extended::from(0)),
        Some(StrRef::Int(n)) => Some(Extended::from(n)),
        Some(text) => Extended::parse(&text.bytes()),
    };
    let old = old.ok_or(Error::NOT_FLOAT)?;
    let sum = old + Extended::parse(args.get(2)).ok_or(Error::NOT_FLOAT)?;
    if !sum.is_finite() {
        return Err(Error::fixed("ERR increment would produce NaN or Infinity"));
    }
    let text = sum.to_human();
    ctx.keys.set_str(key, StrValue::Bytes(&text), Ttl::Keep);
    ctx.changed(key, EventClasses::STRING, "incrbyfloat", 1);
    ctx.reply.bulk(&text);
    // Without KEEPTTL a SET would lose the expiry; the same sum comes out again.
    if ctx.level() >= Level::introduced(6, 0) {
        ctx.propagate(|| vec![vec![b"SET".to_vec(), key.bytes.to_vec(), text, b"KEEPTTL".to_vec()]]);
    }
    Ok(())
}
