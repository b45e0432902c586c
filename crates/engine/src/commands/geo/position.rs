//! Lengths and positions, in arguments and in replies.

use crate::command::{Arg, Args, Error};
use crate::geo::{LAT, LON};
use crate::level::Level;
use crate::text::{Extended, eq_ignore_case, parse_f64};
use ochre_resp::reply::Reply;

/// The words of a unit of length.
pub(super) const UNITS: &[Arg] =
    &[Arg::word("m", "m"), Arg::word("km", "km"), Arg::word("ft", "ft"), Arg::word("mi", "mi")];

/// The metres of a unit. Before 7.0 only lower case was one.
pub(super) fn unit(word: &[u8], level: Level) -> Result<f64, Error> {
    let modern = level >= Level::V7_0;
    let is = |name: &[u8]| word == name || (modern && eq_ignore_case(word, name));
    match () {
        () if is(b"m") => Ok(1.0),
        () if is(b"km") => Ok(1000.0),
        () if is(b"ft") => Ok(0.3048),
        () if is(b"mi") => Ok(1609.34),
        () if modern => Err(Error::fixed("ERR unsupported unit provided. please use M, KM, FT, MI")),
        () => Err(Error::fixed("ERR unsupported unit provided. please use m, km, ft, mi")),
    }
}

/// Longitude and latitude in two arguments.
pub(super) fn position(args: Args<'_>, at: usize) -> Result<(f64, f64), Error> {
    let number = |at| parse_f64(args.get(at)).ok_or(Error::NOT_FLOAT);
    let (lon, lat) = (number(at)?, number(at + 1)?);
    if !LON.contains(lon) || !LAT.contains(lat) {
        return Err(Error::new(format!("ERR invalid longitude,latitude pair {lon:.6},{lat:.6}")));
    }
    Ok((lon, lat))
}

/// A coordinate as a reply.
pub(super) fn reply_position(reply: &mut Reply<'_>, (lon, lat): (f64, f64)) {
    reply.array(2);
    reply.double(Extended::from(lon).to_human());
    reply.double(Extended::from(lat).to_human());
}
