//! RENAME, RENAMENX, MOVE: a value under another name or in another database.

use super::database;
use crate::command::*;
use crate::keyspace::DbIndex;
use crate::level::Level;

/// Declaration of `RENAME key newkey`.
pub static RENAME: Command = Command::new("rename", Group::Generic, 3, rename)
    .since("1.0.0")
    .flags(WRITE)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE), KeySpec::at(2, OW | UPDATE)])
    .summary("Renames a key and overwrites the one of the new name.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::key_of("newkey", 1)]);

fn rename(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if rename_key(ctx, args, true)? != Renamed::Kept {
        ctx.reply.ok();
    }
    Ok(())
}

/// Declaration of `RENAMENX key newkey`.
pub static RENAMENX: Command = Command::new("renamenx", Group::Generic, 3, renamenx)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE), KeySpec::at(2, OW | INSERT)])
    .summary("Renames a key unless the new name is taken.")
    .complexity("O(1)")
    .history(&[("3.2.0", "Equal names are no error.")])
    .args(&[Arg::key("key"), Arg::key_of("newkey", 1)]);

fn renamenx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let renamed = rename_key(ctx, args, false)? == Renamed::Moved;
    ctx.reply.int(i64::from(renamed));
    Ok(())
}

#[derive(PartialEq)]
enum Renamed {
    Moved,
    /// Both names are the same.
    Same,
    /// The new name is taken.
    Kept,
}

fn rename_key(ctx: &mut Ctx<'_>, args: Args<'_>, overwrite: bool) -> Result<Renamed, Error> {
    let (from, to) = (ctx.key(args, 1), ctx.key(args, 2));
    if ctx.keys.write_entry(from).is_none() {
        return Err(Error::NO_SUCH_KEY);
    }
    if from.bytes == to.bytes {
        return Ok(Renamed::Same);
    }
    // An expired key of the new name goes as such, before it would be overwritten.
    let taken = ctx.keys.write_entry(to).is_some();
    if taken && !overwrite {
        return Ok(Renamed::Kept);
    }
    let db = ctx.keys.db();
    ctx.keys.relocate(from, to, db);
    ctx.changed(from, EventClasses::GENERIC, "rename_from", 0);
    ctx.changed(to, EventClasses::GENERIC, "rename_to", 1);
    Ok(Renamed::Moved)
}

/// Declaration of `MOVE key db`.
pub static MOVE: Command = Command::new("move", Group::Generic, 3, move_key)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .summary("Moves a key to another database unless it has such a key already.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("db")]);

fn move_key(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let target = database(ctx, args.get(2)).map_err(|error| {
        // One text for everything up to 5.0.
        if ctx.level() < Level::V6_2 { Error::fixed("ERR index out of range") } else { error }
    })?;
    let source = ctx.keys.db();
    if target == source {
        return Err(super::SAME_OBJECT);
    }
    let moved = move_between(ctx, ctx.key(args, 1), source, target);
    ctx.keys.select(source);
    ctx.reply.int(i64::from(moved));
    Ok(())
}

fn move_between(ctx: &mut Ctx<'_>, key: Key<'_>, source: DbIndex, target: DbIndex) -> bool {
    if ctx.keys.write_entry(key).is_none() {
        return false;
    }
    ctx.keys.select(target);
    if ctx.keys.write_entry(key).is_some() {
        return false;
    }
    ctx.keys.select(source);
    ctx.keys.relocate(key, key, target);
    ctx.changed(key, EventClasses::GENERIC, "move_from", 0);
    ctx.keys.select(target);
    ctx.changed(key, EventClasses::GENERIC, "move_to", 1);
    true
}
