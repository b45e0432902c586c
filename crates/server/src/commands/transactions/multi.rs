//! MULTI, EXEC, DISCARD. Queued commands were looked up and checked when they came; EXEC runs them
//! one after another, as nothing else runs meanwhile.

use crate::client::{Client, Flags};
use crate::commands::Call;
use crate::server::Server;
use crate::table::{Run, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::keyspace::Hints;

/// Declaration of MULTI.
pub static MULTI: ServerCommand = ServerCommand::new("multi", Group::Transactions, 1, Run::Server(multi))
    .since("1.2.0")
    .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
    .summary("Starts a transaction.")
    .complexity("O(1)");

fn multi(call: &mut Call<'_>, _: Args<'_>) -> Outcome {
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
    ServerCommand::new("discard", Group::Transactions, 1, Run::Server(discard))
        .since("2.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .summary("Drops the queued commands of a transaction.")
        .complexity("O(N), when N is the number of queued commands");

fn discard(call: &mut Call<'_>, _: Args<'_>) -> Outcome {
    if !call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR DISCARD without MULTI"));
    }
    call.server.discard_transaction(call.client);
    call.reply().ok();
    Ok(())
}

/// Declaration of EXEC.
pub static EXEC: ServerCommand = ServerCommand::new("exec", Group::Transactions, 1, Run::Server(exec))
    .since("1.2.0")
    .flags(NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG)
    .summary("Runs the queued commands of a transaction.")
    .complexity("Depends on commands in the transaction");

fn exec(call: &mut Call<'_>, _: Args<'_>) -> Outcome {
    if !call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR EXEC without MULTI"));
    }
    let is_broken = call.server.floor().is_broken(call.client);
    if call.client.flags.contains(Flags::DIRTY_EXEC) {
        call.server.discard_transaction(call.client);
        return Err(Error::fixed("EXECABORT Transaction discarded because of previous errors."));
    }
    if is_broken {
        call.server.discard_transaction(call.client);
        call.reply().null_array();
        return Ok(());
    }
    let queued = call.client.multi.take().unwrap_or_default();
    call.server.discard_transaction(call.client);
    call.reply().array(queued.commands.len());
    // Commands see that they are in a transaction: SUBSCRIBE may run in one, but not in a script.
    let inside = Flags::MULTI | Flags::DENY_BLOCKING;
    call.client.flags.insert(inside);
    call.server.open_unit();
    for (command, args) in &queued.commands {
        call.server.run(call.client, *command, args.args(), Hints::NONE);
    }
    call.server.close_unit();
    call.client.flags.remove(inside);
    Ok(())
}

impl Server {
    /// Ends a transaction without running it, and with it all watches.
    pub fn discard_transaction(&mut self, client: &mut Client) {
        client.multi = None;
        client.flags.remove(Flags::MULTI | Flags::DIRTY_EXEC);
        self.floor().unwatch_all(client);
    }
}
