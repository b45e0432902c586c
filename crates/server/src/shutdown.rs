//! The end of the process, by a signal or by SHUTDOWN.
//!
//! ```text
//! signal ──> Requested ── cron ──┐        ┌ saving fails ──> the server goes on
//! SHUTDOWN ──────────────────────┴> shut_down ──> `Server::shutdown`: the event loop ends
//! SHUTDOWN ABORT ──> clears Requested
//! ```

use crate::config::{ShutdownFlags, Supervised};
use crate::persistence::Purpose;
use crate::process::signals::Ending;
use crate::process::{daemon, supervise};
use crate::server::Server;
use crate::{log_notice, log_warning};

/// The server cannot end, because its data would be lost. The log has the reason.
#[derive(Debug)]
pub struct CannotEnd;

impl Server {
    /// Logs that a signal asks for the end. The cron acts on it.
    pub fn on_signal(&mut self) {
        let Some(signal) = self.ending.get() else { return };
        if std::mem::replace(&mut self.ending_told, true) {
            return;
        }
        if self.shared.persistence.is_loading() {
            log_warning!("Received shutdown signal during loading, scheduling shutdown.");
        } else {
            log_warning!("{}", signal.message());
        }
    }

    /// Ends the server if a signal asked for it.
    pub fn shut_down_if_asked(&mut self) {
        // The event loop may not have logged the signal yet.
        self.on_signal();
        let flags = match self.ending.get() {
            None => return,
            Some(_) if self.shared.shutdown => return,
            Some(Ending::Interrupt) => self.shared.config.process.shutdown_on_sigint,
            Some(Ending::Terminate) => self.shared.config.process.shutdown_on_sigterm,
        };
        // A failure is logged, and the server goes on.
        let _ = self.shut_down(flags);
    }

    /// Ends the server, with a snapshot if there are save points or `flags` ask for one. No connection is
    /// accepted any more; replies that exist are still sent.
    ///
    /// # Errors
    /// [`CannotEnd`] if the snapshot fails or the append-only file has no base yet. The server then goes on. With FORCE
    /// it ends in any case.
    pub fn shut_down(&mut self, flags: ShutdownFlags) -> Result<(), CannotEnd> {
        log_notice!("User requested shutdown...");
        self.tell_supervisor("STOPPING=1\n");
        self.wait_for_first_base(flags.contains(ShutdownFlags::FORCE))?;
        self.end_children();
        self.finish_aof();
        if self.saves_at_the_end(flags) {
            self.save_at_the_end(flags.contains(ShutdownFlags::FORCE))?;
        }
        if let Some(path) = self.shared.identity.pid_file.take() {
            daemon::remove_pid_file(&path);
        }
        self.shared.listening.close();
        log_warning!("Ochre is now ready to exit, bye bye...");
        self.shared.shutdown = true;
        Ok(())
    }

    /// Forgets a signal that asked for the end. False if there is none.
    pub fn abort_shutdown(&mut self) -> bool {
        let was_asked = self.ending.clear();
        self.ending_told = false;
        if was_asked {
            log_notice!("Shutdown manually aborted.");
        }
        was_asked
    }

    /// Whether a snapshot is taken. Data that is only partly loaded must not replace the file that it comes from.
    fn saves_at_the_end(&self, flags: ShutdownFlags) -> bool {
        let by_rule =
            !self.shared.config.persistence.save.0.is_empty() && !flags.contains(ShutdownFlags::NOSAVE);
        !self.shared.persistence.is_loading() && (by_rule || flags.contains(ShutdownFlags::SAVE))
    }

    fn save_at_the_end(&mut self, forced: bool) -> Result<(), CannotEnd> {
        log_notice!("Saving the final RDB snapshot before exiting.");
        self.tell_supervisor("STATUS=Saving the final RDB snapshot\n");
        if self.save_now(true).is_ok() {
            return Ok(());
        }
        if forced {
            log_warning!("Error trying to save the DB. Exit anyway.");
            return Ok(());
        }
        log_warning!("Error trying to save the DB, can't exit.");
        self.tell_supervisor("STATUS=Error trying to save the DB, can't exit.\n");
        Err(self.cannot_end())
    }

    /// Ends the child, which could otherwise replace the last snapshot by its own.
    fn end_children(&mut self) {
        let children = &self.shared.persistence.children;
        let Some((purpose, pid)) = children.active().zip(children.pid()) else { return };
        match purpose {
            Purpose::Rdb => {
                log_warning!("There is a child saving an .rdb. Killing it!");
                children.kill();
                self.remove_temporary_snapshot(pid);
            }
            Purpose::AofRewrite => {
                log_warning!("There is a child rewriting the AOF. Killing it!");
                self.end_rewrite();
            }
        }
    }

    /// Refuses to end while the first base is being written, because the append-only file has no data until then.
    fn wait_for_first_base(&mut self, forced: bool) -> Result<(), CannotEnd> {
        let rewrites = self.shared.persistence.children.active() == Some(Purpose::AofRewrite);
        if !rewrites || !self.is_writing_first_base() {
            return Ok(());
        }
        if forced {
            log_warning!("Writing initial AOF. Exit anyway.");
            return Ok(());
        }
        log_warning!("Writing initial AOF, can't exit.");
        Err(self.cannot_end())
    }

    fn cannot_end(&mut self) -> CannotEnd {
        log_warning!("Errors trying to shut down the server. Check the logs for more information.");
        self.ending.clear();
        CannotEnd
    }

    fn tell_supervisor(&self, message: &str) {
        if self.shared.identity.supervised == Supervised::Systemd {
            supervise::notify(message);
        }
    }

    /// Sets the title of the process from the configuration.
    pub fn show_title(&self) {
        if self.shared.config.process.set_proc_title {
            let file = self.shared.identity.config_file.as_deref();
            crate::process::title::show(&self.shared.config, file, &self.shared.identity.program);
        }
    }
}
