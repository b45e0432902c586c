//! LPUSH, RPUSH and their variants for lists that exist.

use crate::command::*;
use crate::value::{End, List};

const KEYS: &[KeySpec] = &[KeySpec::at(1, RW | INSERT)];
const ARGS: &[Arg] = &[Arg::key("key"), Arg::string("element").multiple()];
const COMPLEXITY: &str = "O(N) for N elements";

/// Declaration of LPUSH.
pub static LPUSH: Command = Command::new("lpush", Group::List, -3, |ctx, args| push(ctx, args, End::Front))
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Puts elements in front of a list; a missing list is made.")
    .complexity(COMPLEXITY)
    .history(&[("2.4.0", "Takes several elements.")])
    .args(ARGS);

/// Declaration of RPUSH.
pub static RPUSH: Command = Command::new("rpush", Group::List, -3, |ctx, args| push(ctx, args, End::Back))
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Puts elements at the end of a list; a missing list is made.")
    .complexity(COMPLEXITY)
    .history(&[("2.4.0", "Takes several elements.")])
    .args(ARGS);

/// Declaration of LPUSHX.
pub static LPUSHX: Command =
    Command::new("lpushx", Group::List, -3, |ctx, args| pushx(ctx, args, End::Front))
        .since("2.2.0")
        .flags(WRITE | DENYOOM | FAST)
        .keys(KEYS)
        .summary("Puts elements in front of a list that exists.")
        .complexity(COMPLEXITY)
        .history(&[("4.0.0", "Takes several elements.")])
        .args(ARGS);

/// Declaration of RPUSHX.
pub static RPUSHX: Command = Command::new("rpushx", Group::List, -3, |ctx, args| pushx(ctx, args, End::Back))
    .since("2.2.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Puts elements at the end of a list that exists.")
    .complexity(COMPLEXITY)
    .history(&[("4.0.0", "Takes several elements.")])
    .args(ARGS);

fn push(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = ctx.key(args, 1);
    let mut list = ctx.keys.create::<List>(key)?;
    let len = add(&mut list, end, args.from(2), ctx.settings);
    drop(list);
    report(ctx, key, end, args.len() - 2);
    ctx.reply.count(len);
    Ok(())
}

fn pushx(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(mut list) = ctx.keys.write::<List>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let len = add(&mut list, end, args.from(2), ctx.settings);
    drop(list);
    report(ctx, key, end, args.len() - 2);
    ctx.reply.count(len);
    Ok(())
}

#[inline]
fn add(list: &mut List, end: End, elements: Args<'_>, settings: &crate::settings::Settings) -> usize {
    list.grow(elements.total_bytes(), elements.len(), settings);
    elements.iter().for_each(|element| list.push(end, element));
    list.len()
}

/// Reports that `count` elements were put at one end of a list.
#[inline]
pub(super) fn report(ctx: &mut Ctx<'_>, key: Key<'_>, end: End, count: usize) {
    let event = if end == End::Front { "lpush" } else { "rpush" };
    ctx.changed(key, EventClasses::LIST, event, count as u64);
}
