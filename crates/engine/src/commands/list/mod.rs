//! The commands on lists.

mod arguments;
mod edit;
mod lmove;
mod lpos;
mod mpop;
mod pop;
mod push;
mod read;
mod reply;
#[cfg(test)]
mod tests;

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &pop::BLPOP,
    &pop::BRPOP,
    &pop::LPOP,
    &pop::RPOP,
    &push::LPUSH,
    &push::LPUSHX,
    &push::RPUSH,
    &push::RPUSHX,
    &read::LINDEX,
    &read::LLEN,
    &read::LRANGE,
    &edit::LINSERT,
    &edit::LREM,
    &edit::LSET,
    &edit::LTRIM,
    &lpos::LPOS,
    &lmove::BLMOVE,
    &lmove::BRPOPLPUSH,
    &lmove::LMOVE,
    &lmove::RPOPLPUSH,
    &mpop::BLMPOP,
    &mpop::LMPOP,
];
