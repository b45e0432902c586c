//! SINTER, SINTERCARD, SINTERSTORE, SMEMBERS: what is in all of several sets.
//!
//! The members of the smallest set are asked of all others, the next larger first.

use super::limits::limits;
use super::sources::{Sources, check, open, store};
use crate::command::*;
use crate::commands::items::reply_item;
use crate::encoding::listpack::Item;
use crate::level::Level;
use crate::text::{eq_ignore_case, parse_i64};
use crate::value::{Set, SetLimits};

const ORDER: &[&str] = &["nondeterministic_output_order"];

/// Declaration of SINTER.
pub static SINTER: Command = Command::new("sinter", Group::Set, -2, sinter)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::range(1, -1, 1, RO | ACCESS)])
    .summary("Returns the members that all of several sets have in common.")
    .complexity("O(N*M) at worst for N members of the smallest of M sets")
    .tips(ORDER)
    .args(&[Arg::key("key").multiple()]);

/// Declaration of SMEMBERS.
pub static SMEMBERS: Command = Command::new("smembers", Group::Set, 2, smembers)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns all members of a set.")
    .complexity("O(N) for N members")
    .tips(ORDER)
    .args(&[Arg::key("key")]);

/// Declaration of SINTERCARD.
pub static SINTERCARD: Command = Command::new("sintercard", Group::Set, -3, sintercard)
    .since("7.0.0")
    .flags(READONLY | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RO | ACCESS)])
    .summary("Returns how many members several sets have in common.")
    .complexity("O(N*M) at worst for N members of the smallest of M sets")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::integer("limit").token("LIMIT").optional(),
    ]);

/// Declaration of SINTERSTORE.
pub static SINTERSTORE: Command = Command::new("sinterstore", Group::Set, -3, sinterstore)
    .since("1.0.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | UPDATE), KeySpec::range(2, -1, 1, RO | ACCESS)])
    .summary("Stores the members that all of several sets have in common.")
    .complexity("O(N*M) at worst for N members of the smallest of M sets")
    .args(&[Arg::key_of("destination", 0), Arg::key_of("key", 1).multiple()]);

fn sinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if !look_up(ctx, args.from(1))? {
        ctx.reply.set(0);
        return Ok(());
    }
    let sets = ascending(open(&ctx.keys, args.from(1))?);
    let reply = &mut ctx.reply;
    let (place, mut len) = (reply.deferred(), 0);
    each_common(&sets, |item| {
        reply_item(reply, item);
        len += 1;
        true
    });
    reply.set_set_len(place, len);
    Ok(())
}

fn smembers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let set = ctx.keys.read::<Set>(key)?;
    let reply = &mut ctx.reply;
    reply.set(set.as_ref().map_or(0, |set| set.len()));
    set.iter().flat_map(|set| set.iter()).for_each(|item| reply_item(reply, item));
    Ok(())
}

fn sintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let numkeys = match parse_i64(args.get(1)) {
        Some(numkeys @ 1..) => numkeys as usize,
        _ => return Err(Error::fixed("ERR numkeys should be greater than 0")),
    };
    if numkeys > args.len() - 2 {
        return Err(Error::fixed("ERR Number of keys can't be greater than number of args"));
    }
    let limit = limit(args.from(2 + numkeys))?;
    let keys = args.range(2, 2 + numkeys);
    check(ctx, keys)?;
    let sets = ascending(open(&ctx.keys, keys)?);
    let mut len = 0;
    each_common(&sets, |_| {
        len += 1;
        len != limit
    });
    ctx.reply.count(len);
    Ok(())
}

/// Looks all keys up. False if, below 6.2, one is missing, which ends the search: what comes behind it
/// may be of any type (t_set.c of 5.0: sinterGenericCommand).
fn look_up(ctx: &mut Ctx<'_>, keys: Args<'_>) -> Result<bool, Error> {
    if ctx.level() >= Level::V6_2 {
        check(ctx, keys)?;
        return Ok(true);
    }
    for at in 0..keys.len() {
        let key = ctx.keys.locate(keys.get(at));
        if ctx.keys.read::<Set>(key)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The value of the last LIMIT among these options; 0 is no limit.
fn limit(options: Args<'_>) -> Result<usize, Error> {
    let mut limit = 0;
    for at in (0..options.len()).step_by(2) {
        let value = options.try_get(at + 1).filter(|_| eq_ignore_case(options.get(at), b"limit"));
        limit = match parse_i64(value.ok_or(Error::SYNTAX)?) {
            Some(limit @ 0..) => limit as usize,
            _ => return Err(Error::fixed("ERR LIMIT can't be negative")),
        };
    }
    Ok(limit)
}

fn sinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (target, limits) = (ctx.key(args, 1), limits(ctx));
    let result = match look_up(ctx, args.from(2))? {
        true => common_set(&ascending(open(&ctx.keys, args.from(2))?), &limits),
        false => Set::ints(),
    };
    store(ctx, target, result, "sinterstore");
    Ok(())
}

/// The intersection as a set of its own, in the encoding that Redis gives it.
fn common_set(sets: &[impl std::ops::Deref<Target = Set>], limits: &SetLimits) -> Set {
    let mut result = match sets.first().map(|set| &**set) {
        Some(Set::Ints(_)) | None => Set::ints(),
        Some(_) => Set::texts(limits),
    };
    let mut only_integers = true;
    each_common(sets, |item| {
        only_integers &= item.as_integer().is_some();
        result.add_item(item, limits);
        true
    });
    if only_integers {
        result.become_ints(limits);
    }
    result
}

/// The sets, smallest first; none at all if one is missing, as nothing is common then.
fn ascending(sets: Sources<'_>) -> Vec<impl std::ops::Deref<Target = Set>> {
    let all: Option<Vec<_>> = sets.into_iter().collect();
    let mut sets = all.unwrap_or_default();
    sets.sort_by_key(|set| set.len());
    sets
}

/// Shows what is in all sets to `found` until it returns false.
fn each_common(sets: &[impl std::ops::Deref<Target = Set>], mut found: impl FnMut(Item<'_>) -> bool) {
    let Some((smallest, others)) = sets.split_first() else { return };
    for item in smallest.iter() {
        if others.iter().all(|set| set.contains_item(item)) && !found(item) {
            return;
        }
    }
}
