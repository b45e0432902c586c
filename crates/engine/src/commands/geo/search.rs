//! The search itself: reads the cells that cover the shape, sorts, replies or stores.

use super::geodist::reply_length;
use super::options::{Centre, Options, Order};
use super::position::reply_position;
use crate::command::*;
use crate::commands::zset::store;
use crate::encoding::listpack::Item;
use crate::geo::{Search, position_of};
use crate::level::Level;
use crate::sorted::{ScoreRange, ScoredMember};
use crate::value::Zset;
use ochre_resp::reply::Reply;

/// A member that was found.
struct Found<'z> {
    member: Item<'z>,
    score: f64,
    position: (f64, f64),
    /// Metres from the centre.
    distance: f64,
}

/// Reads the options from argument `first` on and does what they ask for. The key was looked up.
pub(super) fn run(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    key: Key<'_>,
    mut options: Options,
    first: usize,
) -> Outcome {
    let zset = ctx.keys.peek::<Zset>(key)?;
    options.parse(args, first, zset.as_deref())?;
    let mut found = Vec::new();
    let mut metres_of_unit = 1.0;
    if let (Some(zset), Some(Centre::Position((lon, lat))), Some((shape, unit))) =
        (&zset, options.centre, options.shape)
    {
        metres_of_unit = unit;
        found = find(zset, &Search { lon, lat, shape, unit }, &options);
    }
    let Some(store_at) = options.store_at else {
        reply(&mut ctx.reply, ctx.settings.level, &options, &found, metres_of_unit);
        return Ok(());
    };
    let mut digits = itoa::Buffer::new();
    let own = |found: &Found<'_>| {
        let score = if options.store_distance { found.distance / metres_of_unit } else { found.score };
        ScoredMember::new(score, found.member.text(&mut digits))
    };
    let members: Vec<_> = found.iter().map(own).collect();
    drop(found);
    let (target, count) = (ctx.key(args, store_at), members.len() as u64);
    let event = if options.is_search() { "geosearchstore" } else { "georadiusstore" };
    let count = store(ctx, target, members, event, count);
    ctx.reply.count(count);
    Ok(())
}

fn find<'z>(zset: &'z Zset, search: &Search, options: &Options) -> Vec<Found<'z>> {
    let enough = if options.any { options.count } else { usize::MAX };
    let mut found = Vec::new();
    for cell in search.cover() {
        let (min, max) = cell.scores();
        let range = ScoreRange { min, max, min_exclusive: false, max_exclusive: true };
        let inside = zset.range(zset.ranks_by_score(&range)).filter_map(|(member, score)| {
            let (lon, lat) = position_of(score);
            let distance = search.distance_within(lon, lat)?;
            Some(Found { member, score, position: (lon, lat), distance })
        });
        found.extend(inside.take(enough - found.len()));
        if found.len() == enough {
            break;
        }
    }
    // A count means the nearest, unless any will do.
    let nearest = options.order == Order::Nearest
        || (options.order == Order::None && options.count > 0 && !options.any);
    if nearest {
        found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    } else if options.order == Order::Farthest {
        found.sort_by(|a, b| b.distance.total_cmp(&a.distance));
    }
    if options.count > 0 {
        found.truncate(options.count);
    }
    found
}

fn reply(reply: &mut Reply<'_>, level: Level, options: &Options, found: &[Found<'_>], metres_of_unit: f64) {
    let details = [options.with_distance, options.with_hash, options.with_position]
        .into_iter()
        .filter(|with| *with)
        .count();
    reply.array(found.len());
    for place in found {
        if details > 0 {
            reply.array(1 + details);
        }
        reply.bulk(place.member.text(&mut itoa::Buffer::new()));
        if options.with_distance {
            reply_length(reply, level, place.distance / metres_of_unit);
        }
        if options.with_hash {
            reply.int(place.score as i64);
        }
        if options.with_position {
            reply_position(reply, place.position);
        }
    }
}
