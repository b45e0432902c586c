//! Commands on keys whatever they hold: deletion, expiry, enumeration, renaming, inspection, SORT.

mod copy;
mod dbsize;
mod del;
mod expire;
mod keys;
mod object;
mod rename;
mod scan;
mod sort;
mod sort_pattern;
#[cfg(test)]
mod tests;
mod ttl;

use crate::command::{Command, Ctx, Error};
use crate::commands::number::int_in;
use crate::keyspace::DbIndex;

pub(super) use expire::delete_now;
pub use object::encoding_name;

/// Source and target are one.
const SAME_OBJECT: Error = Error::fixed("ERR source and destination objects are the same");

/// The database of this number.
fn database(ctx: &Ctx<'_>, text: &[u8]) -> Result<DbIndex, Error> {
    let number = int_in(text, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
    let index = u32::try_from(number).ok().filter(|&index| index < ctx.keys.dbs());
    index.map(DbIndex).ok_or(Error::fixed("ERR DB index is out of range"))
}

/// All commands of the group.
pub static COMMANDS: &[&Command] = &[
    &dbsize::DBSIZE,
    &del::DEL,
    &del::UNLINK,
    &del::EXISTS,
    &del::TOUCH,
    &expire::EXPIRE,
    &expire::PEXPIRE,
    &expire::EXPIREAT,
    &expire::PEXPIREAT,
    &expire::PERSIST,
    &ttl::TTL,
    &ttl::PTTL,
    &ttl::EXPIRETIME,
    &ttl::PEXPIRETIME,
    &keys::KEYS,
    &keys::RANDOMKEY,
    &scan::SCAN,
    &rename::RENAME,
    &rename::RENAMENX,
    &rename::MOVE,
    &copy::COPY,
    &sort::SORT,
    &sort::SORT_RO,
    &object::TYPE,
    &object::OBJECT,
];
