//! ZMPOP and BZMPOP: several members out of the first of several sorted sets.

use super::zpop::{End, Shape, pop, propagate_pop};
use crate::command::effects::Nothing;
use crate::command::*;
use crate::commands::{number::int, timeout};
use crate::text::eq_ignore_case;
use crate::value::Type;

/// Declaration of `ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]`.
pub static ZMPOP: Command = Command::new("zmpop", Group::SortedSet, -4, zmpop)
    .since("7.0.0")
    .flags(WRITE | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RW | ACCESS | DELETE)])
    .summary("Pops members of the first sorted set that has any.")
    .complexity("O(K)+O(M*log(N)) for K keys and M members popped")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
        Arg::integer("count").token("COUNT").optional(),
    ]);

/// Declaration of `BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]`.
pub static BZMPOP: Command = Command::new("bzmpop", Group::SortedSet, -5, bzmpop)
    .since("7.0.0")
    .flags(WRITE | BLOCKING | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(2, RW | ACCESS | DELETE)])
    .summary("Pops members of the first sorted set that has any, or waits for one.")
    .complexity("O(K)+O(M*log(N)) for K keys and M members popped")
    .args(&[
        Arg::double("timeout"),
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::one_of("where", &[Arg::word("min", "MIN"), Arg::word("max", "MAX")]),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn zmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args, 1)?;
    if !request.serve(ctx)? {
        ctx.reply.null_array();
    }
    Ok(())
}

fn bzmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args, 2)?;
    let timeout_ms = timeout::seconds(ctx, args.get(1))?;
    if !request.serve(ctx)? {
        let keys = args.range(request.first, request.first + request.keys);
        timeout::wait(ctx, keys, Type::Zset, timeout_ms, Nothing::NullArray);
    }
    Ok(())
}

struct Request<'b> {
    args: Args<'b>,
    /// The first key, and how many there are.
    first: usize,
    keys: usize,
    end: End,
    count: usize,
}

impl<'b> Request<'b> {
    /// Reads everything from the number of keys on.
    fn parse(args: Args<'b>, at: usize) -> Result<Self, Error> {
        let keys = positive(args.get(at), "ERR numkeys should be greater than 0")?;
        let first = at + 1;
        let end_at = first.saturating_add(keys);
        let end = match args.try_get(end_at) {
            Some(word) if eq_ignore_case(word, b"min") => End::Min,
            Some(word) if eq_ignore_case(word, b"max") => End::Max,
            _ => return Err(Error::SYNTAX),
        };
        let options = args.from(end_at + 1);
        let count = match options.len() {
            0 => 1,
            _ if !eq_ignore_case(options.get(0), b"count") || options.len() == 1 => {
                return Err(Error::SYNTAX);
            }
            more => {
                let count = positive(options.get(1), "ERR count should be greater than 0")?;
                if more > 2 {
                    return Err(Error::SYNTAX);
                }
                count
            }
        };
        Ok(Request { args, first, keys, end, count })
    }

    /// Pops from the first key that has members; false if none has.
    fn serve(&self, ctx: &mut Ctx<'_>) -> Result<bool, Error> {
        for at in self.first..self.first + self.keys {
            let key = ctx.key(self.args, at);
            if let Some(count) = pop(ctx, key, self.end, self.count, Shape::KeyAndPairs)? {
                propagate_pop(ctx, self.end, key.bytes, Some(count));
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn positive(text: &[u8], error: &'static str) -> Result<usize, Error> {
    match int(text) {
        Ok(value @ 1..) => Ok(value as usize),
        _ => Err(Error::fixed(error)),
    }
}
