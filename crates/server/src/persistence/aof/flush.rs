//! Who writes the log to the file, and who waits for that.
//!
//! ```text
//! exclusive mode   feed in hand ─────────────────────────────> Writer (no lock: `get_mut`)
//! shared mode      last_seen ─ settled? ── yes ──────────────> replies leave
//!                                └─ no ── lock(Writer) ─ settled meanwhile? ── yes ─> replies leave
//!                                                            └─ no ── take all, write, sync, settle
//! ```
//! A worker's replies leave only after this: they may show what its own clients did, and what others did that they
//! saw. All of that has a number up to [`Inbox::last_seen`], which is asked for behind the last command of the turn.
//!
//! *Group commit.* Whoever gets the writer's lock takes all that is in the inbox, so those who wait for the lock
//! meanwhile find their part settled when they get it, but for what came after the taking: the first of them writes
//! that for all. However many workers wait, each waits for two writes (and two `fdatasync`) at most: the one under way,
//! which may have been begun too early for it, and the next one, which takes what it put, whoever writes it.
//! Somebody who comes later may get the lock first, but not for longer than a millisecond: then it is handed to the one
//! that waited longest (parking_lot's eventual fairness), so this holds whenever writes take long enough to matter.
//!
//! *Nobody waits in a circle.* A worker waits for the writer's lock with neither shards nor another leaf lock in hand,
//! at the end of its turn. Whoever holds that lock waits for the kernel, and for the inbox's lock, which is only held
//! to copy bytes. So the others go on running commands and filling the inbox while one writes. Whoever wants the
//! exclusive mode waits for those that write or wait to do so, at most two writes long, as they are in the shared
//! mode; no new ones come, as nobody enters that while it is wanted.
//!
//! *What ends the process under `always`* ends it with the writer's lock held: all whose replies are not covered
//! wait for that lock, or will.
//!
//! *Errors.* What cannot be written goes back to the front of the feed, and is tried again before the next replies
//! leave, or by the cron. `Health` tells every worker before its next command.

use super::writer::{Terms, Writer};
use super::{Aof, State};
use crate::config::os_text;
use crate::persistence::Persistence;
use crate::propagate::Inbox;
use crate::server::Server;
use crate::shared::SharedState;
use crate::worker_state::WorkerState;
use crate::{log_notice, log_warning};
use parking_lot::Mutex;

impl SharedState {
    /// Before replies leave, in the shared mode: makes sure that all is written that they may show.
    pub fn write_log(&self, state: &WorkerState) {
        let Persistence { aof, children, .. } = &self.persistence;
        commit(
            &self.inbox,
            &aof.writer,
            &Terms::new(&self.config, children, &aof.health, &state.clock, state.tick),
        );
    }
}

impl Server {
    /// Before replies leave, in the exclusive mode: writes what was done. Cheap if there is nothing to do.
    #[inline]
    pub fn flush_aof_before_replies(&mut self) {
        if self.shared.persistence.aof.is_on() {
            let started = self.state.clock.tick();
            self.flush_aof(false);
            self.state.stats.aof_nanos.add(self.state.clock.nanos(started, self.state.clock.tick()));
        }
    }

    /// Writes what was done, unless the disk is busy and a little patience helps (`force`: it does not).
    pub fn flush_aof(&mut self, force: bool) {
        let Persistence { aof, children, .. } = &mut self.shared.persistence;
        let Aof { writer, health, .. } = aof;
        let WorkerState { journal, clock, tick, .. } = &mut *self.state;
        let terms = Terms::new(&self.shared.config, children, health, clock, *tick);
        writer.get_mut().flush(&terms, &mut journal.aof.bytes, force);
        self.note_late_aof();
    }

    /// Tells the latency monitor what the writer noted.
    #[inline]
    pub fn note_late_aof(&mut self) {
        for late in self.shared.persistence.aof.writer.get_mut().late.drain(..) {
            self.shared.notes.monitor.get_mut().add(late.event, late.seconds, late.nanos / 1_000_000);
        }
    }

    /// Writes everything and waits until it is on the disk: the file is about to be closed.
    pub(super) fn settle_aof(&mut self, error_end: &str) {
        self.flush_aof(true);
        let now = self.state.tick;
        let writer = self.shared.persistence.aof.writer.get_mut();
        let Some(file) = &writer.file else { return };
        match file.sync_data() {
            Ok(()) => writer.last_sync = Some(now),
            Err(error) => log_warning!("Fail to fsync the AOF file: {}{error_end}", os_text(&error)),
        }
    }

    /// Before the process ends: everything that was done goes to the disk.
    pub fn finish_aof(&mut self) {
        if self.shared.persistence.aof.state != State::Off {
            log_notice!("Calling fsync() on the AOF file.");
            self.settle_aof(".");
        }
    }

    /// After the last turn of the loop: other clients' commands may have run behind the one that ended it, and other
    /// workers may have written what theirs did.
    pub fn flush_last_writes(&mut self) {
        if !self.state.journal.aof.bytes.is_empty()
            || (self.shared.persistence.aof.is_on() && self.workers.len() > 1)
        {
            self.settle_aof(".");
        }
    }

    /// In the cron: tries again what was put off, or failed.
    pub fn retry_aof(&mut self, second_passed: bool) {
        let aof = &mut self.shared.persistence.aof;
        let failed = aof.health.write_error().is_some();
        let retries = aof.writer.get_mut().postponed_since.is_some() || (second_passed && failed);
        // With several workers nobody else looks after what was written and not synchronised.
        if aof.is_on() && (retries || self.workers.len() > 1) {
            self.flush_aof(false);
        }
    }
}

/// Returns when all is written that this thread may have seen, or could not be.
fn commit(inbox: &Inbox, writer: &Mutex<Writer>, terms: &Terms<'_>) {
    let seen = inbox.last_seen();
    let mut writer = writer.lock();
    if inbox.is_settled(seen) || !writer.may_write(terms, false) {
        return;
    }
    let mut bytes = std::mem::take(&mut writer.spare);
    let taken = inbox.take(&mut bytes);
    writer.write(terms, &mut bytes);
    if bytes.is_empty() {
        inbox.settle(taken);
    } else {
        inbox.put_back(&mut bytes);
    }
    writer.spare = bytes;
}

#[cfg(test)]
mod tests;
