//! PING, ECHO, QUIT, SELECT.

use crate::client::Flags;
use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::text::parse_i64;
use ochre_resp::reply::Protocol;

/// Declaration of PING.
pub static PING: ServerCommand = ServerCommand::new("ping", Group::Connection, -1, Handler::local(ping))
    .flags(FAST | FOR_SUBSCRIBERS | REFUSED_WITH_WRITES)
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .summary("Answers PONG, or the message that was sent.")
    .complexity("O(1)")
    .args(&[Arg::string("message").optional()]);

fn ping(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    if args.len() > 2 {
        return Err(Error::arity("ping"));
    }
    let message = args.try_get(1);
    if call.client.flags.contains(Flags::PUBSUB) && call.client.protocol == Protocol::Resp2 {
        let mut reply = call.reply();
        reply.array(2);
        reply.bulk(b"pong");
        reply.bulk(message.unwrap_or(b""));
        return Ok(());
    }
    match message {
        Some(message) => call.reply().bulk(message),
        None => call.reply().simple("PONG"),
    }
    Ok(())
}

/// Declaration of ECHO.
pub static ECHO: ServerCommand = ServerCommand::new("echo", Group::Connection, 2, Handler::local(echo))
    .flags(LOADING | STALE | FAST)
    .summary("Answers the message that was sent.")
    .complexity("O(1)")
    .args(&[Arg::string("message")]);

fn echo(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    call.reply().bulk(args.get(1));
    Ok(())
}

/// Declaration of QUIT.
pub static QUIT: ServerCommand = ServerCommand::new("quit", Group::Connection, -1, Handler::local(quit))
    .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
    .and_flags(RUNS_IN_MULTI | ENDS_MULTI | FOR_SUBSCRIBERS)
    .deprecated("7.2.0", "just closing the connection")
    .summary("Closes the connection.")
    .complexity("O(1)");

fn quit(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.reply().ok();
    call.client.flags.insert(Flags::CLOSE_AFTER_REPLY);
    Ok(())
}

/// Declaration of SELECT.
pub static SELECT: ServerCommand = ServerCommand::new("select", Group::Connection, 2, Handler::local(select))
    .flags(LOADING | STALE | FAST)
    .summary("Changes the database of the connection.")
    .complexity("O(1)")
    .args(&[Arg::integer("index")]);

fn select(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    call.client.db = db_index(args.get(1), call.scope.shared.settings.databases)?;
    call.reply().ok();
    Ok(())
}

/// The database that an argument names.
pub fn db_index(text: &[u8], dbs: u32) -> Result<DbIndex, Error> {
    let number = parse_i64(text).filter(|n| i32::try_from(*n).is_ok()).ok_or(Error::NOT_INTEGER)?;
    match u32::try_from(number) {
        Ok(number) if number < dbs => Ok(DbIndex(number)),
        _ => Err(Error::fixed("ERR DB index is out of range")),
    }
}
