//! The commands on hashes.

mod hdel;
mod hget;
mod hgetall;
mod hincrby;
mod hrandfield;
mod hscan;
mod hset;
#[cfg(test)]
mod tests;

use crate::command::{Command, Ctx};
use crate::value::HashLimits;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &hdel::HDEL,
    &hget::HEXISTS,
    &hget::HGET,
    &hget::HLEN,
    &hget::HMGET,
    &hget::HSTRLEN,
    &hgetall::HGETALL,
    &hgetall::HKEYS,
    &hgetall::HVALS,
    &hincrby::HINCRBY,
    &hincrby::HINCRBYFLOAT,
    &hrandfield::HRANDFIELD,
    &hscan::HSCAN,
    &hset::HMSET,
    &hset::HSET,
    &hset::HSETNX,
];

/// What decides about the encoding of hashes that a command changes.
#[inline]
fn limits(ctx: &Ctx<'_>) -> HashLimits {
    HashLimits::new(ctx.settings, ctx.keys.seed())
}
