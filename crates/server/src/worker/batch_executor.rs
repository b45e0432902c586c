//! Runs the commands of one client one after the other over one context, in either mode, while the server is unrestricted.
//!
//! The context is made once for all of them: that is what makes this the fast path. A command that needs more escalates
//! and is run with the whole server as its scope.

use super::queue::Queue;
use super::shared_mode::needs_memory;
use crate::client::{Client, Flags, PendingInput};
use crate::eviction::Headroom;
use crate::exec::{ExecContext, Planned, Progress, execute};
use crate::mailboxes::ClientMessage;

/// Commands of one client over one context.
pub(super) struct BatchExecutor<'a> {
    context: ExecContext<'a>,
    /// If there is a limit on memory.
    headroom: Option<Headroom>,
}

impl<'a> BatchExecutor<'a> {
    /// An executor over the shards that all commands of the batch need.
    pub fn new(context: ExecContext<'a>, headroom: Option<Headroom>) -> BatchExecutor<'a> {
        BatchExecutor { context, headroom }
    }

    /// Runs the next commands of a client, `size` of them at most, and, but for the first, as long as there is memory for
    /// each. Returns what became of the last one that was tried; all before it are done.
    // One copy for both modes, with all in it.
    #[inline(never)]
    pub fn run(
        &mut self,
        client: &mut Client,
        pending: &mut PendingInput,
        queue: Queue<'_>,
        size: usize,
    ) -> Progress {
        let mut progress = Progress::Done;
        for at in 0..size {
            let (planned, args) =
                (queue.plan.get(queue.first + at), pending.batch.args(pending.next, queue.query.bytes()));
            if at > 0 && !self.has_headroom(client, planned) {
                break;
            }
            progress = execute(&mut self.context, client, planned, args);
            if progress == Progress::Escalates {
                break;
            }
            pending.next += 1;
            if progress != Progress::Done
                || client.output.is_over_limit()
                || client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP)
                || self.context.outlet.keeps_some()
            {
                break;
            }
        }
        progress
    }

    #[inline]
    fn has_headroom(&self, client: &Client, planned: Planned<'_>) -> bool {
        let needs = || needs_memory(self.context.shared.setup(), client, planned);
        self.headroom.as_ref().is_none_or(|headroom| headroom.is_left(needs))
    }

    /// Leaves what was logged where every worker finds it, while the shards are still held.
    pub fn show_log(&mut self) {
        self.context.show_log();
    }

    /// The messages that were kept in the exclusive mode.
    pub fn into_messages(self) -> Vec<ClientMessage> {
        self.context.into_messages()
    }
}
