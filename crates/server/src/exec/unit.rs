//! Units: several commands of one client that run as a whole.
//!
//! Nothing else that has to do with their keys runs meanwhile: all their shards are held, or everything is. Their replies
//! go into the client's output one after the other, and what they did is one unit of the log.

use super::call::Scope;
use super::context::ExecContext;
use super::execute::{Progress, call};
use crate::client::{Client, Flags, Multi};
use crate::shared::SharedState;
use crate::table::{CommandId, Reach};
use ochre_engine::command::{Error, Outcome, PUBSUB};
use ochre_engine::keyspace::Hints;

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
        self.state.journal.open();
        self.outlet.begin_unit();
        Ok(Some(queued))
    }

    /// All commands of a transaction have run.
    pub fn end_exec(&mut self, client: &mut Client) {
        let seconds = self.state.now().seconds();
        self.state.journal.close(self.shared.settings.level, seconds);
        client.flags.remove(INSIDE);
        let kept = self.outlet.end_unit();
        if !kept.is_empty() {
            let (shared, messages) = (self.shared, self.messages());
            // All subscribers and monitors get them in one order.
            let (_topics, _monitors) = (shared.pubsub.registry(), shared.monitors.order());
            kept.into_iter().for_each(|message| messages.push(message));
        }
    }
}

/// Runs the transaction of a client. `None`: one of its commands needs more than the scope has, and nothing has happened.
#[inline(never)]
pub(super) fn exec<S: Scope>(scope: &mut S, client: &mut Client) -> Option<Outcome> {
    if scope.server().is_none() && !fits_context(scope.shared(), client) {
        return None;
    }
    let queued = match scope
        .with_context(client, |context: &mut ExecContext<'_>, client: &mut Client| context.begin_exec(client))
    {
        Ok(Some(queued)) => queued,
        Ok(None) => return Some(Ok(())),
        Err(error) => return Some(Err(error)),
    };
    for (command, args) in &queued.commands {
        let progress = call(scope, client, *command, Hints::NONE, args.args());
        debug_assert!(progress != Progress::Escalates, "what a transaction needs is known before it begins");
    }
    scope.with_context(client, |context: &mut ExecContext<'_>, client: &mut Client| context.end_exec(client));
    Some(Ok(()))
}

/// Answers that EXEC is refused, which ends the transaction as well.
pub(super) fn refuse<S: Scope>(scope: &mut S, client: &mut Client, exec: CommandId, error: &Error) {
    scope.with_context(client, |context: &mut ExecContext<'_>, client: &mut Client| {
        context.discard_transaction(client)
    });
    let reason = error.text().strip_prefix(b"ERR ").unwrap_or(error.text());
    let text = [b"EXECABORT Transaction discarded because of: ", reason].concat();
    let stats = &scope.state().stats;
    stats.rejected(exec);
    stats.error_replied(&text);
    client.reply().error(text);
}

/// Whether all commands that a client has queued can run over a context whose shards stay the same.
fn fits_context(shared: &SharedState, client: &Client) -> bool {
    let queued = client.multi.as_ref().into_iter().flat_map(|multi| &multi.commands);
    queued.map(|(command, _)| shared.commands.get(*command)).all(|entry| match entry.reach {
        Reach::OneKey | Reach::Keys | Reach::Audience => true,
        // Its own messages follow the transaction, and those of others stop with the subscription.
        Reach::Local => entry.flags & PUBSUB == 0,
        Reach::Walk | Reach::Survey | Reach::Watched | Reach::Queue | Reach::Process => false,
    })
}
