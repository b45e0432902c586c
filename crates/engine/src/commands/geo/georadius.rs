//! GEORADIUS, GEORADIUSBYMEMBER and their read-only variants: the elder searches in a circle.

use super::options::{Centre, Family, Options};
use super::position::{UNITS, position};
use super::search::run;
use crate::command::*;
use crate::value::Zset;

/// Declaration of `GEORADIUS key longitude latitude radius unit [options] [STORE key|STOREDIST key]`.
pub static GEORADIUS: Command = Command::new("georadius", Group::Geo, -6, georadius)
    .since("3.2.0")
    .flags(WRITE | DENYOOM | MOVABLE_KEYS)
    .keys(&[
        KeySpec::at(1, RO | ACCESS),
        KeySpec::keyword("STORE", 6, OW | UPDATE),
        KeySpec::keyword("STOREDIST", 6, OW | UPDATE),
    ])
    .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
    .summary("Finds the members around a position, and may store them.")
    .complexity("O(N+log(M)) for N members in the cells around the shape and M found")
    .history(&[("6.2.0", "The option ANY of COUNT."), ("7.0.0", "Names of units in upper case.")])
    .args(&[
        Arg::key("key"),
        Arg::double("longitude"),
        Arg::double("latitude"),
        Arg::double("radius"),
        Arg::one_of("unit", UNITS),
        Arg::word("withcoord", "WITHCOORD").optional(),
        Arg::word("withdist", "WITHDIST").optional(),
        Arg::word("withhash", "WITHHASH").optional(),
        Arg::block(
            "count-block",
            &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional().since("6.2.0")],
        )
        .optional(),
        Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
        Arg::one_of(
            "store",
            &[
                Arg::key_of("storekey", 1).token("STORE").display("key"),
                Arg::key_of("storedistkey", 2).token("STOREDIST").display("key"),
            ],
        )
        .optional(),
    ]);

/// Declaration of `GEORADIUSBYMEMBER key member radius unit [options] [STORE key|STOREDIST key]`.
pub static GEORADIUSBYMEMBER: Command = Command::new("georadiusbymember", Group::Geo, -5, georadiusbymember)
    .since("3.2.0")
    .flags(WRITE | DENYOOM | MOVABLE_KEYS)
    .keys(&[
        KeySpec::at(1, RO | ACCESS),
        KeySpec::keyword("STORE", 5, OW | UPDATE),
        KeySpec::keyword("STOREDIST", 5, OW | UPDATE),
    ])
    .deprecated("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
    .summary("Finds the members around a member, and may store them.")
    .complexity("O(N+log(M)) for N members in the cells around the shape and M found")
    .history(&[("7.0.0", "Names of units in upper case.")])
    .args(&[
        Arg::key("key"),
        Arg::string("member"),
        Arg::double("radius"),
        Arg::one_of("unit", UNITS),
        Arg::word("withcoord", "WITHCOORD").optional(),
        Arg::word("withdist", "WITHDIST").optional(),
        Arg::word("withhash", "WITHHASH").optional(),
        Arg::block(
            "count-block",
            &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()],
        )
        .optional(),
        Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
        Arg::one_of(
            "store",
            &[
                Arg::key_of("storekey", 1).token("STORE").display("key"),
                Arg::key_of("storedistkey", 2).token("STOREDIST").display("key"),
            ],
        )
        .optional(),
    ]);

/// Declaration of `GEORADIUS_RO key longitude latitude radius unit [options]`.
pub static GEORADIUS_RO: Command = Command::new("georadius_ro", Group::Geo, -6, georadius_ro)
    .since("3.2.10")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")
    .summary("Finds the members around a position.")
    .complexity("O(N+log(M)) for N members in the cells around the shape and M found")
    .history(&[("6.2.0", "The option ANY of COUNT.")])
    .args(&[
        Arg::key("key"),
        Arg::double("longitude"),
        Arg::double("latitude"),
        Arg::double("radius"),
        Arg::one_of("unit", UNITS),
        Arg::word("withcoord", "WITHCOORD").optional(),
        Arg::word("withdist", "WITHDIST").optional(),
        Arg::word("withhash", "WITHHASH").optional(),
        Arg::block(
            "count-block",
            &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional().since("6.2.0")],
        )
        .optional(),
        Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
    ]);

/// Declaration of `GEORADIUSBYMEMBER_RO key member radius unit [options]`.
pub static GEORADIUSBYMEMBER_RO: Command =
    Command::new("georadiusbymember_ro", Group::Geo, -5, georadiusbymember_ro)
        .since("3.2.10")
        .flags(READONLY)
        .keys(&[KeySpec::at(1, RO | ACCESS)])
        .deprecated("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
        .summary("Finds the members around a member.")
        .complexity("O(N+log(M)) for N members in the cells around the shape and M found")
        .args(&[
            Arg::key("key"),
            Arg::string("member"),
            Arg::double("radius"),
            Arg::one_of("unit", UNITS),
            Arg::word("withcoord", "WITHCOORD").optional(),
            Arg::word("withdist", "WITHDIST").optional(),
            Arg::word("withhash", "WITHHASH").optional(),
            Arg::block(
                "count-block",
                &[Arg::integer("count").token("COUNT"), Arg::word("any", "ANY").optional()],
            )
            .optional(),
            Arg::one_of("order", &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")]).optional(),
        ]);

fn georadius(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    around_position(ctx, args, true)
}

fn georadius_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    around_position(ctx, args, false)
}

fn georadiusbymember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    around_member(ctx, args, true)
}

fn georadiusbymember_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    around_member(ctx, args, false)
}

fn around_position(ctx: &mut Ctx<'_>, args: Args<'_>, may_store: bool) -> Outcome {
    let key = ctx.key(args, 1);
    let mut options = Options::new(Family::Radius { may_store }, ctx.level());
    // The key's type is looked at before the arguments.
    ctx.keys.read::<Zset>(key)?;
    options.centre = Some(Centre::Position(position(args, 2)?));
    options.circle(args, 4)?;
    run(ctx, args, key, options, 6)
}

fn around_member(ctx: &mut Ctx<'_>, args: Args<'_>, may_store: bool) -> Outcome {
    let key = ctx.key(args, 1);
    let mut options = Options::new(Family::Radius { may_store }, ctx.level());
    // Without a sorted set, member and radius are not looked at.
    if let Some(zset) = ctx.keys.read::<Zset>(key)? {
        options.centre = Some(Centre::of_member(&zset, args.get(2))?);
        options.circle(args, 3)?;
    }
    run(ctx, args, key, options, 5)
}
