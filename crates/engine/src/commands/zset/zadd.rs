//! ZADD and ZINCRBY: members in, scores changed.

use super::reply::reply_score;
use crate::command::*;
use crate::level::Level;
use crate::text::{eq_ignore_case, parse_f64};
use crate::value::Zset;

/// Declaration of `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]`.
pub static ZADD: Command = Command::new("zadd", Group::SortedSet, -4, zadd)
    .since("1.2.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Adds members to a sorted set or changes their scores.")
    .complexity("O(log(N)) for each member added")
    .history(&[
        ("2.4.0", "Several members at once."),
        ("3.0.2", "The options XX, NX, CH and INCR."),
        ("6.2.0", "The options GT and LT."),
    ])
    .args(&[
        Arg::key("key"),
        Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional().since("3.0.2"),
        Arg::one_of("comparison", &[Arg::word("gt", "GT"), Arg::word("lt", "LT")]).optional().since("6.2.0"),
        Arg::word("change", "CH").optional().since("3.0.2"),
        Arg::word("increment", "INCR").optional().since("3.0.2"),
        Arg::block("data", &[Arg::double("score"), Arg::string("member")]).multiple(),
    ]);

/// Declaration of `ZINCRBY key increment member`.
pub static ZINCRBY: Command = Command::new("zincrby", Group::SortedSet, 4, zincrby)
    .since("1.2.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .summary("Adds to the score of a member, which starts at 0.")
    .complexity("O(log(N)) for N members")
    .args(&[Arg::key("key"), Arg::integer("increment"), Arg::string("member")]);

/// When and how scores are set.
#[derive(Clone, Copy, Default)]
pub struct AddOptions {
    /// NX: only new members.
    pub only_new: bool,
    /// XX: only members that are there.
    pub only_old: bool,
    /// CH: the reply counts changed members, too.
    pub count_changed: bool,
    /// INCR: the score is added.
    increment: bool,
    greater: bool,
    less: bool,
}

/// What became of the elements of a call.
#[derive(Default)]
struct Tally {
    added: u64,
    updated: u64,
    /// The score of the last element that no option kept out.
    score: Option<f64>,
    not_a_number: bool,
}

fn zadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    parse_and_add(ctx, args, AddOptions::default())
}

fn zincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    parse_and_add(ctx, args, AddOptions { increment: true, ..AddOptions::default() })
}

fn parse_and_add(ctx: &mut Ctx<'_>, args: Args<'_>, mut options: AddOptions) -> Outcome {
    let first = options.parse(args, ctx.level());
    let pairs = args.from(first);
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return Err(Error::SYNTAX);
    }
    options.check(pairs.len() / 2)?;
    let key = ctx.key(args, 1);
    if pairs.len() == 2 {
        let score = parse_f64(pairs.get(0)).ok_or(Error::NOT_FLOAT)?;
        return add(ctx, key, options, 1, std::iter::once((score, pairs.get(1))));
    }
    let elements = (0..pairs.len() / 2)
        .map(|n| Ok((parse_f64(pairs.get(2 * n)).ok_or(Error::NOT_FLOAT)?, pairs.get(2 * n + 1))))
        .collect::<Result<Vec<_>, Error>>()?;
    add(ctx, key, options, elements.len(), elements.into_iter())
}

impl AddOptions {
    /// Reads options from the third argument on; returns the index behind the last.
    fn parse(&mut self, args: Args<'_>, level: Level) -> usize {
        let mut at = 2;
        while let Some(word) = args.try_get(at) {
            // Scores come first in nearly every call, and no option starts as a number does.
            match word.first() {
                Some(b'n' | b'N') if eq_ignore_case(word, b"nx") => self.only_new = true,
                Some(b'x' | b'X') if eq_ignore_case(word, b"xx") => self.only_old = true,
                Some(b'c' | b'C') if eq_ignore_case(word, b"ch") => self.count_changed = true,
                Some(b'i' | b'I') if eq_ignore_case(word, b"incr") => self.increment = true,
                Some(b'g' | b'G') if level >= Level::V6_2 && eq_ignore_case(word, b"gt") => {
                    self.greater = true
                }
                Some(b'l' | b'L') if level >= Level::V6_2 && eq_ignore_case(word, b"lt") => self.less = true,
                _ => break,
            }
            at += 1;
        }
        at
    }

    fn check(&self, elements: usize) -> Outcome {
        let text = if self.only_new && self.only_old {
            "ERR XX and NX options at the same time are not compatible"
        } else if (self.only_new && (self.greater || self.less)) || (self.greater && self.less) {
            "ERR GT, LT, and/or NX options at the same time are not compatible"
        } else if self.increment && elements > 1 {
            "ERR INCR option supports a single increment-element pair"
        } else {
            return Ok(());
        };
        Err(Error::fixed(text))
    }

    /// The score that a member is to have; `None` if the options keep it out, or a NaN came out.
    #[inline]
    fn decide(&self, old: Option<f64>, score: f64, tally: &mut Tally) -> Option<f64> {
        let Some(old) = old else {
            if self.only_old {
                return None;
            }
            tally.added += 1;
            tally.score = Some(score);
            return Some(score);
        };
        if self.only_new {
            return None;
        }
        let new = if self.increment { old + score } else { score };
        if new.is_nan() {
            tally.not_a_number = true;
            return None;
        }
        if (self.less && new >= old) || (self.greater && new <= old) {
            return None;
        }
        tally.updated += u64::from(new != old);
        tally.score = Some(new);
        Some(new)
    }
}

/// Adds elements, whose scores are numbers, and replies.
pub fn add<'b>(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    options: AddOptions,
    count: usize,
    elements: impl Iterator<Item = (f64, &'b [u8])>,
) -> Outcome {
    let tally = apply(ctx, key, options, count, elements)?;
    if tally.not_a_number {
        return Err(Error::fixed("ERR resulting score is not a number (NaN)"));
    }
    let changes = tally.added + tally.updated;
    if changes > 0 {
        ctx.changed(key, EventClasses::ZSET, if options.increment { "zincr" } else { "zadd" }, changes);
    }
    match tally.score {
        Some(score) if options.increment => reply_score(&mut ctx.reply, ctx.settings.level, score),
        None if options.increment => ctx.reply.null(),
        _ => ctx.reply.int(if options.count_changed { changes } else { tally.added } as i64),
    }
    Ok(())
}

fn apply<'b>(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    options: AddOptions,
    count: usize,
    elements: impl Iterator<Item = (f64, &'b [u8])>,
) -> Result<Tally, Error> {
    let (settings, seed) = (ctx.settings, ctx.keys.seed());
    let mut tally = Tally::default();
    let zset =
        if options.only_old { ctx.keys.write::<Zset>(key)? } else { Some(ctx.keys.create::<Zset>(key)?) };
    let Some(mut zset) = zset else { return Ok(tally) };
    // Earlier versions looked at each element only (zsetTypeMaybeConvert came with 7.2).
    if count > settings.zset_max_listpack_entries && settings.level >= Level::V7_2 {
        zset.expand(seed);
    }
    for (score, member) in elements {
        zset.update(member, settings, seed, |old| options.decide(old, score, &mut tally));
    }
    Ok(tally)
}
