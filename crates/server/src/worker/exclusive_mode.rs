//! Commands in the exclusive mode: those that need the process, and with one worker all.

use super::batch_executor::BatchExecutor;
use super::queue::Queue;
use super::shared_mode::SPECIAL;
use crate::client::{Client, Flags, PendingInput};
use crate::exec::{Progress, execute};
use crate::server::Server;

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
        let offset = queue.first.wrapping_sub(pending.next);
        if client.flags.contains(Flags::CLOSE_ASAP) {
            // Another worker closed it before the exclusive mode was reached.
            pending.next = pending.batch.len();
        }
        while pending.next < pending.batch.len() {
            let queue = Queue { first: offset.wrapping_add(pending.next), ..queue };
            let mut progress = self.run_batch(client, pending, queue);
            if progress == Progress::Escalates {
                let args = pending.batch.args(pending.next, queue.query.bytes());
                let planned = queue.plan.get(offset.wrapping_add(pending.next));
                progress = execute(self, client, planned, args);
                if progress != Progress::Held {
                    pending.next += 1;
                }
            }
            if progress != Progress::Done {
                return true;
            }
            if client.output.is_over_limit() {
                self.exceeds_output_limit(client);
            }
            if client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP) || self.shared.shutdown {
                pending.next = pending.batch.len();
            } else if pending.next < pending.batch.len() && shares(self, client, pending) {
                return false;
            }
        }
        false
    }

    /// The only worker runs the next commands of a client over one context, as far as nothing stands in their way. Returns
    /// what became of the last one that was tried; all before it are done.
    fn run_batch(&mut self, client: &mut Client, pending: &mut PendingInput, queue: Queue<'_>) -> Progress {
        if self.workers.len() > 1
            || client.flags.intersects(SPECIAL | Flags::PUBSUB)
            || !self.shared.is_unrestricted()
        {
            return Progress::Escalates;
        }
        let has_limit = self.shared.settings.maxmemory > 0;
        let headroom = if has_limit { self.headroom() } else { None };
        if has_limit && headroom.is_none() {
            // Something has to be evicted first.
            return Progress::Escalates;
        }
        let mut executor = BatchExecutor::new(self.context(), headroom);
        let size = pending.batch.len() - pending.next;
        let progress = executor.run(client, pending, queue, size);
        let messages = executor.into_messages();
        if !messages.is_empty() {
            self.deliver_beside(client, messages);
        }
        progress
    }
}
