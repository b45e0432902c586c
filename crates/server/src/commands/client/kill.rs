//! CLIENT KILL: closes the connection with an address, or the connections that fit all options.

use super::list::client_type;
use super::{USUAL, sub};
use crate::client::{Client, ClientType, Flags};
use crate::exec::{Handler, ServerCall, ServerCommand};
use ochre_engine::command::flags::*;
use ochre_engine::command::{Arg, Args, Error, Outcome};
use ochre_engine::level::Level;
use ochre_resp::digits::parse_i64;

pub(super) const KILL: ServerCommand = sub("kill", -3, Handler::exclusive(kill))
    .since("2.4.0")
    .flags(USUAL | ADMIN)
    .summary("Closes connections.")
    .complexity("O(N) with N connections")
    .history(&[
        ("2.8.12", "Can choose by options."),
        ("2.8.12", "Can choose by number."),
        ("3.2.0", "Knows the type `master`."),
        ("5.0.0", "Calls the type `slave` `replica`, too."),
        ("6.2.0", "Can choose by local address."),
    ])
    .args(&[Arg::one_of(
        "filter",
        &[
            Arg::string("old-format").display("ip:port").deprecated_since("2.8.12"),
            Arg::one_of("new-format", OPTIONS).multiple(),
        ],
    )]);

const OPTIONS: &[Arg] = &[
    Arg::integer("client-id").token("ID").optional().since("2.8.12"),
    Arg::one_of(
        "client-type",
        &[
            Arg::word("normal", "normal"),
            Arg::word("master", "master").since("3.2.0"),
            Arg::word("slave", "slave"),
            Arg::word("replica", "replica").since("5.0.0"),
            Arg::word("pubsub", "pubsub"),
        ],
    )
    .token("TYPE")
    .optional()
    .since("2.8.12"),
    Arg::string("username").token("USER").optional(),
    Arg::string("addr").display("ip:port").token("ADDR").optional(),
    Arg::string("laddr").display("ip:port").token("LADDR").optional().since("6.2.0"),
    Arg::one_of("skipme", &[Arg::word("yes", "YES"), Arg::word("no", "NO")]).token("SKIPME").optional(),
];

/// The conditions on connections that are closed.
#[derive(Default)]
struct Filter<'a> {
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    kind: Option<ClientType>,
    id: Option<u64>,
    spares_caller: bool,
}

impl<'a> Filter<'a> {
    fn parse(args: Args<'a>, level: Level) -> Result<Filter<'a>, Error> {
        let mut filter = Filter { spares_caller: true, ..Filter::default() };
        let mut at = 0;
        while at < args.len() {
            let value = args.try_get(at + 1).ok_or(Error::SYNTAX)?;
            filter.option(args.get(at), value, level)?;
            at += 2;
        }
        Ok(filter)
    }

    fn option(&mut self, name: &[u8], value: &'a [u8], level: Level) -> Outcome {
        let has_users = level >= Level::V6_2;
        match name.to_ascii_lowercase().as_slice() {
            b"id" => {
                let id = parse_i64(value).filter(|id| *id > 0);
                let id = id.ok_or(Error::fixed("ERR client-id should be greater than 0"))?;
                self.id = Some(id as u64);
            }
            b"type" => self.kind = Some(client_type(value)?),
            b"addr" => self.address = Some(value),
            b"laddr" if has_users => self.local_address = Some(value),
            b"user" if has_users && value == b"default" => {}
            b"user" if has_users => return Err(Error::quoting(&[b"ERR No such user '", value, b"'"])),
            b"skipme" if value.eq_ignore_ascii_case(b"yes") => self.spares_caller = true,
            b"skipme" if value.eq_ignore_ascii_case(b"no") => self.spares_caller = false,
            _ => return Err(Error::SYNTAX),
        }
        Ok(())
    }

    fn fits(&self, client: &Client) -> bool {
        self.address.is_none_or(|address| client.address.as_bytes() == address)
            && self.local_address.is_none_or(|address| client.local_address.as_bytes() == address)
            && self.kind.is_none_or(|kind| client.kind() == kind)
            && self.id.is_none_or(|id| client.id.0 == id)
    }
}

fn kill(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let is_old_form = args.len() == 3;
    let filter = if is_old_form {
        Filter { address: Some(args.get(2)), ..Filter::default() }
    } else {
        Filter::parse(args.from(2), call.scope.shared.settings.level)?
    };
    let killed = close_all(call, &filter);
    match (is_old_form, killed) {
        (true, 0) => return Err(Error::fixed("ERR No such client")),
        (true, _) => call.reply().ok(),
        (false, _) => call.reply().count(killed),
    }
    Ok(())
}

/// Closes the connections that fit; the caller's gets its reply first.
fn close_all(call: &mut ServerCall<'_>, filter: &Filter<'_>) -> usize {
    let mut killed = 0;
    for id in call.scope.clients.ids() {
        if !call.find(id).is_some_and(|(client, _)| filter.fits(client)) {
            continue;
        }
        if id != call.client.id {
            call.scope.kill(id);
        } else if filter.spares_caller {
            continue;
        } else {
            call.client.flags.insert(Flags::CLOSE_AFTER_REPLY);
        }
        killed += 1;
    }
    killed
}
