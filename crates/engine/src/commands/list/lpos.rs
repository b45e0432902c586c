//! LPOS: where an element stands in a list.

use super::arguments::at_least;
use crate::command::*;
use crate::commands::number::int;
use crate::encoding::listpack::Needle;
use crate::level::Level;
use crate::text::eq_ignore_case;
use crate::value::{End, List};
use std::ops::ControlFlow;

/// Declaration of LPOS.
pub static LPOS: Command = Command::new("lpos", Group::List, -3, lpos)
    .since("6.0.6")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the indexes of elements that equal a given value.")
    .complexity("O(N) for a list of N elements, less with MAXLEN or near the ends.")
    .args(&[
        Arg::key("key"),
        Arg::string("element"),
        Arg::integer("rank").token("RANK").optional(),
        Arg::integer("num-matches").token("COUNT").optional(),
        Arg::integer("len").token("MAXLEN").optional(),
    ]);

const RANK_ZERO: Error = Error::fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
     or use negative to start from the end of the list",
);
const RANK_RANGE: Error = Error::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

/// Which matches are wanted.
struct Request {
    from: End,
    /// The first match that counts, from 1 on; 0 is the quirk of [`Request::parse`].
    rank: u64,
    /// How many matches; `None` asks for one outside of an array.
    count: Option<usize>,
    /// How many elements are looked at; 0 for all.
    maxlen: usize,
}

impl Request {
    /// Before 7.2 the smallest integer was a rank whose negation is itself: every match from the end
    /// counts, and COUNT does not limit them (lposCommand).
    fn parse(args: Args<'_>, level: Level) -> Result<Request, Error> {
        let mut request = Request { from: End::Front, rank: 1, count: None, maxlen: 0 };
        let mut at = 3;
        while let Some(option) = args.try_get(at) {
            let value = args.try_get(at + 1).ok_or(Error::SYNTAX)?;
            if eq_ignore_case(option, b"rank") {
                match int(value)? {
                    i64::MIN if level >= Level::V7_2 => return Err(RANK_RANGE),
                    i64::MIN => (request.from, request.rank) = (End::Back, 0),
                    0 => return Err(RANK_ZERO),
                    rank => {
                        request.from = if rank < 0 { End::Back } else { End::Front };
                        request.rank = rank.unsigned_abs();
                    }
                }
            } else if eq_ignore_case(option, b"count") {
                let error = Error::fixed("ERR COUNT can't be negative");
                request.count = Some(at_least(value, 0, error)?);
            } else if eq_ignore_case(option, b"maxlen") {
                request.maxlen = at_least(value, 0, Error::fixed("ERR MAXLEN can't be negative"))?;
            } else {
                return Err(Error::SYNTAX);
            }
            at += 2;
        }
        Ok(request)
    }

    /// Hands the index of every wanted match to `found`.
    fn search(&self, list: &List, element: &[u8], mut found: impl FnMut(usize)) {
        let needle = Needle::new(element);
        let len = list.len();
        let limit = match self.count {
            None => 1,
            Some(count) if count > 0 && self.rank > 0 => count,
            Some(_) => usize::MAX,
        };
        let (mut seen, mut matches, mut wanted) = (0usize, 0u64, 0usize);
        let start = if self.from == End::Front { 0 } else { len - 1 };
        list.visit(start, self.from, |item| {
            if needle.is(item) {
                matches += 1;
                if matches >= self.rank {
                    found(if self.from == End::Front { seen } else { len - 1 - seen });
                    wanted += 1;
                }
            }
            seen += 1;
            if wanted == limit || seen == self.maxlen {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
    }
}

fn lpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args, ctx.level())?;
    let key = ctx.key(args, 1);
    let list = ctx.keys.read::<List>(key)?;
    let reply = &mut ctx.reply;
    if request.count.is_none() {
        let mut index = None;
        if let Some(list) = &list {
            request.search(list, args.get(2), |at| index = Some(at));
        }
        match index {
            Some(index) => reply.count(index),
            None => reply.null(),
        }
        return Ok(());
    }
    let Some(list) = list else {
        reply.array(0);
        return Ok(());
    };
    let (place, mut found) = (reply.deferred(), 0);
    request.search(&list, args.get(2), |at| {
        reply.count(at);
        found += 1;
    });
    reply.set_array_len(place, found);
    Ok(())
}
