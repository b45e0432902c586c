//! The commands on positions, which are scores of sorted sets ([`crate::geo`]).

mod geoadd;
mod geodist;
mod georadius;
mod geosearch;
mod options;
mod position;
mod search;
#[cfg(test)]
mod tests;

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &geoadd::GEOADD,
    &geodist::GEODIST,
    &geodist::GEOHASH,
    &geodist::GEOPOS,
    &georadius::GEORADIUS,
    &georadius::GEORADIUSBYMEMBER,
    &georadius::GEORADIUSBYMEMBER_RO,
    &georadius::GEORADIUS_RO,
    &geosearch::GEOSEARCH,
    &geosearch::GEOSEARCHSTORE,
];
