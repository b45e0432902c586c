//! The commands on sets.

mod limits;
mod sadd;
mod scard;
mod sdiff;
mod sinter;
mod sismember;
mod smove;
mod sources;
mod spop;
mod srandmember;
mod srem;
mod sscan;
mod sunion;
#[cfg(test)]
mod tests;

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &sadd::SADD,
    &scard::SCARD,
    &sdiff::SDIFF,
    &sdiff::SDIFFSTORE,
    &sinter::SINTER,
    &sinter::SINTERCARD,
    &sinter::SINTERSTORE,
    &sismember::SISMEMBER,
    &sinter::SMEMBERS,
    &sismember::SMISMEMBER,
    &smove::SMOVE,
    &spop::SPOP,
    &srandmember::SRANDMEMBER,
    &srem::SREM,
    &sscan::SSCAN,
    &sunion::SUNION,
    &sunion::SUNIONSTORE,
];
