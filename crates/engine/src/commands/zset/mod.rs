//! The commands on sorted sets.

mod range;
mod reply;
mod store;
#[cfg(test)]
mod tests;
mod zadd;
mod zcombine;
mod zcount;
mod zmpop;
mod zpop;
mod zrandmember;
mod zrange;
mod zrange_legacy;
mod zrank;
mod zrem;
mod zremrange;
mod zscan;
mod zscore;

pub(super) use store::store;
pub(super) use zadd::{AddOptions, add};

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &zadd::ZADD,
    &zadd::ZINCRBY,
    &zcombine::ZDIFF,
    &zcombine::ZDIFFSTORE,
    &zcombine::ZINTER,
    &zcombine::ZINTERCARD,
    &zcombine::ZINTERSTORE,
    &zcombine::ZUNION,
    &zcombine::ZUNIONSTORE,
    &zcount::ZCARD,
    &zcount::ZCOUNT,
    &zcount::ZLEXCOUNT,
    &zmpop::BZMPOP,
    &zmpop::ZMPOP,
    &zpop::BZPOPMAX,
    &zpop::BZPOPMIN,
    &zpop::ZPOPMAX,
    &zpop::ZPOPMIN,
    &zrandmember::ZRANDMEMBER,
    &zrange::ZRANGE,
    &zrange::ZRANGESTORE,
    &zrange_legacy::ZRANGEBYLEX,
    &zrange_legacy::ZRANGEBYSCORE,
    &zrange_legacy::ZREVRANGE,
    &zrange_legacy::ZREVRANGEBYLEX,
    &zrange_legacy::ZREVRANGEBYSCORE,
    &zrank::ZRANK,
    &zrank::ZREVRANK,
    &zrem::ZREM,
    &zremrange::ZREMRANGEBYLEX,
    &zremrange::ZREMRANGEBYRANK,
    &zremrange::ZREMRANGEBYSCORE,
    &zscan::ZSCAN,
    &zscore::ZMSCORE,
    &zscore::ZSCORE,
];
