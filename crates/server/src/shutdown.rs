//! The end of the process: asked for by a signal or by SHUTDOWN, in order.

use crate::process::daemon;
use crate::process::signals::Ending;
use crate::server::Server;
use crate::{log_notice, log_warning};

impl Server {
    /// A signal came that asks for the end.
    pub fn on_signal(&mut self, signal: Option<Ending>) {
        let Some(signal) = signal else { return };
        log_warning!("{}", signal.message());
        self.shut_down();
    }

    /// Ends the server: nothing is accepted any more, replies already made are still sent.
    pub fn shut_down(&mut self) {
        log_warning!("User requested shutdown...");
        self.listening.close();
        if let Some(path) = self.identity.pid_file.take() {
            daemon::remove_pid_file(&path);
        }
        log_notice!("Ochre is now ready to exit, bye bye...");
        self.shutdown = true;
    }

    /// Names the process after the configuration.
    pub fn show_title(&self) {
        if self.config.process.set_proc_title {
            let file = self.identity.config_file.as_deref();
            crate::process::title::show(&self.config, file, &self.identity.program);
        }
    }
}
