//! LMPOP and BLMPOP: several elements from the first list that has any.

use super::arguments::{ENDS, at_least, end_named};
use super::pop;
use crate::command::effects::Nothing;
use crate::command::*;
use crate::commands::timeout;
use crate::text::eq_ignore_case;
use crate::value::{End, List, Type};

/// Declaration of LMPOP.
pub static LMPOP: Command = Command::new("lmpop", Group::List, -4, lmpop)
    .since("7.0.0")
    .flags(WRITE | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RW | ACCESS | DELETE)])
    .summary("Takes elements from the first of several lists that has any.")
    .complexity("O(N+M) for N keys and M elements")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::one_of("where", ENDS),
        Arg::integer("count").token("COUNT").optional(),
    ]);

/// Declaration of BLMPOP.
pub static BLMPOP: Command = Command::new("blmpop", Group::List, -5, blmpop)
    .since("7.0.0")
    .flags(WRITE | BLOCKING | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(2, RW | ACCESS | DELETE)])
    .summary("Takes elements from the first of several lists that has any, or waits for one.")
    .complexity("O(N+M) for N keys and M elements")
    .args(&[
        Arg::double("timeout"),
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::one_of("where", ENDS),
        Arg::integer("count").token("COUNT").optional(),
    ]);

fn lmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args, 1)?;
    if !serve(ctx, args, &request)? {
        ctx.reply.null_array();
    }
    Ok(())
}

fn blmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args, 2)?;
    let timeout_ms = timeout::seconds(ctx, args.get(1))?;
    if !serve(ctx, args, &request)? {
        let keys = args.range(request.first, request.end);
        timeout::wait(ctx, keys, Type::List, timeout_ms, Nothing::NullArray);
    }
    Ok(())
}

/// What is asked for: the keys are the arguments `first..end`.
struct Request {
    first: usize,
    end: usize,
    side: End,
    count: usize,
}

impl Request {
    /// Reads the arguments from the number of keys on.
    fn parse(args: Args<'_>, numkeys_at: usize) -> Result<Request, Error> {
        const NUMKEYS: Error = Error::fixed("ERR numkeys should be greater than 0");
        const COUNT: Error = Error::fixed("ERR count should be greater than 0");
        let first = numkeys_at + 1;
        let end = at_least(args.get(numkeys_at), 1, NUMKEYS)?.saturating_add(first);
        let side = end_named(args.try_get(end).ok_or(Error::SYNTAX)?)?;
        let count = match args.len() - end {
            1 => 1,
            3 if eq_ignore_case(args.get(end + 1), b"count") => at_least(args.get(end + 2), 1, COUNT)?,
            // A second option is looked at after the first one's value.
            more if more > 3 && eq_ignore_case(args.get(end + 1), b"count") => {
                at_least(args.get(end + 2), 1, COUNT)?;
                return Err(Error::SYNTAX);
            }
            _ => return Err(Error::SYNTAX),
        };
        Ok(Request { first, end, side, count })
    }
}

/// Takes elements from the first list there is; false if there is none.
fn serve(ctx: &mut Ctx<'_>, args: Args<'_>, request: &Request) -> Result<bool, Error> {
    for at in request.first..request.end {
        let key = ctx.key(args, at);
        let Some(mut list) = ctx.keys.write::<List>(key)? else { continue };
        ctx.reply.array(2);
        ctx.reply.bulk(key.bytes);
        let popped = pop::take_many(&mut list, request.side, request.count, &mut ctx.reply);
        list.shrink(ctx.settings);
        let emptied = list.is_empty();
        drop(list);
        pop::report(ctx, key, request.side, popped, emptied);
        let name = pop::command_name(request.side);
        ctx.propagate(|| vec![vec![name.into(), key.bytes.to_vec(), popped.to_string().into()]]);
        return Ok(true);
    }
    Ok(false)
}
