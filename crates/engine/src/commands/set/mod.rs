//! The commands on sets.

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

use crate::command::{Command, Ctx};
use crate::value::SetLimits;

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

/// What decides about the encoding of sets that a command makes or changes.
#[inline]
fn limits(ctx: &Ctx<'_>) -> SetLimits {
    SetLimits::new(ctx.settings, ctx.keys.seed())
}
