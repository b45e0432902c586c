//! MULTI, EXEC, DISCARD. Queued commands were looked up and checked when they came; EXEC runs them
//! one after another, and nothing else that has to do with their keys runs meanwhile: all their shards are held, or
//! everything is, if one of the commands needs that.

use crate::client::{Client, Flags, Multi};
use crate::commands::{ContextCall, LocalCall};
use crate::context::ExecContext;
use crate::server::Server;
use crate::table::{Reach, Run, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::keyspace::Hints;

/// Declaration of MULTI.
pub static MULTI: ServerCommand = ServerCommand::new("multi", Group::Transactions, 1, Run::Local(multi))
    .since("1.2.0")
    .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
    .summary("Starts a transaction.")
    .complexity("O(1)");

fn multi(call: &mut LocalCall<'_>, _: Args<'_>) -> Outcome {
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
    ServerCommand::new("discard", Group::Transactions, 1, Run::Context(Reach::Watched, discard))
        .since("2.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .summary("Drops the queued commands of a transaction.")
        .complexity("O(N), when N is the number of queued commands");

fn discard(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    if !call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR DISCARD without MULTI"));
    }
    call.context.discard_transaction(call.client);
    call.reply().ok();
    Ok(())
}

/// Declaration of EXEC.
pub static EXEC: ServerCommand = ServerCommand::new("exec", Group::Transactions, 1, Run::Exec)
    .since("1.2.0")
    .flags(NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG)
    .summary("Runs the queued commands of a transaction.")
    .complexity("Depends on commands in the transaction");

/// Commands see that they are in a transaction: SUBSCRIBE may run in one, but not in a script.
const INSIDE: Flags = Flags::MULTI.union(Flags::DENY_BLOCKING);

impl ExecContext<'_> {
    /// Ends a transaction without running it, and with it all watches.
    pub fn discard_transaction(&mut self, client: &mut Client) {
        client.multi = None;
        client.flags.remove(Flags::MULTI | Flags::DIRTY_EXEC);
        self.unwatch_all(client);
    }

    /// Begins EXEC: what is to be run, up to [`ExecContext::end_exec`]; `None` if a watched key changed, which is
    /// answered.
    pub fn begin_exec(&mut self, client: &mut Client) -> Result<Option<Box<Multi>>, Error> {
        if !client.flags.contains(Flags::MULTI) {
            return Err(Error::fixed("ERR EXEC without MULTI"));
        }
        let is_spoilt = client.flags.contains(Flags::DIRTY_EXEC);
        let is_broken = self.is_broken(client);
        let queued = client.multi.take().unwrap_or_default();
        self.discard_transaction(client);
        if is_spoilt {
            return Err(Error::fixed("EXECABORT Transaction discarded because of previous errors."));
        }
        if is_broken {
            client.reply().null_array();
            return Ok(None);
        }
        client.reply().array(queued.commands.len());
        client.flags.insert(INSIDE);
        self.journal.open();
        Ok(Some(queued))
    }

    /// All commands of a transaction have run.
    pub fn end_exec(&mut self, client: &mut Client) {
        let seconds = self.lane.clock.unix_ms(self.lane.tick).seconds();
        self.journal.close(self.hall.settings.level, seconds);
        client.flags.remove(INSIDE);
    }
}

impl Server {
    /// Runs the transaction of a client.
    pub fn exec(&mut self, client: &mut Client) -> Outcome {
        let Some(queued) = self.context().begin_exec(client)? else { return Ok(()) };
        for (command, args) in &queued.commands {
            self.run(client, *command, args.args(), Hints::NONE);
        }
        self.context().end_exec(client);
        Ok(())
    }
}
