//! Commands in the exclusive mode: those that need the process, and with one worker all.

use super::batch_executor::{BatchExecutor, Tried};
use super::group::Queue;
use super::shared::SPECIAL;
use crate::client::{Client, Flags, PendingInput};
use crate::exec::Step;
use crate::plan::Planned;
use crate::server::Server;
use crate::table::Run;

impl Server {
    /// Runs commands of a client until they are done, it has to wait (true), or the next one `shares` the server
    /// with other workers.
    pub(super) fn run_commands(
        &mut self,
        client: &mut Client,
        pending: &mut PendingInput,
        queue: Queue<'_>,
        shares: impl Fn(&Server, &Client, &PendingInput) -> bool,
    ) -> bool {
        let offset = queue.first - pending.next;
        if client.flags.contains(Flags::CLOSE_ASAP) {
            // Somebody closed it before the exclusive mode was reached.
            pending.next = pending.batch.len();
        }
        while pending.next < pending.batch.len() {
            let queue = Queue { first: offset + pending.next, ..queue };
            match self.run_batch(client, pending, queue) {
                Tried::Done => {}
                Tried::Waits => return true,
                Tried::NotHere => {
                    let args = pending.batch.args(pending.next, queue.query.bytes());
                    match self.execute(client, queue.plan.get(offset + pending.next), args) {
                        Step::Done => pending.next += 1,
                        Step::Blocked => {
                            pending.next += 1;
                            return true;
                        }
                        Step::Held => return true,
                    }
                }
            }
            if client.output.is_over_limit() {
                self.exceeds_output_limit(client);
            }
            if client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP) || self.shutdown {
                pending.next = pending.batch.len();
            } else if pending.next < pending.batch.len() && shares(self, client, pending) {
                return false;
            }
        }
        false
    }

    /// The only worker runs the next commands of a client the short way, as far as nothing stands in their way. Returns how
    /// the last one ended that was tried; all before it are done.
    fn run_batch(&mut self, client: &mut Client, pending: &mut PendingInput, queue: Queue<'_>) -> Tried {
        let runs_in_context = |planned: Planned<'_>| {
            let entry = planned.command.map(|id| self.commands.get(id));
            entry.is_some_and(|entry| matches!(entry.run, Run::Data(_) | Run::Context(..)))
        };
        if self.desks.len() > 1
            || client.flags.intersects(SPECIAL | Flags::PUBSUB)
            || !runs_in_context(queue.plan.get(queue.first))
            || self.limits_clients_memory()
            || !self.is_unrestricted()
        {
            return Tried::NotHere;
        }
        let has_limit = self.settings.maxmemory > 0;
        let room = if has_limit { self.room() } else { None };
        if has_limit && room.is_none() {
            // Something has to be evicted first.
            return Tried::NotHere;
        }
        let mut executor = BatchExecutor::alone(self.context(), room);
        let size = pending.batch.len() - pending.next;
        let tried = executor.run(client, pending, queue, size);
        let messages = executor.into_messages();
        if !messages.is_empty() {
            self.hand_over_all(client, messages);
        }
        tried
    }
}
