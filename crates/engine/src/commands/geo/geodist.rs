//! GEODIST, GEOPOS, GEOHASH: what is known of single members.

use super::position::{UNITS, reply_position, unit};
use crate::command::*;
use crate::geo::{distance, geohash_text, position_of};
use crate::level::Level;
use crate::text::DoubleStyle;
use crate::text::double::push_fixed;
use crate::value::Zset;
use ochre_resp::reply::Reply;

/// Declaration of `GEODIST key member1 member2 [M|KM|FT|MI]`.
pub static GEODIST: Command = Command::new("geodist", Group::Geo, -4, geodist)
    .since("3.2.0")
    .flags(READONLY | QUICK)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the distance between two members.")
    .complexity("O(1)")
    .args(&[
        Arg::key("key"),
        Arg::string("member1"),
        Arg::string("member2"),
        Arg::one_of("unit", UNITS).optional(),
    ]);

/// Declaration of `GEOPOS key [member ...]`.
pub static GEOPOS: Command = Command::new("geopos", Group::Geo, -2, geopos)
    .since("3.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the positions of members.")
    .complexity("O(1) for each member")
    .args(&[Arg::key("key"), Arg::string("member").optional().multiple()]);

/// Declaration of `GEOHASH key [member ...]`.
pub static GEOHASH: Command = Command::new("geohash", Group::Geo, -2, geohash)
    .since("3.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the positions of members as standard geohashes.")
    .complexity("O(1) for each member")
    .args(&[Arg::key("key"), Arg::string("member").optional().multiple()]);

fn geodist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let metres_of_unit = match args.len() {
        4 => 1.0,
        5 => unit(args.get(4), ctx.level())?,
        _ => return Err(Error::SYNTAX),
    };
    let key = ctx.key(args, 1);
    let found = ctx.keys.read::<Zset>(key)?.and_then(|zset| {
        let (lon1, lat1) = position_of(zset.score(args.get(2))?);
        let (lon2, lat2) = position_of(zset.score(args.get(3))?);
        Some(distance(lon1, lat1, lon2, lat2) / metres_of_unit)
    });
    match found {
        Some(length) => reply_length(&mut ctx.reply, ctx.settings.level, length),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// A length with four digits behind the point.
pub(super) fn reply_length(reply: &mut Reply<'_>, level: Level, length: f64) {
    let mut text = Vec::with_capacity(24);
    push_fixed(&mut text, length, 4, DoubleStyle::at(level));
    reply.bulk(&text);
}

fn geopos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    each_member(ctx, args, |reply, score| match score {
        Some(score) => reply_position(reply, position_of(score)),
        None => reply.null_array(),
    })
}

fn geohash(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    each_member(ctx, args, |reply, score| match score {
        Some(score) => reply.bulk(geohash_text(score)),
        None => reply.null(),
    })
}

fn each_member(ctx: &mut Ctx<'_>, args: Args<'_>, show: impl Fn(&mut Reply<'_>, Option<f64>)) -> Outcome {
    let key = ctx.key(args, 1);
    let zset = ctx.keys.read::<Zset>(key)?;
    let members = args.from(2);
    ctx.reply.array(members.len());
    for member in members.iter() {
        show(&mut ctx.reply, zset.as_ref().and_then(|zset| zset.score(member)));
    }
    Ok(())
}
