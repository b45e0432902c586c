//! Child processes that save: a copy of the process as it is now, which reads and does nothing else.
//!
//! ```text
//! server: fork ── pipe ──> cron: receive reports ──> cron: reap ──> what follows
//! child:   └─ settle (signals, oom score, sockets, title) ── work(&mut Server, &mut Reporter) ── _exit
//! ```
//! Only `&mut Server` can fork: whoever has it is alone, so no command is half done in the memory
//! that the child gets. Of all threads only the one that forks exists in the child. What the others
//! may hold at that moment is dealt with one by one: the allocator has fork handlers of its own,
//! the log is held during the fork (`log::hold`), and nothing else that is locked is used in a child:
//! it sends nothing to the reaper, asks no counter of the allocator, starts no thread and drops
//! nothing of the server, as it ends by `_exit`.
//!
//! One child at a time. It counts as active until the cron has reaped it.
#![allow(unsafe_code)]

use super::children::{Active, Purpose};
use super::report::{Report, Reporter, exit_at_once};
use crate::config::{Config, os_text};
use crate::process::kernel::{self, ProcessKind};
use crate::process::title;
use crate::server::Server;
use crate::{log, log_warning};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, fork};
use ochre_engine::keyspace::DbIndex;
use std::io;

impl Server {
    /// Starts a child that does `work` and ends: with success if that is true. Returns its process id.
    ///
    /// Fails if there is a child already, or the system refuses.
    pub fn fork(
        &mut self,
        purpose: Purpose,
        work: impl FnOnce(&mut Server, &mut Reporter) -> bool,
    ) -> io::Result<i32> {
        if self.shared.persistence.children.active.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // Without a pipe the child is only harder to watch.
        let (reports, outbox) = super::report::pipe().ok().unzip();
        let world = self.world.view();
        let keys_total = (0..world.dbs()).map(|db| world.len(DbIndex(db)) as u64).sum();
        let started = self.state.clock.tick();
        let log = log::hold();
        // SAFETY: only this thread goes on in the child. See the top of this file for the locks that
        // other threads may hold; everything else is only read.
        let forked = unsafe { fork() };
        drop(log);
        let pid = match forked? {
            ForkResult::Child => {
                drop(reports);
                self.run_child(purpose, Reporter::new(outbox, purpose, self.state.clock.handle()), work)
            }
            ForkResult::Parent { child } => child,
        };
        let micros = self.state.clock.handle().micros_since(started);
        self.shared.persistence.children.forks += 1;
        self.shared.persistence.children.fork_micros = micros;
        let last = Report::default();
        self.shared.persistence.children.active =
            Some(Active { pid, purpose, started, reports, keys_total, last, cow_peak: 0 });
        self.note_latency("fork", micros * 1000);
        Ok(pid.as_raw())
    }

    /// The life of a child.
    fn run_child(
        &mut self,
        purpose: Purpose,
        mut reporter: Reporter,
        work: impl FnOnce(&mut Server, &mut Reporter) -> bool,
    ) -> ! {
        ignore_shutdown();
        // A failure is logged; the child can do without.
        let _ = kernel::set_oom_score(&self.shared.config, ProcessKind::Child);
        self.shared.listening.close_in_child();
        self.shared.identity.pid_file = None;
        show_title(&self.shared.config, self.shared.identity.config_file.as_deref(), purpose);
        let done = work(self, &mut reporter);
        if done {
            reporter.finish();
        }
        exit_at_once(if done { 0 } else { 1 })
    }
}

/// The signals that ask for the end of the server are not for a child: Ctrl+C reaches both.
fn ignore_shutdown() {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: no handler is installed.
        if let Err(error) = unsafe { sigaction(signal, &ignore) } {
            log_warning!("Cannot ignore {signal:?}: {}", os_text(&error.into()));
        }
    }
}

fn show_title(config: &Config, file: Option<&std::path::Path>, purpose: Purpose) {
    if config.process.set_proc_title {
        title::show(config, file, purpose.title());
    }
}
