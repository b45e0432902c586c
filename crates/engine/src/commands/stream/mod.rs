//! Stream commands. The value itself, which knows no command, is [`crate::stream`].
//!
//! What several commands share: [`arguments`], the entries of a [`reply`], a [`change`] of a group, and what to
//! [`propagate`] instead of the commands that clients sent, because deliveries depend on the moment.

mod arguments;
mod change;
mod propagate;
mod reply;
mod trim;
mod xack;
mod xadd;
mod xautoclaim;
mod xclaim;
mod xdel;
mod xgroup;
mod xinfo;
mod xpending;
mod xrange;
mod xread;
mod xsetid;

use crate::command::Command;

/// The commands of the group.
pub const COMMANDS: &[&Command] = &[
    &xack::XACK,
    &xadd::XADD,
    &xautoclaim::XAUTOCLAIM,
    &xclaim::XCLAIM,
    &xdel::XDEL,
    &xgroup::XGROUP,
    &xinfo::XINFO,
    &xrange::XLEN,
    &xpending::XPENDING,
    &xrange::XRANGE,
    &xread::XREAD,
    &xread::XREADGROUP,
    &xrange::XREVRANGE,
    &xsetid::XSETID,
    &xadd::XTRIM,
];
