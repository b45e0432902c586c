//! GEOADD: positions in. What is stored, and propagated, is a ZADD.

use super::position::position;
use crate::command::*;
use crate::commands::zset::{AddOptions, add};
use crate::geo::score_of;
use crate::level::Level;
use crate::text::eq_ignore_case;

/// Declaration of `GEOADD key [NX|XX] [CH] longitude latitude member [...]`.
pub static GEOADD: Command = Command::new("geoadd", Group::Geo, -5, geoadd)
    .since("3.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Adds positions to a geospatial index.")
    .complexity("O(log(N)) for each position added")
    .history(&[("6.2.0", "The options CH, NX and XX.")])
    .args(&[
        Arg::key("key"),
        Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional().since("6.2.0"),
        Arg::word("change", "CH").optional().since("6.2.0"),
        Arg::block("data", &[Arg::double("longitude"), Arg::double("latitude"), Arg::string("member")])
            .multiple(),
    ]);

fn geoadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (mut options, mut at) = (AddOptions::default(), 2);
    while let Some(word) = args.try_get(at).filter(|_| ctx.level() >= Level::V6_2) {
        match word {
            word if eq_ignore_case(word, b"nx") => options.only_new = true,
            word if eq_ignore_case(word, b"xx") => options.only_old = true,
            word if eq_ignore_case(word, b"ch") => options.count_changed = true,
            _ => break,
        }
        at += 1;
    }
    let places = args.from(at);
    if places.is_empty() || !places.len().is_multiple_of(3) || (options.only_new && options.only_old) {
        return Err(Error::SYNTAX);
    }
    let elements = (0..places.len() / 3)
        .map(|n| {
            let (lon, lat) = position(places, 3 * n)?;
            Ok((score_of(lon, lat), places.get(3 * n + 2)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let key = ctx.key(args, 1);
    let scored = elements.iter().map(|(score, member)| (*score as f64, *member));
    add(ctx, key, options, elements.len(), scored)?;
    if ctx.keys.fx.dirty > 0 {
        ctx.propagate(|| {
            let mut words: Vec<Vec<u8>> = vec![b"zadd".to_vec()];
            words.extend(args.range(1, at).iter().map(<[u8]>::to_vec));
            for (score, member) in &elements {
                words.extend([score.to_string().into_bytes(), member.to_vec()]);
            }
            vec![words]
        });
    }
    Ok(())
}
