//! MULTI, EXEC, DISCARD. Queued commands are looked up and checked when they come. EXEC runs them one after another. No
//! command on the same keys runs meanwhile: EXEC holds the shards of all its commands, or the exclusive mode if one of
//! the commands needs it.

use crate::client::Flags;
use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::table::Reach;
use ochre_engine::command::*;

/// Declaration of MULTI.
pub static MULTI: ServerCommand = ServerCommand::new("multi", Group::Transactions, 1, Handler::local(multi))
    .since("1.2.0")
    .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY | RUNS_IN_MULTI)
    .summary("Starts a transaction.")
    .complexity("O(1)");

fn multi(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    if call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR MULTI calls can not be nested"));
    }
    call.client.flags.insert(Flags::MULTI);
    call.client.multi = Some(Box::default());
    call.reply().ok();
    Ok(())
}

/// Declaration of DISCARD.
pub static DISCARD: ServerCommand =
    ServerCommand::new("discard", Group::Transactions, 1, Handler::over(Reach::Watched, discard))
        .since("2.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY | RUNS_IN_MULTI | ENDS_MULTI)
        .summary("Drops the queued commands of a transaction.")
        .complexity("O(N), when N is the number of queued commands");

fn discard(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    if !call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR DISCARD without MULTI"));
    }
    call.scope.discard_transaction(call.client);
    call.reply().ok();
    Ok(())
}

/// Declaration of EXEC.
pub static EXEC: ServerCommand = ServerCommand::new("exec", Group::Transactions, 1, Handler::EXEC)
    .since("1.2.0")
    .flags(NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG | RUNS_IN_MULTI | ENDS_MULTI)
    .summary("Runs the queued commands of a transaction.")
    .complexity("Depends on commands in the transaction");
