//! How long a command may wait for keys, and what it reports when it has to
//! (getTimeoutFromObjectOrReply, blockForKeys in Redis).

use crate::command::effects::Nothing;
use crate::command::{Args, Block, Ctx, Error};
use crate::level::Level;
use crate::text::{Extended, parse_f64, parse_i64};
use crate::value::Type;

/// The milliseconds that a timeout in seconds means; `None` is for ever.
pub fn seconds(ctx: &Ctx<'_>, arg: &[u8]) -> Result<Option<u64>, Error> {
    const OUT_OF_RANGE: Error = Error::fixed("ERR timeout is out of range");
    let ms = if ctx.level() < Level::V6_2 {
        // Fractions came with 6.0.
        let error = Error::fixed("ERR timeout is not an integer or out of range");
        parse_i64(arg).ok_or(error)?.saturating_mul(1000)
    } else {
        // What is a number is decided as a long double, which reaches farther than a double.
        Extended::parse(arg).ok_or(Error::fixed("ERR timeout is not a float or out of range"))?;
        let ms = parse_f64(arg).map_or(f64::INFINITY, |seconds| (seconds * 1000.0).ceil());
        if ms >= i64::MAX as f64 {
            return Err(OUT_OF_RANGE);
        }
        ms as i64
    };
    if ms < 0 {
        return Err(Error::fixed("ERR timeout is negative"));
    }
    if ms > 0 && ctx.now.0.checked_add(ms).is_none() {
        return Err(OUT_OF_RANGE);
    }
    Ok((ms > 0).then_some(ms as u64))
}

/// Makes the client wait for one of `keys`; one that cannot wait gets the reply of a timeout at once.
pub fn wait(ctx: &mut Ctx<'_>, keys: Args<'_>, waits_for: Type, timeout_ms: Option<u64>, nothing: Nothing) {
    if ctx.caller.no_blocking {
        return nothing.write(&mut ctx.reply);
    }
    ctx.keys.fx.block = Some(Block {
        keys: keys.iter().map(<[u8]>::to_vec).collect(),
        waits_for,
        timeout_ms,
        nothing,
        wake_on_delete: false,
        again: None,
    });
}
