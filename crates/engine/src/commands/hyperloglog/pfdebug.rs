//! PFDEBUG: looks inside a HyperLogLog.

use super::{encoding_of, store};
use crate::command::{
    ACCESS, ADMIN, Arg, Args, Command, Ctx, DENYOOM, Error, Group, Key, KeySpec, Outcome, QUICK, RW, WRITE,
};
use crate::hyperloglog::{self as hll, Encoding, REGISTERS};
use crate::text::eq_ignore_case;

/// Declaration of `PFDEBUG GETREG|DECODE|ENCODING|TODENSE key`.
pub static PFDEBUG: Command = Command::new("pfdebug", Group::HyperLogLog, 3, pfdebug)
    .since("2.8.9")
    .flags(WRITE | DENYOOM | ADMIN | QUICK)
    .keys(&[KeySpec::at(2, RW | ACCESS)])
    .summary("Shows the inside of a HyperLogLog.")
    .complexity("O(1)")
    .system()
    .args(&[Arg::string("subcommand"), Arg::key("key")]);

fn pfdebug(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (sub, key) = (args.get(1), ctx.key(args, 2));
    let Some(value) = ctx.keys.edit_str(key)? else {
        return Err(Error::fixed("ERR The specified key does not exist"));
    };
    let encoding = encoding_of(&value.get())?;
    let bytes = value.get().to_vec();
    drop(value);
    if eq_ignore_case(sub, b"getreg") {
        let dense = make_dense(ctx, key, bytes)?;
        ctx.reply.array(REGISTERS);
        hll::dense_registers(&dense).for_each(|rank| ctx.reply.int(i64::from(rank)));
    } else if eq_ignore_case(sub, b"decode") {
        if encoding != Encoding::Sparse {
            return Err(Error::fixed("ERR HLL encoding is not sparse"));
        }
        ctx.reply.bulk(hll::decode(&bytes));
    } else if eq_ignore_case(sub, b"encoding") {
        ctx.reply.simple(match encoding {
            Encoding::Dense => "dense",
            Encoding::Sparse => "sparse",
        });
    } else if eq_ignore_case(sub, b"todense") {
        make_dense(ctx, key, bytes)?;
        ctx.reply.int(i64::from(encoding == Encoding::Sparse));
    } else {
        return Err(Error::quoting(&[b"ERR Unknown PFDEBUG subcommand '", sub, b"'"]));
    }
    Ok(())
}

/// Makes the value dense, which counts as a change so that replicas follow.
fn make_dense(ctx: &mut Ctx<'_>, key: Key<'_>, mut bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if hll::to_dense(&mut bytes)? {
        store(&mut ctx.keys, key, &bytes)?;
        ctx.keys.fx.dirty += 1;
    }
    Ok(bytes)
}
