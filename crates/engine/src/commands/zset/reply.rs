//! Scores and members in replies.

use crate::encoding::listpack::Item;
use crate::level::Level;
use crate::text::{DoubleStyle, DoubleText};
use ochre_resp::reply::Reply;

/// A score as a reply.
pub(super) fn reply_score(reply: &mut Reply<'_>, level: Level, score: f64) {
    reply.double(DoubleText::reply(score, DoubleStyle::at(level)).as_bytes());
}

/// Members, with their scores if those are wanted: in RESP3 as pairs, in RESP2 in one row.
pub(super) fn reply_members<'a>(
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
pub(super) fn begin_members(reply: &mut Reply<'_>, with_scores: bool, count: usize) {
    let flat = with_scores && !reply.is_resp3();
    reply.array(if flat { 2 * count } else { count });
}

pub(super) fn reply_member(
    reply: &mut Reply<'_>,
    level: Level,
    with_scores: bool,
    (member, score): (Item<'_>, f64),
) {
    if with_scores && reply.is_resp3() {
        reply.array(2);
    }
    reply.bulk(member.text(&mut itoa::Buffer::new()));
    if with_scores {
        reply_score(reply, level, score);
    }
}
