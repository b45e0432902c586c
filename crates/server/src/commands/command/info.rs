//! COMMAND and COMMAND INFO: name, arity, flags, keys, categories, tips, subcommands.
//!
//! ```text
//! up to 5.0    name arity flags first-key last-key step
//! 6.2          and ACL categories; keys of subcommands are shown with the container
//! since 7.0    and tips, key specifications, subcommands
//! ```

use super::{subcommands, write_flags};
use crate::exec::ContextCall;
use crate::table::{CommandId, CommandTable, Entry};
use ochre_engine::command::*;
use ochre_engine::level::Level;
use ochre_resp::reply::Reply;

pub(super) fn info(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    if args.len() == 2 && call.scope.shared.settings.level >= Level::V7_0 {
        return all(call, args);
    }
    let (server, client) = (call.scope.shared, &mut *call.client);
    let mut reply = client.reply();
    reply.array(args.len() - 2);
    for name in args.iter().skip(2) {
        match server.commands.find_full(name) {
            Some(id) => write(&mut reply, &server.commands, id, server.settings.level),
            None => reply.null(),
        }
    }
    Ok(())
}

pub(super) fn all(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let (server, client) = (call.scope.shared, &mut *call.client);
    let ids: Vec<CommandId> = server.commands.top_level().map(|(id, _)| id).collect();
    let mut reply = client.reply();
    reply.array(ids.len());
    ids.into_iter().for_each(|id| write(&mut reply, &server.commands, id, server.settings.level));
    Ok(())
}

fn write(reply: &mut Reply<'_>, table: &CommandTable, id: CommandId, level: Level) {
    let entry = table.get(id);
    let meta = entry.meta;
    reply.array(match level {
        Level::V4_0 | Level::V5_0 => 6,
        Level::V6_2 => 7,
        _ => 10,
    });
    reply.bulk(&*entry.full_name);
    reply.int(entry.arity.into());
    let flags = flag_names(entry, level);
    reply.set(flags.len());
    flags.into_iter().for_each(|name| reply.simple(name));
    let subs = subcommands(table, id);
    let (first, last, step) = if level < Level::V7_0 && meta.keys.is_empty() {
        let ranges = subs.iter().map(|sub| table.get(*sub).meta.legacy_range());
        ranges.max_by_key(|range| range.0).unwrap_or_default()
    } else {
        meta.legacy_range()
    };
    [first, last, step].into_iter().for_each(|number| reply.int(number));
    if level >= Level::V6_2 {
        write_categories(reply, meta);
    }
    if level >= Level::V7_0 {
        reply.set(entry.tips.len());
        entry.tips.iter().for_each(|tip| reply.bulk(tip));
        reply.set(meta.keys.len());
        meta.keys.iter().for_each(|spec| write_key_spec(reply, spec));
        reply.array(subs.len());
        subs.into_iter().for_each(|sub| write(reply, table, sub, level));
    }
}

/// Flags that came with 7.0.
const NEW_FLAGS: Flags = BLOCKING | NO_MANDATORY_KEYS | NO_ASYNC_LOADING | NO_MULTI | ALLOW_BUSY;

/// Tips that were flags before 7.0.
const OLD_FLAGS: [(&str, &str); 2] =
    [("nondeterministic_output", "random"), ("nondeterministic_output_order", "sort_for_script")];

/// The names of the flags of a command at a level.
fn flag_names(entry: &Entry, level: Level) -> Vec<&'static str> {
    let movable = if entry.meta.has_movable_keys() { MOVABLE_KEYS } else { 0 };
    let mut flags = entry.flags & !MOVABLE_KEYS | movable;
    let mut names = Vec::new();
    if level < Level::V7_0 {
        flags &= !NEW_FLAGS;
        names.extend(OLD_FLAGS.iter().filter(|(tip, _)| entry.tips.contains(tip)).map(|(_, name)| *name));
    }
    names.extend(FLAG_NAMES.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name));
    names
}

fn write_categories(reply: &mut Reply<'_>, meta: &Meta) {
    let categories = meta.categories();
    let names: Vec<String> = CATEGORY_NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| categories >> bit & 1 != 0)
        .map(|(_, name)| format!("@{name}"))
        .collect();
    reply.set(names.len());
    names.iter().for_each(|name| reply.simple(name));
}

/// A number of a key specification with its name.
type Field = (&'static str, i64);

fn write_key_spec(reply: &mut Reply<'_>, spec: &KeySpec) {
    reply.map(if spec.notes.is_some() { 4 } else { 3 });
    if let Some(notes) = spec.notes {
        reply.bulk("notes");
        reply.bulk(notes);
    }
    reply.bulk("flags");
    write_flags(reply, &KEY_FLAG_NAMES, |flag| spec.flags & flag != 0);
    reply.bulk("begin_search");
    match spec.begin {
        Begin::Index(at) => write_step(reply, "index", None, &[("index", at as i64)]),
        Begin::Keyword(word, from) => {
            write_step(reply, "keyword", Some(word), &[("startfrom", from as i64)]);
        }
        Begin::Unknown => write_step(reply, "unknown", None, &[]),
    }
    reply.bulk("find_keys");
    match spec.find {
        Find::Range { last, step, limit } => write_step(
            reply,
            "range",
            None,
            &[("lastkey", last as i64), ("keystep", step as i64), ("limit", limit as i64)],
        ),
        Find::Count { count, first, step } => write_step(
            reply,
            "keynum",
            None,
            &[("keynumidx", count as i64), ("firstkey", first as i64), ("keystep", step as i64)],
        ),
        Find::Unknown => write_step(reply, "unknown", None, &[]),
    }
}

/// One of the two steps of a key specification.
fn write_step(reply: &mut Reply<'_>, kind: &str, keyword: Option<&str>, fields: &[Field]) {
    reply.map(2);
    reply.bulk("type");
    reply.bulk(kind);
    reply.bulk("spec");
    reply.map(fields.len() + usize::from(keyword.is_some()));
    if let Some(keyword) = keyword {
        reply.bulk("keyword");
        reply.bulk(keyword);
    }
    for (name, number) in fields {
        reply.bulk(name);
        reply.int(*number);
    }
}
