//! COMMAND DOCS: the documentation of commands.

use super::{subcommands, write_flags};
use crate::exec::ContextCall;
use crate::table::{CommandId, CommandTable};
use ochre_engine::command::*;
use ochre_engine::level::Level;
use ochre_resp::reply::Reply;

pub(super) fn docs(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let (server, client) = (call.scope.shared, &mut *call.client);
    let table = &server.commands;
    let ids: Vec<CommandId> = match args.len() {
        2 => table.top_level().map(|(id, _)| id).collect(),
        _ => args.iter().skip(2).filter_map(|name| table.find_full(name)).collect(),
    };
    let mut reply = client.reply();
    reply.map(ids.len());
    for id in ids {
        reply.bulk(&*table.get(id).full_name);
        write(&mut reply, table, id, server.settings.level);
    }
    Ok(())
}

fn write(reply: &mut Reply<'_>, table: &CommandTable, id: CommandId, level: Level) {
    let meta = table.get(id).meta;
    let deprecated = meta.deprecated.filter(|(version, _)| Level::of_version(version) <= level);
    let history: Vec<_> =
        meta.history.iter().filter(|(version, _)| Level::of_version(version) <= level).collect();
    let subs = subcommands(table, id);
    let texts: Vec<(&str, &str)> = [
        ("summary", Some(meta.summary)),
        ("since", Some(meta.since)),
        ("group", Some(meta.group.name())),
        ("complexity", Some(meta.complexity)),
    ]
    .into_iter()
    .filter_map(|(name, text)| text.filter(|text| !text.is_empty()).map(|text| (name, text)))
    .collect();
    let doc_flags = [(deprecated.is_some(), "deprecated"), (meta.is_system, "syscmd")];
    let has_doc_flags = doc_flags.iter().any(|(is_set, _)| *is_set);
    let count = texts.len()
        + usize::from(has_doc_flags)
        + 2 * usize::from(deprecated.is_some())
        + usize::from(!history.is_empty())
        + usize::from(!meta.args.is_empty())
        + usize::from(!subs.is_empty());
    reply.map(count);
    for (name, text) in texts {
        reply.bulk(name);
        reply.bulk(text);
    }
    if has_doc_flags {
        reply.bulk("doc_flags");
        write_flags(reply, &doc_flags, |is_set| is_set);
    }
    if let Some((version, instead)) = deprecated {
        reply.bulk("deprecated_since");
        reply.bulk(version);
        reply.bulk("replaced_by");
        reply.bulk(instead);
    }
    write_history(reply, &history);
    if !meta.args.is_empty() {
        reply.bulk("arguments");
        write_args(reply, meta.args, level);
    }
    if !subs.is_empty() {
        reply.bulk("subcommands");
        reply.map(subs.len());
        for sub in subs {
            reply.bulk(&*table.get(sub).full_name);
            write(reply, table, sub, level);
        }
    }
}

fn write_history(reply: &mut Reply<'_>, history: &[&(&str, &str)]) {
    if history.is_empty() {
        return;
    }
    reply.bulk("history");
    reply.set(history.len());
    for (version, change) in history {
        reply.array(2);
        reply.bulk(version);
        reply.bulk(change);
    }
}

/// Writes the arguments that exist at the level.
fn write_args(reply: &mut Reply<'_>, args: &[Arg], level: Level) {
    let known = |arg: &&Arg| arg.since.is_none_or(|version| Level::of_version(version) <= level);
    reply.array(args.iter().filter(known).count());
    args.iter().filter(known).for_each(|arg| write_arg(reply, arg, level));
}

/// A function that tells whether an argument has a flag.
type HasFlag = fn(&Arg) -> bool;

/// The flags of an argument with their names.
const ARG_FLAGS: [(HasFlag, &str); 3] = [
    (|arg| arg.optional, "optional"),
    (|arg| arg.multiple, "multiple"),
    (|arg| arg.multiple_token, "multiple_token"),
];

fn write_arg(reply: &mut Reply<'_>, arg: &Arg, level: Level) {
    let has_parts = matches!(arg.kind, ArgType::OneOf | ArgType::Block);
    let has_flags = ARG_FLAGS.iter().any(|(is_set, _)| is_set(arg));
    let key_spec = if let ArgType::Key(spec) = arg.kind { Some(spec) } else { None };
    let texts: Vec<(&str, &str)> = [
        ("name", Some(arg.name)),
        ("type", Some(arg.kind.name())),
        ("display_text", (!has_parts && level >= Level::V7_2).then_some(arg.display.unwrap_or(arg.name))),
        ("token", arg.token),
        ("since", arg.since),
        ("deprecated_since", arg.deprecated_since),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text?)))
    .collect();
    reply
        .map(texts.len() + usize::from(key_spec.is_some()) + usize::from(has_flags) + usize::from(has_parts));
    for (name, text) in texts {
        // Redis writes the key specification between the display text and the token.
        if name == "token" {
            write_key_spec_index(reply, key_spec);
        }
        reply.bulk(name);
        reply.bulk(text);
    }
    if arg.token.is_none() {
        write_key_spec_index(reply, key_spec);
    }
    if has_flags {
        reply.bulk("flags");
        write_flags(reply, &ARG_FLAGS, |is_set| is_set(arg));
    }
    if has_parts {
        reply.bulk("arguments");
        write_args(reply, arg.parts, level);
    }
}

fn write_key_spec_index(reply: &mut Reply<'_>, key_spec: Option<u8>) {
    if let Some(spec) = key_spec {
        reply.bulk("key_spec_index");
        reply.int(spec.into());
    }
}
