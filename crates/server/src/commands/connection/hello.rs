//! HELLO: the choice of the protocol, and facts about the server.

use crate::commands::client::{check_name, set_name};
use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::secrets;
use ochre_engine::command::*;
use ochre_engine::level::Level;
use ochre_engine::text::parse_i64;
use ochre_resp::reply::Protocol;

/// Declaration of HELLO.
pub static HELLO: ServerCommand = ServerCommand::new("hello", Group::Connection, -1, Handler::local(hello))
    .since("6.0.0")
    .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
    .secret_finder(|args| secrets::behind(args, b"AUTH", 2))
    .summary("Chooses the protocol, and describes the server.")
    .complexity("O(1)")
    .history(&[("6.2.0", "May come without a version, which then does not change.")])
    .args(&[Arg::block(
        "arguments",
        &[
            Arg::integer("protover"),
            Arg::block("auth", &[Arg::string("username"), Arg::string("password")]).token("AUTH").optional(),
            Arg::string("clientname").token("SETNAME").optional(),
        ],
    )
    .optional()]);

/// The options of a call.
#[derive(Default)]
struct Wishes<'a> {
    protocol: Option<Protocol>,
    user: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

impl<'a> Wishes<'a> {
    fn parse(args: Args<'a>) -> Result<Wishes<'a>, Error> {
        let mut wishes = Wishes { protocol: args.try_get(1).map(version).transpose()?, ..Wishes::default() };
        let mut at = 2;
        while at < args.len() {
            let option = args.get(at);
            let more = args.len() - 1 - at;
            if option.eq_ignore_ascii_case(b"auth") && more >= 2 {
                wishes.user = Some((args.get(at + 1), args.get(at + 2)));
                at += 3;
            } else if option.eq_ignore_ascii_case(b"setname") && more >= 1 {
                check_name(args.get(at + 1))?;
                wishes.name = Some(args.get(at + 1));
                at += 2;
            } else {
                return Err(Error::quoting(&[b"ERR Syntax error in HELLO option '", option, b"'"]));
            }
        }
        Ok(wishes)
    }
}

fn version(text: &[u8]) -> Result<Protocol, Error> {
    match parse_i64(text) {
        None => Err(Error::fixed("ERR Protocol version is not an integer or out of range")),
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(Error::fixed("NOPROTO unsupported protocol version")),
    }
}

fn hello(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let wishes = Wishes::parse(args)?;
    if let Some((user, password)) = wishes.user {
        call.scope.shared.setup().authenticate(call.client, user, password)?;
    }
    if call.scope.shared.setup().must_authenticate(call.client) {
        return Err(unauthenticated(call.scope.shared.settings.level));
    }
    if let Some(name) = wishes.name {
        set_name(call.client, name)?;
    }
    if let Some(protocol) = wishes.protocol {
        call.client.protocol = protocol;
    }
    describe(call);
    Ok(())
}

/// The error of a client that has to authenticate. Its advice was corrected in 7.2.
fn unauthenticated(level: Level) -> Error {
    let option = if level < Level::V7_2 { "HELLO AUTH" } else { "HELLO <proto> AUTH" };
    Error::new(format!(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the {option} <user> <pass> \
         option can be used to authenticate the client and select the RESP protocol version at the same time"
    ))
}

fn describe(call: &mut ContextCall<'_, '_>) {
    let version = call.scope.shared.settings.level.version();
    let (protocol, id) = (call.client.protocol.number(), call.client.id.0 as i64);
    let mut reply = call.reply();
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk(version);
    reply.bulk("proto");
    reply.int(protocol);
    reply.bulk("id");
    reply.int(id);
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.array(0);
}
