//! ZPOPMIN, ZPOPMAX, BZPOPMIN, BZPOPMAX: members out from either end.

use super::reply::reply_score;
use super::store::removed;
use crate::command::effects::Nothing;
use crate::command::*;
use crate::commands::{number::int, timeout};
use crate::value::{Type, Zset};

/// Declaration of `ZPOPMIN key [count]`.
pub static ZPOPMIN: Command = Command::new("zpopmin", Group::SortedSet, -2, zpopmin)
    .since("5.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE)])
    .summary("Removes and returns the members of lowest score.")
    .complexity("O(M*log(N)) for M members popped")
    .args(&[Arg::key("key"), Arg::integer("count").optional()]);

/// Declaration of `ZPOPMAX key [count]`.
pub static ZPOPMAX: Command = Command::new("zpopmax", Group::SortedSet, -2, zpopmax)
    .since("5.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE)])
    .summary("Removes and returns the members of highest score.")
    .complexity("O(M*log(N)) for M members popped")
    .args(&[Arg::key("key"), Arg::integer("count").optional()]);

/// Declaration of `BZPOPMIN key [key ...] timeout`.
pub static BZPOPMIN: Command = Command::new("bzpopmin", Group::SortedSet, -3, bzpopmin)
    .flags_before("7.2.0", NOSCRIPT)
    .since("5.0.0")
    .flags(WRITE | FAST | BLOCKING)
    .keys(&[KeySpec::range(1, -2, 1, RW | ACCESS | DELETE)])
    .summary("Pops the member of lowest score of the first sorted set that has any, or waits for one.")
    .complexity("O(log(N)) for N members")
    .history(&[("6.0.0", "The timeout may have a fraction.")])
    .args(&[Arg::key("key").multiple(), Arg::double("timeout")]);

/// Declaration of `BZPOPMAX key [key ...] timeout`.
pub static BZPOPMAX: Command = Command::new("bzpopmax", Group::SortedSet, -3, bzpopmax)
    .flags_before("7.2.0", NOSCRIPT)
    .since("5.0.0")
    .flags(WRITE | FAST | BLOCKING)
    .keys(&[KeySpec::range(1, -2, 1, RW | ACCESS | DELETE)])
    .summary("Pops the member of highest score of the first sorted set that has any, or waits for one.")
    .complexity("O(log(N)) for N members")
    .history(&[("6.0.0", "The timeout may have a fraction.")])
    .args(&[Arg::key("key").multiple(), Arg::double("timeout")]);

/// An end of a sorted set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Min,
    Max,
}

impl End {
    fn event(self) -> &'static str {
        match self {
            End::Min => "zpopmin",
            End::Max => "zpopmax",
        }
    }

    /// The command that pops without waiting: what is propagated.
    fn command(self) -> &'static [u8] {
        match self {
            End::Min => b"ZPOPMIN",
            End::Max => b"ZPOPMAX",
        }
    }
}

/// How popped members are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Member, score, member, score.
    Flat,
    /// `[member, score]` each.
    Pairs,
    /// Key, member, score.
    KeyAndOne,
    /// Key, and `[member, score]` each.
    KeyAndPairs,
}

fn zpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_one_key(ctx, args, End::Min)
}

fn zpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_one_key(ctx, args, End::Max)
}

fn pop_one_key(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    if args.len() > 3 {
        return Err(Error::SYNTAX);
    }
    let count = match args.try_get(2) {
        Some(text) => Some(int(text).ok().and_then(|n| usize::try_from(n).ok()).ok_or(Error::NOT_POSITIVE)?),
        None => None,
    };
    let key = ctx.key(args, 1);
    let nested = count.is_some() && ctx.reply.is_resp3();
    let shape = if nested { Shape::Pairs } else { Shape::Flat };
    if pop(ctx, key, end, count.unwrap_or(1), shape)?.is_none() {
        ctx.reply.array(0);
    }
    Ok(())
}

/// Pops up to `count` members and replies them; returns how many. `None`, and no reply, if there
/// was nothing to pop.
pub(super) fn pop(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    end: End,
    count: usize,
    shape: Shape,
) -> Result<Option<usize>, Error> {
    let (level, reply) = (ctx.settings.level, &mut ctx.reply);
    let Some(mut zset) = ctx.keys.write::<Zset>(key)? else { return Ok(None) };
    let len = zset.len();
    let count = count.min(len);
    if count == 0 {
        return Ok(None);
    }
    let ranks = if end == End::Min { 0..count } else { len - count..len };
    let members = if end == End::Min { zset.range(ranks.clone()) } else { zset.range_rev(ranks.clone()) };
    match shape {
        Shape::Flat => reply.array(2 * count),
        Shape::Pairs => reply.array(count),
        Shape::KeyAndOne => {
            reply.array(1 + 2 * count);
            reply.bulk(key.bytes);
        }
        Shape::KeyAndPairs => {
            reply.array(2);
            reply.bulk(key.bytes);
            reply.array(count);
        }
    }
    for (member, score) in members {
        if matches!(shape, Shape::Pairs | Shape::KeyAndPairs) {
            reply.array(2);
        }
        reply.bulk(member.text(&mut itoa::Buffer::new()));
        reply_score(reply, level, score);
    }
    zset.remove_ranks(ranks);
    drop(zset);
    removed(ctx, key, end.event(), count as u64);
    Ok(Some(count))
}

/// Propagates a pop as one that names its key and, if given, its count.
pub(super) fn propagate_pop(ctx: &mut Ctx<'_>, end: End, key: &[u8], count: Option<usize>) {
    ctx.propagate(|| {
        let mut words = vec![end.command().to_vec(), key.to_vec()];
        words.extend(count.map(|count| count.to_string().into_bytes()));
        vec![words]
    });
}

fn bzpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_or_wait(ctx, args, End::Min)
}

fn bzpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_or_wait(ctx, args, End::Max)
}

fn pop_or_wait(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let last = args.len() - 1;
    let timeout_ms = timeout::seconds(ctx, args.get(last))?;
    for at in 1..last {
        let key = ctx.key(args, at);
        if pop(ctx, key, end, 1, Shape::KeyAndOne)?.is_some() {
            propagate_pop(ctx, end, key.bytes, None);
            return Ok(());
        }
    }
    timeout::wait(ctx, args.range(1, last), Type::Zset, timeout_ms, Nothing::NullArray);
    Ok(())
}
