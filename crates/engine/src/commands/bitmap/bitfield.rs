//! BITFIELD and BITFIELD_RO: integers of any width at any place of a string.
//!
//! All operations are parsed before the first one runs, so a call with an error changes nothing.
//! If any of them writes, the string grows at once to the farthest bit that is written.

use super::{BAD_OFFSET, bit_offset, checked_offset};
use crate::bits::{FieldType, Overflow, Stored};
use crate::command::*;
use crate::commands::number::int;
use crate::text::{eq_ignore_case, parse_i64};
use ochre_resp::reply::Reply;

/// Declaration of `BITFIELD key [GET type offset | [OVERFLOW ...] <SET | INCRBY> type offset value ...]`.
pub static BITFIELD: Command = Command::new("bitfield", Group::Bitmap, -2, bitfield)
    .since("3.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | UPDATE | ACCESS | VARIABLE_FLAGS).notes("Reads and changes the key.")])
    .key_finder(find_keys)
    .summary("Reads, sets and increments integers of any width inside a string.")
    .complexity("O(1) for each operation")
    .args(&[Arg::key("key"), Arg::one_of("operation", OPERATIONS).optional().multiple()]);

const OPERATIONS: &[Arg] = &[
    Arg::block("get-block", GET).token("GET"),
    Arg::block(
        "write",
        &[
            Arg::one_of("overflow-block", OVERFLOWS).token("OVERFLOW").optional(),
            Arg::one_of("write-operation", WRITES),
        ],
    ),
];
const GET: &[Arg] = &[Arg::string("encoding"), Arg::integer("offset")];
const OVERFLOWS: &[Arg] = &[Arg::word("wrap", "WRAP"), Arg::word("sat", "SAT"), Arg::word("fail", "FAIL")];
const WRITES: &[Arg] = &[
    Arg::block("set-block", &[Arg::string("encoding"), Arg::integer("offset"), Arg::integer("value")])
        .token("SET"),
    Arg::block("incrby-block", &[Arg::string("encoding"), Arg::integer("offset"), Arg::integer("increment")])
        .token("INCRBY"),
];

/// Declaration of `BITFIELD_RO key [GET type offset ...]`.
pub static BITFIELD_RO: Command = Command::new("bitfield_ro", Group::Bitmap, -2, bitfield_ro)
    .since("6.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Reads integers of any width inside a string.")
    .complexity("O(1) for each operation")
    .args(&[Arg::key("key"), Arg::block("get-block", GET).token("GET").optional().multiple_token()]);

/// Finds the key, which is only read if all operations are GET (db.c: bitfieldGetKeys).
fn find_keys(args: Args<'_>) -> Result<Vec<FoundKey>, BadArguments> {
    let mut at = 2;
    while at < args.len() {
        let rest = args.len() - at - 1;
        let word = args.get(at).to_ascii_lowercase();
        at += match word.as_slice() {
            b"get" if rest >= 2 => 3,
            b"overflow" if rest >= 1 => 2,
            _ => return Ok(vec![(1, RW | ACCESS | UPDATE)]),
        };
    }
    Ok(vec![(1, RO | ACCESS)])
}

fn bitfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let operations = parse(ctx, args)?;
    match operations.iter().filter_map(Operation::last_written_bit).max() {
        Some(last) => write(ctx, args, &operations, last),
        None => read(ctx, args, &operations),
    }
}

