//! EXPIRE and its variants, and PERSIST: when a key ends.
//!
//! Whatever form the time comes in, it is kept and propagated as an absolute time in
//! milliseconds. A time that has passed already deletes the key at once, which is propagated as
//! a deletion.

use crate::command::*;
use crate::commands::number::int;
use crate::text::eq_ignore_case;
use crate::time::UnixMs;

const KEYS: &[KeySpec] = &[KeySpec::at(1, RW | UPDATE)];
const HISTORY: &[(&str, &str)] = &[("7.0.0", "Conditions NX, XX, GT and LT.")];
const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::word("nx", "NX"), Arg::word("xx", "XX"), Arg::word("gt", "GT"), Arg::word("lt", "LT")],
)
.optional()
.since("7.0.0");

/// Declaration of `EXPIRE key seconds [NX | XX | GT | LT]`.
pub static EXPIRE: Command = Command::new("expire", Group::Generic, -3, expire)
    .arity_before("7.0.0", 3)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(KEYS)
    .summary("Lets a key expire after some seconds.")
    .complexity("O(1)")
    .history(HISTORY)
    .args(&[Arg::key("key"), Arg::integer("seconds"), CONDITION]);

fn expire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, ctx.now.0, 1000)
}

/// Declaration of `PEXPIRE key milliseconds [NX | XX | GT | LT]`.
pub static PEXPIRE: Command = Command::new("pexpire", Group::Generic, -3, pexpire)
    .arity_before("7.0.0", 3)
    .since("2.6.0")
    .flags(WRITE | FAST)
    .keys(KEYS)
    .summary("Lets a key expire after some milliseconds.")
    .complexity("O(1)")
    .history(HISTORY)
    .args(&[Arg::key("key"), Arg::integer("milliseconds"), CONDITION]);

fn pexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, ctx.now.0, 1)
}

/// Declaration of `EXPIREAT key unix-time-seconds [NX | XX | GT | LT]`.
pub static EXPIREAT: Command = Command::new("expireat", Group::Generic, -3, expireat)
    .arity_before("7.0.0", 3)
    .since("1.2.0")
    .flags(WRITE | FAST)
    .keys(KEYS)
    .summary("Lets a key expire at a time given in seconds.")
    .complexity("O(1)")
    .history(HISTORY)
    .args(&[Arg::key("key"), Arg::unix_time("unix-time-seconds"), CONDITION]);

fn expireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, 0, 1000)
}

/// Declaration of `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]`.
pub static PEXPIREAT: Command = Command::new("pexpireat", Group::Generic, -3, pexpireat)
    .arity_before("7.0.0", 3)
    .since("2.6.0")
    .flags(WRITE | FAST)
    .keys(KEYS)
    .summary("Lets a key expire at a time given in milliseconds.")
    .complexity("O(1)")
    .history(HISTORY)
    .args(&[Arg::key("key"), Arg::unix_time("unix-time-milliseconds"), CONDITION]);

fn pexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, 0, 1)
}

/// Sets the expiry to `base` plus the argument times `unit_ms`.
fn run(ctx: &mut Ctx<'_>, args: Args<'_>, base: i64, unit_ms: i64) -> Outcome {
    let condition = Condition::parse(args)?;
    let when = int(args.get(2))?
        .checked_mul(unit_ms)
        .and_then(|time| time.checked_add(base))
        .ok_or_else(|| Error::invalid_expire(ctx.name, ctx.level()))?;
    let key = ctx.key(args, 1);
    let current = ctx.keys.write_entry(key).map(|entry| entry.expiry());
    let Some(current) = current.filter(|&current| condition.allows(current, UnixMs(when))) else {
        ctx.reply.int(0);
        return Ok(());
    };
    // A primary's stream and the AOF decide about deletions themselves.
    if when <= ctx.now.0 && !ctx.caller.trusted {
        delete_now(ctx, key);
    } else {
        if current != Some(UnixMs(when)) {
            ctx.keys.set_expiry(key, Some(UnixMs(when)));
        }
        let is_settled = base == 0 && unit_ms == 1;
        if !is_settled {
            ctx.propagate(|| vec![words(b"PEXPIREAT", key.bytes, when, args.from(3))]);
        }
        ctx.changed(key, EventClasses::GENERIC, "expire", 1);
    }
    ctx.reply.int(1);
    Ok(())
}

/// Deletes a key that was given a time in the past, and propagates that as a deletion.
pub(in crate::commands) fn delete_now(ctx: &mut Ctx<'_>, key: Key<'_>) {
    let lazy = ctx.settings.lazyfree_lazy_expire;
    ctx.keys.remove_with(key, lazy);
    let word = if lazy { &b"UNLINK"[..] } else { b"DEL" };
    ctx.propagate(|| vec![vec![word.to_vec(), key.bytes.to_vec()]]);
    ctx.changed(key, EventClasses::GENERIC, "del", 1);
}

fn words(name: &[u8], key: &[u8], when: i64, rest: Args<'_>) -> Vec<Vec<u8>> {
    let fixed = [name.to_vec(), key.to_vec(), when.to_string().into_bytes()];
    fixed.into_iter().chain(rest.iter().map(<[u8]>::to_vec)).collect()
}

/// What the present expiry must be like.
#[derive(Default)]
struct Condition {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Condition {
    fn parse(args: Args<'_>) -> Result<Condition, Error> {
        let mut found = Condition::default();
        for word in args.from(3).iter() {
            let flag = match word {
                _ if eq_ignore_case(word, b"nx") => &mut found.nx,
                _ if eq_ignore_case(word, b"xx") => &mut found.xx,
                _ if eq_ignore_case(word, b"gt") => &mut found.gt,
                _ if eq_ignore_case(word, b"lt") => &mut found.lt,
                _ => return Err(Error::quoting(&[b"ERR Unsupported option ", word])),
            };
            *flag = true;
        }
        let Condition { nx, xx, gt, lt } = found;
        if nx && (xx || gt || lt) {
            return Err(Error::fixed("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if gt && lt {
            return Err(Error::fixed("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(found)
    }

    /// No expiry counts as one in the infinite future.
    fn allows(&self, current: Option<UnixMs>, when: UnixMs) -> bool {
        match current {
            None => !self.xx && !self.gt,
            Some(current) => !(self.nx || (self.gt && when <= current) || (self.lt && when >= current)),
        }
    }
}

/// Declaration of `PERSIST key`.
pub static PERSIST: Command = Command::new("persist", Group::Generic, 2, persist)
    .since("2.2.0")
    .flags(WRITE | FAST)
    .keys(KEYS)
    .summary("Removes the expiry of a key.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn persist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let removed = ctx.keys.write_entry(key).is_some_and(|mut entry| {
        let had_one = entry.expiry().is_some();
        entry.set_expiry(None);
        had_one
    });
    if removed {
        ctx.changed(key, EventClasses::GENERIC, "persist", 1);
    }
    ctx.reply.int(i64::from(removed));
    Ok(())
}
