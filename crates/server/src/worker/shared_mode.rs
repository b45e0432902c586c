//! Commands in the shared mode: straight on this worker's thread, under the locks of their keys.
//!
//! A command runs here if it is a data command that names all its keys (or only walks over the
//! database shard by shard) or one that changes nothing but its client, and if its client is in no special
//! state; a transaction, if that holds for all its commands. Errors in the call itself are answered here, too. Everything
//! else (most server commands) goes the one way there is for it, in the exclusive mode.
//!
//! ```text
//! GET a   SET b   MGET c d   INCR e   ZUNIONSTORE ...    commands of one client, in order
//! ╰────────── group ──────────────╯   ╰── group ──╯      lock, fetch, run each, log, unlock
//! ```
//! Commands that follow each other are locked together (`group.rs`). All shards of a command stay locked until it is done,
//! so commands on common keys take effect one after the other, each as a whole. What they did is logged before the
//! locks are given back, so the log has the same order.

use super::batch_executor::BatchExecutor;
use super::chores::make_headroom;
use super::group::{is_walk, lock_group};
use super::handle::{LockMemory, WorkerHandle, WorkerView, context};
use super::queue::Queue;
use crate::client::{Client, Flags, PendingInput};
use crate::eviction::Pressure;
use crate::exec::{Planned, Progress, is_refused_or_queued};
use crate::setup::Setup;
use crate::shared::SharedState;
use crate::table::{CommandId, Entry, Reach};
use ochre_engine::keyspace::ExpiryMode;
use ochre_resp::request::Args;

/// States of a client in which its commands take the long way, in the exclusive mode.
pub(super) const SPECIAL: Flags = Flags::BLOCKED
    .union(Flags::MONITOR)
    .union(Flags::PAUSED)
    .union(Flags::INTERNAL)
    .union(Flags::DENY_BLOCKING)
    .union(Flags::CLOSE_ASAP);

impl WorkerHandle {
    /// True if a command may be tried in the shared mode at all.
    #[inline]
    pub(super) fn may_share(&self, client: &Client, planned: Planned<'_>, args: Args<'_>) -> bool {
        self.shares_commands() && may_share(self.shared(), client, planned, args)
    }

    /// Runs the next command of one of this worker's clients, if that is possible in the shared mode, and
    /// those behind it that can be locked with it. Returns what became of the last one that was tried; all before
    /// it are done.
    pub(super) fn run_group(
        &mut self,
        client: &mut Client,
        pending: &mut PendingInput,
        queue: Queue<'_>,
    ) -> Progress {
        let mut view = self.view();
        let setup = view.shared.setup();
        let has_limit = setup.settings.maxmemory > 0;
        let needs = has_limit && needs_memory(setup, client, queue.plan.get(queue.first));
        let is_stuck = has_limit && make_headroom(&mut view, needs) == Pressure::Stuck;
        if is_stuck && needs && view.state.eviction.pool.passed_over {
            return Progress::Escalates;
        }
        let locks = view.locks();
        let WorkerView { shared, state, locking, .. } = view;
        let LockMemory { shards, hashes } = locking;
        let Some((held, size)) = lock_group(shared, locks, client, pending, queue, shards, hashes) else {
            return Progress::Escalates;
        };
        // Commands begin when their locks are held: another worker may have had them for long.
        state.tick = state.clock.tick();
        // A walk has let go of a shard before it could be logged that a key expired.
        let walks = is_walk(&shared.commands, queue.plan.get(queue.first));
        let expiry = if walks { ExpiryMode::Note } else { ExpiryMode::Delete };
        let headroom = has_limit.then(|| state.eviction.headroom());
        let mut context = context(shared, held, expiry, state);
        context.lacks_memory = is_stuck;
        context.must_look_closely |= is_stuck;
        let mut executor = BatchExecutor::new(context, headroom);
        let progress = executor.run(client, pending, queue, size);
        // The shards are still held.
        executor.show_log();
        progress
    }
}

/// True if a command of a client may be tried in the shared mode, as far as these are concerned.
#[inline]
pub(super) fn may_share(shared: &SharedState, client: &Client, planned: Planned<'_>, args: Args<'_>) -> bool {
    if client.flags.intersects(SPECIAL) {
        return false;
    }
    let setup = shared.setup();
    match planned.command {
        Some(id) if setup.commands.get(id).reach != Reach::Process => {
            !client.flags.contains(Flags::PUBSUB) || stays_silent(setup, setup.commands.get(id))
        }
        known => may_share_after_all(shared, client, known, args),
    }
}

/// Whether a command sends no message to its own client, which would have to stand behind its reply and in front of that
/// of the next command.
#[cold]
fn stays_silent(setup: Setup<'_>, entry: &Entry) -> bool {
    match entry.reach {
        Reach::Local | Reach::Survey | Reach::Walk | Reach::Watched => true,
        Reach::Audience | Reach::Queue | Reach::Process => false,
        Reach::OneKey | Reach::Keys => setup.settings.notify_keyspace_events.is_empty(),
    }
}

/// Whether a command may be tried in the shared mode whose name says little: subcommands have reaches of their own, and
/// an error can be answered anywhere.
#[inline(never)]
fn may_share_after_all(
    shared: &SharedState,
    client: &Client,
    known: Option<CommandId>,
    args: Args<'_>,
) -> bool {
    let setup = shared.setup();
    let Ok(id) = setup.resolve(known, args) else { return true };
    let entry = setup.commands.get(id);
    if entry.reach != Reach::Process {
        return !client.flags.contains(Flags::PUBSUB) || stays_silent(setup, entry);
    }
    is_refused_or_queued(shared, client, id, args)
}

/// True if a command may use more memory.
#[inline]
pub(super) fn needs_memory(setup: Setup<'_>, client: &Client, planned: Planned<'_>) -> bool {
    planned.command.is_some_and(|id| setup.needs_memory(client, id))
}
