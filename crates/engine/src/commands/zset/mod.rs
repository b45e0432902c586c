//! The commands on sorted sets.

#[cfg(test)]
mod tests;
mod zadd;
mod zcombine;
mod zcount;
mod zmpop;
mod zpop;
mod zrandmember;
mod zrange;
mod zrange_legacy;
mod zrank;
mod zrem;
mod zremrange;
mod zscan;
mod zscore;

pub(super) use zadd::{AddOptions, add};

use crate::command::{Command, Ctx, Error, EventClasses, Key};
use crate::encoding::listpack::Item;
use crate::level::Level;
use crate::sorted::{LexRange, ScoreRange, ScoredMember};
use crate::text::{DoubleStyle, DoubleText, parse_f64};
use crate::value::{RawValue, Zset};
use ochre_resp::reply::Reply;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &zadd::ZADD,
    &zadd::ZINCRBY,
    &zcombine::ZDIFF,
    &zcombine::ZDIFFSTORE,
    &zcombine::ZINTER,
    &zcombine::ZINTERCARD,
    &zcombine::ZINTERSTORE,
    &zcombine::ZUNION,
    &zcombine::ZUNIONSTORE,
    &zcount::ZCARD,
    &zcount::ZCOUNT,
    &zcount::ZLEXCOUNT,
    &zmpop::BZMPOP,
    &zmpop::ZMPOP,
    &zpop::BZPOPMAX,
    &zpop::BZPOPMIN,
    &zpop::ZPOPMAX,
    &zpop::ZPOPMIN,
    &zrandmember::ZRANDMEMBER,
    &zrange::ZRANGE,
    &zrange::ZRANGESTORE,
    &zrange_legacy::ZRANGEBYLEX,
    &zrange_legacy::ZRANGEBYSCORE,
    &zrange_legacy::ZREVRANGE,
    &zrange_legacy::ZREVRANGEBYLEX,
    &zrange_legacy::ZREVRANGEBYSCORE,
    &zrank::ZRANK,
    &zrank::ZREVRANK,
    &zrem::ZREM,
    &zremrange::ZREMRANGEBYLEX,
    &zremrange::ZREMRANGEBYRANK,
    &zremrange::ZREMRANGEBYSCORE,
    &zscan::ZSCAN,
    &zscore::ZMSCORE,
    &zscore::ZSCORE,
];

/// A score as a reply.
fn reply_score(reply: &mut Reply<'_>, level: Level, score: f64) {
    reply.double(DoubleText::reply(score, DoubleStyle::at(level)).as_bytes());
}

/// Members, with their scores if those are wanted: in RESP3 as pairs, in RESP2 in one row.
fn reply_members<'a>(
    reply: &mut Reply<'_>,
    level: Level,
    with_scores: bool,
    count: usize,
    members: impl Iterator<Item = (Item<'a>, f64)>,
) {
    begin_members(reply, with_scores, count);
    for pair in members {
        reply_member(reply, level, with_scores, pair);
        if reply.is_over_limit() {
            break;
        }
    }
}

/// The head of a reply of members: RESP3 pairs them with their scores, RESP2 has one flat array.
fn begin_members(reply: &mut Reply<'_>, with_scores: bool, count: usize) {
    let flat = with_scores && !reply.is_resp3();
    reply.array(if flat { 2 * count } else { count });
}

fn reply_member(reply: &mut Reply<'_>, level: Level, with_scores: bool, (member, score): (Item<'_>, f64)) {
    if with_scores && reply.is_resp3() {
        reply.array(2);
    }
    reply.bulk(member.text(&mut itoa::Buffer::new()));
    if with_scores {
        reply_score(reply, level, score);
    }
}

/// The range of scores of two arguments.
fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, Error> {
    ScoreRange::parse(min, max, strtod).ok_or(Error::fixed("ERR min or max is not a float"))
}

/// The range of texts of two arguments.
fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Error> {
    LexRange::parse(min, max).ok_or(Error::fixed("ERR min or max not valid string range item"))
}

/// A number as C's strtod reads it, which is less strict than scores elsewhere: nothing is 0, blanks
/// in front and overflow are no errors, a NUL is the end (zslParseRange in Redis).
fn strtod(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r');
    let digits = &text[text.iter().take_while(|byte| blank(byte)).count()..];
    parse_f64(digits).or_else(|| std::str::from_utf8(digits).ok()?.parse().ok())
}

/// Turns a pair of indices, negative ones counted from the end, into ranks.
fn ranks_between(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let from_start = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    let (start, stop) = (from_start(start).max(0), from_start(stop).min(len - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}

/// Stores a result at a key, or deletes the key if there is none; returns how many members it has.
pub(super) fn store(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    members: Vec<ScoredMember>,
    event: &'static str,
    dirty: u64,
) -> usize {
    let count = members.len();
    if count > 0 {
        let zset = Zset::from_members(members, ctx.settings, ctx.keys.seed());
        ctx.keys.put(key, RawValue::new(zset), None);
        ctx.changed(key, EventClasses::ZSET, event, dirty);
    } else if ctx.keys.remove_with(key, ctx.settings.lazyfree_lazy_server_del) {
        ctx.changed(key, EventClasses::GENERIC, "del", 1);
    }
    count
}

/// Reports that members were removed, and the end of the key if none is left.
fn removed(ctx: &mut Ctx<'_>, key: Key<'_>, event: &'static str, count: u64) {
    ctx.changed(key, EventClasses::ZSET, event, count);
    if ctx.keys.remove_if_empty::<Zset>(key) {
        ctx.event(key, EventClasses::GENERIC, "del");
    }
}
