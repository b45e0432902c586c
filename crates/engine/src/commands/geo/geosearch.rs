//! GEOSEARCH and GEOSEARCHSTORE: members inside a circle or a box.

use super::options::{Family, Options};
use super::position::UNITS;
use super::search::run;
use crate::command::*;
use crate::value::Zset;

/// Declaration of `GEOSEARCH key FROMMEMBER ..|FROMLONLAT .. BYRADIUS ..|BYBOX .. [options]`.
pub static GEOSEARCH: Command = Command::new("geosearch", Group::Geo, -7, geosearch)
    .since("6.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Finds the members inside a circle or a box.")
    .complexity("O(N+log(M)) for N members in the cells around the shape and M found")
    .history(&[("7.0.0", "Names of units in upper case.")])
    .args(&[
        Arg::key("key"),
        Arg::one_of(
            "from",
            &[
                Arg::string("member").token("FROMMEMBER"),
                Arg::block("fromlonlat", &[Arg::double("longitude"), Arg::double("latitude")])
                    .token("FROMLONLAT"),
            ],
        ),
        Arg::one_of(
            "by",
            &[
                Arg::block("circle", &[Arg::double("radius").token("BYRADIUS"), Arg::one_of("unit", UNITS)]),
                Arg::block(
                    "box",
                    &[Arg::double("width").token("BYBOX"), Arg::double("height"), Arg::one_of("unit", UNITS)],
                ),
            ],
        ),
        Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
        Arg::block(
            "count-block",
            &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()],
        )
        .optional(),
        Arg::word("withcoord", "WITHCOORD").optional(),
        Arg::word("withdist", "WITHDIST").optional(),
        Arg::word("withhash", "WITHHASH").optional(),
    ]);

/// Declaration of `GEOSEARCHSTORE destination source FROMMEMBER ..|FROMLONLAT .. BYRADIUS ..|BYBOX .. [options]`.
pub static GEOSEARCHSTORE: Command = Command::new("geosearchstore", Group::Geo, -8, geosearchstore)
    .since("6.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::at(2, RO | ACCESS)])
    .summary("Stores the members inside a circle or a box.")
    .complexity("O(N+log(M)) for N members in the cells around the shape and M found")
    .history(&[("7.0.0", "Names of units in upper case.")])
    .args(&[
        Arg::key("destination"),
        Arg::key_of("source", 1),
        Arg::one_of(
            "from",
            &[
                Arg::string("member").token("FROMMEMBER"),
                Arg::block("fromlonlat", &[Arg::double("longitude"), Arg::double("latitude")])
                    .token("FROMLONLAT"),
            ],
        ),
        Arg::one_of(
            "by",
            &[
                Arg::block("circle", &[Arg::double("radius").token("BYRADIUS"), Arg::one_of("unit", UNITS)]),
                Arg::block(
                    "box",
                    &[Arg::double("width").token("BYBOX"), Arg::double("height"), Arg::one_of("unit", UNITS)],
                ),
            ],
        ),
        Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
        Arg::block(
            "count-block",
            &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()],
        )
        .optional(),
        Arg::word("storedist", "STOREDIST").optional(),
    ]);

fn geosearch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    search(ctx, args, 1, None)
}

fn geosearchstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    search(ctx, args, 2, Some(1))
}

fn search(ctx: &mut Ctx<'_>, args: Args<'_>, source_at: usize, store_at: Option<usize>) -> Outcome {
    let key = ctx.key(args, source_at);
    // The key's type is looked at before the arguments.
    ctx.keys.read::<Zset>(key)?;
    let family = Family::Search { stores: store_at.is_some() };
    let mut options = Options::new(family, ctx.level());
    options.store_at = store_at;
    run(ctx, args, key, options, source_at + 1)
}
