//! CLIENT LIST and CLIENT INFO.

use super::{USUAL, sub};
use crate::client::ClientType;
use crate::exec::{ContextCall, Handler, ServerCall, ServerCommand};
use ochre_engine::command::flags::*;
use ochre_engine::command::{Arg, Args, Error, Outcome};
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_resp::digits::parse_i64;

pub(super) const INFO: ServerCommand = sub("info", 2, Handler::local(info))
    .since("6.2.0")
    .summary("Describes the connection.")
    .tips(&["nondeterministic_output"]);

pub(super) const LIST: ServerCommand = sub("list", -2, Handler::exclusive(list))
    .since("2.4.0")
    .flags(USUAL | ADMIN)
    .summary("Describes the open connections.")
    .complexity("O(N) with N connections")
    .tips(&["nondeterministic_output"])
    .history(&[
        ("2.8.12", "Shows the number of a connection."),
        ("5.0.0", "Can choose by type."),
        ("6.0.0", "Shows the user."),
        ("6.2.0", "Shows memory, local address and redirection; can choose by number."),
        ("7.0.0", "Shows protocol, memory of the transaction, size and peak of the reply buffer."),
        ("7.0.3", "Shows the number of shard channels."),
    ])
    .args(&[
        Arg::one_of(
            "client-type",
            &[
                Arg::word("normal", "normal"),
                Arg::word("master", "master"),
                Arg::word("replica", "replica"),
                Arg::word("pubsub", "pubsub"),
            ],
        )
        .token("TYPE")
        .optional()
        .since("5.0.0"),
        Arg::integer("client-id").token("ID").optional().multiple().since("6.2.0"),
    ]);

fn info(call: &mut ContextCall<'_, '_>, _args: Args<'_>) -> Outcome {
    let line = call.client.describe(call.scope.shared.setup(), call.scope.state.tick) + "\n";
    call.reply().verbatim(b"txt", line);
    Ok(())
}

fn list(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let option = args.try_get(2).unwrap_or_default();
    let level = call.scope.shared.settings.level;
    let lines = if args.len() == 2 {
        describe_all(call, None)
    } else if args.len() == 4 && option.eq_ignore_ascii_case(b"type") && level >= Level::V5_0 {
        describe_all(call, Some(client_type(args.get(3))?))
    } else if args.len() > 3 && option.eq_ignore_ascii_case(b"id") && level >= Level::V6_2 {
        describe_ids(call, args.from(3))?
    } else {
        return Err(Error::SYNTAX);
    };
    call.reply().verbatim(b"txt", lines);
    Ok(())
}

/// The type of clients with this name, for TYPE filters.
pub(super) fn client_type(name: &[u8]) -> Result<ClientType, Error> {
    ClientType::parse(name).ok_or_else(|| Error::quoting(&[b"ERR Unknown client type '", name, b"'"]))
}

fn describe_all(call: &mut ServerCall<'_>, wanted: Option<ClientType>) -> String {
    let (mut lines, now) = (String::new(), call.scope.state.tick);
    for id in call.scope.clients.ids() {
        let Some((client, setup)) = call.find(id) else { continue };
        if wanted.is_none_or(|wanted| client.kind() == wanted) {
            lines.push_str(&client.describe(setup, now));
            lines.push('\n');
        }
    }
    lines
}

fn describe_ids(call: &mut ServerCall<'_>, ids: Args<'_>) -> Result<String, Error> {
    let (mut lines, now) = (String::new(), call.scope.state.tick);
    for id in ids.iter() {
        let id = parse_i64(id).ok_or(Error::fixed("ERR Invalid client ID"))?;
        if let Some((client, setup)) = call.find(ClientId(id as u64)) {
            lines.push_str(&client.describe(setup, now));
            lines.push('\n');
        }
    }
    Ok(lines)
}
