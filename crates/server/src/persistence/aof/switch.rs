//! CONFIG SET appendonly: the file begins or ends while the server runs.

use super::State;
use crate::log_warning;
use crate::persistence::Purpose;
use crate::server::Server;

impl Server {
    /// Brings the append-only file in line with the configuration. False if it cannot begin.
    pub fn switch_aof(&mut self) -> bool {
        match (self.shared.config.persistence.appendonly, self.shared.persistence.aof.is_on()) {
            (false, true) => {
                self.stop_aof();
                true
            }
            (true, false) => self.start_aof(),
            _ => true,
        }
    }

    /// Begins: what is done goes to the file once a base is written.
    fn start_aof(&mut self) -> bool {
        self.shared.persistence.aof.state = State::Waiting;
        let child = self.shared.persistence.children.active();
        if child.is_some_and(|purpose| purpose != Purpose::AofRewrite) {
            self.shared.persistence.aof.rewrites.scheduled = true;
            log_warning!(
                "AOF was enabled but there is already another background operation. An AOF background was \
                 scheduled to start when possible."
            );
        } else if self.state.journal.is_in_unit() {
            self.shared.persistence.aof.rewrites.scheduled = true;
            log_warning!(
                "AOF was enabled during a transaction. An AOF background was scheduled to start when possible."
            );
        } else {
            if child.is_some() {
                // That one gathers nothing of what is done meanwhile.
                log_warning!(
                    "AOF was enabled but there is already an AOF rewriting in background. Stopping background \
                     AOF and starting a rewrite now."
                );
                self.end_rewrite();
            }
            if self.start_rewrite().is_err() {
                self.shared.persistence.aof.state = State::Off;
                log_warning!(
                    "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check \
                     the above logs for more info about the error."
                );
                return false;
            }
        }
        let now = self.state.tick;
        let aof = &mut self.shared.persistence.aof;
        aof.writer.get_mut().last_sync = Some(now);
        if aof.health.synced(0) {
            log_warning!("AOF reopen, just ignore the AOF fsync error in bio job");
        }
        if aof.health.wrote(0) {
            log_warning!("AOF reopen, just ignore the last error.");
        }
        true
    }

    /// Ends: everything goes to the disk, and nothing more follows.
    fn stop_aof(&mut self) {
        self.settle_aof("");
        let was_waiting = self.shared.persistence.aof.state == State::Waiting;
        self.feed_aof(false);
        self.state.journal.aof.bytes = Vec::new();
        let aof = &mut self.shared.persistence.aof;
        aof.state = State::Off;
        aof.rewrites.scheduled = false;
        let writer = aof.writer.get_mut();
        writer.file = None;
        writer.postponed_since = None;
        (writer.incr_size, writer.synced_size) = (0, 0);
        self.end_rewrite();
        if was_waiting {
            self.remove_file(&self.aof_path(&self.temporary_incr_name()));
        }
    }

    /// Brings everything up to date that depends on other settings.
    pub fn aof_settings_changed(&mut self) {
        self.state.journal.aof.timestamps = self.shared.config.persistence.aof_timestamp_enabled;
        self.delete_history();
    }

    /// Whether the process may end now: with the first base being written nothing is on the disk yet.
    pub fn is_writing_first_base(&self) -> bool {
        self.shared.persistence.aof.state == State::Waiting
    }
}
