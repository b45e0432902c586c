//! ZRANGE and ZRANGESTORE, and the work behind all commands that read ranges.

use super::range::{lex_range, ranks_between, score_range};
use super::reply::reply_members;
use super::store::store;
use crate::command::*;
use crate::commands::number::int;
use crate::level::Level;
use crate::settings::Settings;
use crate::sorted::{LexRange, ScoreRange, ScoredMember};
use crate::text::eq_ignore_case;
use crate::value::{Zset, ZsetRange};
use std::ops::Range;

/// Declaration of `ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`.
pub static ZRANGE: Command = Command::new("zrange", Group::SortedSet, -4, zrange)
    .since("1.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the members between two ranks, scores or texts.")
    .complexity("O(log(N)+M) for M of N members")
    .history(&[("6.2.0", "The options REV, BYSCORE, BYLEX and LIMIT.")])
    .args(&[
        Arg::key("key"),
        Arg::string("start"),
        Arg::string("stop"),
        Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")])
            .optional()
            .since("6.2.0"),
        Arg::word("rev", "REV").optional().since("6.2.0"),
        Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")])
            .token("LIMIT")
            .optional()
            .since("6.2.0"),
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

/// Declaration of `ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]`.
pub static ZRANGESTORE: Command = Command::new("zrangestore", Group::SortedSet, -5, zrangestore)
    .since("6.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::at(2, RO | ACCESS)])
    .summary("Stores a range of one sorted set as another.")
    .complexity("O(log(N)+M) for M of N members")
    .args(&[
        Arg::key("dst"),
        Arg::key_of("src", 1),
        Arg::string("min"),
        Arg::string("max"),
        Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")]).optional(),
        Arg::word("rev", "REV").optional(),
        Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
    ]);

/// What the two ends of a range are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Lex,
}

/// The part of a request that the name of the command decides; the rest is left to options.
#[derive(Clone, Copy, Default)]
pub(super) struct Form {
    pub(super) by: Option<By>,
    pub(super) reverse: Option<bool>,
}

/// A range of a sorted set as a client asks for it.
struct Request<'b> {
    ends: Ends<'b>,
    reverse: bool,
    with_scores: bool,
    /// Members to leave out, and how many at most; negative: nothing at all, and no limit.
    offset: i64,
    limit: i64,
}

enum Ends<'b> {
    Ranks(i64, i64),
    Scores(ScoreRange),
    Texts(LexRange<'b>),
}

fn zrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, Form::default())
}

/// Replies a range.
pub(super) fn range(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Outcome {
    let level = ctx.level();
    let request = Request::parse(args.from(1), form, false, level)?;
    let key = ctx.key(args, 1);
    let Some(zset) = ctx.keys.read::<Zset>(key)? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (count, members) = request.select(&zset);
    reply_members(&mut ctx.reply, level, request.with_scores, count, members);
    Ok(())
}

fn zrangestore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args.from(2), Form::default(), true, ctx.level())?;
    let (target, source) = (ctx.key(args, 1), ctx.key(args, 2));
    let members = match ctx.keys.read::<Zset>(source)? {
        Some(zset) => {
            let (count, members) = request.select(&zset);
            // Only the length of a range of ranks is known beforehand (zrangeResultBeginStore).
            let small = match request.ends {
                Ends::Ranks(..) => count <= ctx.settings.zset_max_listpack_entries,
                _ => ctx.settings.level < Level::V7_2,
            };
            through_listpack(members, small, ctx.settings)
        }
        None => Vec::new(),
    };
    let count = store(ctx, target, members, "zrangestore", 1);
    ctx.reply.count(count);
    Ok(())
}

/// Copies members as Redis adds them to a sorted set that is a listpack at first: as long as it is,
/// a zero loses its sign.
fn through_listpack(members: ZsetRange<'_>, mut small: bool, settings: &Settings) -> Vec<ScoredMember> {
    let mut digits = itoa::Buffer::new();
    let mut owned = Vec::new();
    for (member, score) in members {
        let member = member.text(&mut digits);
        small &= owned.len() < settings.zset_max_listpack_entries
            && member.len() <= settings.zset_max_listpack_value;
        owned.push(ScoredMember::new(if small { score + 0.0 } else { score }, member));
    }
    owned
}

impl<'b> Request<'b> {
    /// Reads source, ends and options.
    fn parse(args: Args<'b>, form: Form, for_store: bool, level: Level) -> Result<Self, Error> {
        let (mut by, mut reverse) = (form.by, form.reverse);
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        // Options of ZRANGE beyond WITHSCORES came with 6.2, and with them the LIMIT of ZREVRANGE.
        let modern = level >= Level::V6_2;
        let mut at = 3;
        while let Some(word) = args.try_get(at) {
            let left = args.len() - at - 1;
            if !for_store && eq_ignore_case(word, b"withscores") {
                with_scores = true;
            } else if eq_ignore_case(word, b"limit")
                && left >= 2
                && (modern || !matches!(form.by, None | Some(By::Rank)))
            {
                (offset, limit) = (int(args.get(at + 1))?, int(args.get(at + 2))?);
                at += 2;
            } else if modern && reverse.is_none() && eq_ignore_case(word, b"rev") {
                reverse = Some(true);
            } else if modern && by.is_none() && eq_ignore_case(word, b"bylex") {
                by = Some(By::Lex);
            } else if modern && by.is_none() && eq_ignore_case(word, b"byscore") {
                by = Some(By::Score);
            } else {
                return Err(Error::SYNTAX);
            }
            at += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        compatible(by, with_scores, limit, modern)?;
        let ends = Ends::parse(args, by, reverse)?;
        Ok(Request { ends, reverse, with_scores, offset, limit })
    }

    /// The members asked for, and how many they are.
    fn select<'z>(&self, zset: &'z Zset) -> (usize, ZsetRange<'z>) {
        let ranks = match &self.ends {
            Ends::Ranks(start, stop) => {
                let ranks = ranks_between(*start, *stop, zset.len());
                if self.reverse { zset.len() - ranks.end..zset.len() - ranks.start } else { ranks }
            }
            Ends::Scores(range) => self.limited(zset.ranks_by_score(range)),
            Ends::Texts(range) => self.limited(zset.ranks_by_lex(range)),
        };
        let count = ranks.len();
        (count, if self.reverse { zset.range_rev(ranks) } else { zset.range(ranks) })
    }

    fn limited(&self, ranks: Range<usize>) -> Range<usize> {
        // A negative offset never comes to an end in Redis, so that nothing is left.
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX).min(ranks.len());
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX).min(ranks.len() - offset);
        if self.reverse {
            let end = ranks.end - offset;
            end - limit..end
        } else {
            let start = ranks.start + offset;
            start..start + limit
        }
    }
}

fn compatible(by: By, with_scores: bool, limit: i64, modern: bool) -> Outcome {
    if limit != -1 && by == By::Rank {
        return Err(Error::fixed(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        ));
    }
    if with_scores && by == By::Lex {
        if !modern {
            return Err(Error::SYNTAX);
        }
        return Err(Error::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
    }
    Ok(())
}

impl<'b> Ends<'b> {
    fn parse(args: Args<'b>, by: By, reverse: bool) -> Result<Self, Error> {
        let (low, high) = if reverse && by != By::Rank { (2, 1) } else { (1, 2) };
        let (low, high) = (args.get(low), args.get(high));
        Ok(match by {
            By::Rank => Ends::Ranks(int(low)?, int(high)?),
            By::Score => Ends::Scores(score_range(low, high)?),
            By::Lex => Ends::Texts(lex_range(low, high)?),
        })
    }
}