fn bitfield_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let operations = parse(ctx, args)?;
    if operations.iter().any(|operation| operation.last_written_bit().is_some()) {
        return Err(Error::fixed("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    read(ctx, args, &operations)
}

struct Operation {
    field: FieldType,
    offset: u64,
    action: Action,
}

enum Action {
    Get,
    Set(i64, Overflow),
    Increment(i64, Overflow),
}

impl Operation {
    fn last_written_bit(&self) -> Option<u64> {
        match self.action {
            Action::Get => None,
            _ => Some(self.offset + u64::from(self.field.bits) - 1),
        }
    }

    /// Runs and answers; what was stored, if anything was.
    fn run(&self, data: &mut [u8], reply: &mut Reply<'_>) -> Option<Stored> {
        let (stored, answer): (_, fn(Stored) -> i64) = match self.action {
            Action::Get => {
                reply.int(self.field.get(data, self.offset));
                return None;
            }
            Action::Set(value, overflow) => {
                (self.field.set(data, self.offset, value, overflow), |stored| stored.old)
            }
            Action::Increment(value, overflow) => {
                (self.field.increment(data, self.offset, value, overflow), |stored| stored.new)
            }
        };
        match stored {
            Some(stored) => reply.int(answer(stored)),
            None => reply.null(),
        }
        stored
    }
}

fn parse(ctx: &Ctx<'_>, args: Args<'_>) -> Result<Vec<Operation>, Error> {
    let mut operations = Vec::new();
    let mut overflow = Overflow::default();
    let mut at = 2;
    while at < args.len() {
        let (word, left) = (args.get(at), args.len() - at - 1);
        if eq_ignore_case(word, b"overflow") && left >= 1 {
            overflow = parse_overflow(args.get(at + 1))?;
            at += 2;
            continue;
        }
        type Make = fn(i64, Overflow) -> Action;
        let write: Option<Make> = if eq_ignore_case(word, b"get") && left >= 2 {
            None
        } else if eq_ignore_case(word, b"set") && left >= 3 {
            Some(Action::Set)
        } else if eq_ignore_case(word, b"incrby") && left >= 3 {
            Some(Action::Increment)
        } else {
            return Err(Error::SYNTAX);
        };
        let field = FieldType::parse(args.get(at + 1)).ok_or(BAD_TYPE)?;
        let offset = field_offset(ctx, args.get(at + 2), field)?;
        let action = match write {
            None => Action::Get,
            Some(make) => make(int(args.get(at + 3))?, overflow),
        };
        operations.push(Operation { field, offset, action });
        at += if write.is_some() { 4 } else { 3 };
    }
    Ok(operations)
}

const BAD_TYPE: Error = Error::fixed(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);

fn parse_overflow(text: &[u8]) -> Result<Overflow, Error> {
    const NAMES: [(&[u8], Overflow); 3] =
        [(b"wrap", Overflow::Wrap), (b"sat", Overflow::Saturate), (b"fail", Overflow::Fail)];
    let found = NAMES.iter().find(|(name, _)| eq_ignore_case(text, name));
    found.map(|row| row.1).ok_or(Error::fixed("ERR Invalid OVERFLOW type specified"))
}

/// An offset in bits, or with `#` in front in fields of this width.
fn field_offset(ctx: &Ctx<'_>, text: &[u8], field: FieldType) -> Result<u64, Error> {
    match text {
        [b'#', index @ ..] => {
            let index = parse_i64(index).ok_or(BAD_OFFSET)?;
            checked_offset(index.checked_mul(i64::from(field.bits)), ctx.settings, ctx.caller.trusted)
        }
        _ => bit_offset(text, ctx.settings, ctx.caller.trusted),
    }
}

fn read(ctx: &mut Ctx<'_>, args: Args<'_>, operations: &[Operation]) -> Outcome {
    let key = ctx.key(args, 1);
    let string = ctx.keys.read_str(key)?;
    let data = string.as_ref().map(|string| string.bytes());
    ctx.reply.array(operations.len());
    for operation in operations {
        let data = data.as_deref().unwrap_or(b"");
        ctx.reply.int(operation.field.get(data, operation.offset));
    }
    Ok(())
}

fn write(ctx: &mut Ctx<'_>, args: Args<'_>, operations: &[Operation], last: u64) -> Outcome {
    let key = ctx.key(args, 1);
    let reply = &mut ctx.reply;
    let changes = ctx.keys.edit_or_create_str(key, |string, existed| {
        let grows = string.get().len() as u64 <= last >> 3;
        if grows {
            string.resize((last >> 3) as usize + 1);
        }
        reply.array(operations.len());
        let mut changes = 0;
        for operation in operations {
            let stored = operation.run(&mut string.bytes_mut(), reply);
            // Where the string grew, every write counts.
            changes += u64::from(stored.is_some_and(|stored| grows || !existed || stored.old != stored.new));
        }
        changes
    })?;
    if changes > 0 {
        ctx.changed(key, EventClasses::STRING, "setbit", changes);
    }
    Ok(())
}
