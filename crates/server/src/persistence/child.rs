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

use super::report::{Inbox, Report, Reporter};
use crate::clock::Tick;
use crate::config::{Config, os_text};
use crate::process::kernel::{self, ProcessKind};
use crate::process::title;
use crate::server::Server;
use crate::{log, log_warning};
use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use ochre_engine::keyspace::DbIndex;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a child is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It writes a snapshot.
    Rdb,
    /// It writes the base of the append only file.
    AofRewrite,
}

impl Purpose {
    /// How the log names it.
    pub fn label(self) -> &'static str {
        match self {
            Purpose::Rdb => "RDB",
            Purpose::AofRewrite => "AOF rewrite",
        }
    }

    /// How `ps` names the process.
    fn title(self) -> &'static [u8] {
        match self {
            Purpose::Rdb => b"redis-rdb-bgsave",
            Purpose::AofRewrite => b"redis-aof-rewrite",
        }
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its work is done.
    Done,
    /// It says that it failed.
    Failed,
    /// A signal of this number ended it.
    Killed(i32),
}

impl Ended {
    /// True if the server ended it on purpose: that is no failure.
    pub fn was_asked_for(self) -> bool {
        self == Ended::Killed(Signal::SIGUSR1 as i32)
    }
}

/// A child that was reaped.
#[derive(Clone, Copy, Debug)]
pub struct Reaped {
    /// What it was for.
    pub purpose: Purpose,
    /// Its process id, which its temporary files are named after.
    pub pid: i32,
    /// How it ended.
    pub ended: Ended,
}

/// The child that works now.
#[derive(Debug)]
struct Active {
    pid: Pid,
    purpose: Purpose,
    started: Tick,
    inbox: Option<Inbox>,
    keys_total: u64,
    last: Report,
    cow_peak: u64,
}

/// What a child has reported so far; all zero without one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Keys it has to save.
    pub keys_total: u64,
    /// Keys it has saved.
    pub keys: u64,
    /// Bytes that are no longer shared with it.
    pub cow: u64,
    /// The largest value of that.
    pub cow_peak: u64,
    /// Seconds since that was measured.
    pub cow_age_seconds: u64,
}

/// The child, and counters of all there were.
#[derive(Debug, Default)]
pub struct Children {
    active: Option<Active>,
    /// Children since the counters were reset.
    pub forks: u64,
    /// Microseconds the last fork took.
    pub fork_micros: u64,
    /// Most bytes that were not shared with the last child of a purpose: RDB, rewrite.
    cow: [u64; 2],
}

impl Children {
    /// What the child that works now is for.
    pub fn active(&self) -> Option<Purpose> {
        self.active.as_ref().map(|child| child.purpose)
    }

    /// Its process id.
    pub fn pid(&self) -> Option<i32> {
        self.active.as_ref().map(|child| child.pid.as_raw())
    }

    /// Seconds it has worked, if it is for this purpose; -1 otherwise, as INFO shows it.
    pub fn seconds(&self, purpose: Purpose, now: Tick) -> i64 {
        let child = self.active.as_ref().filter(|child| child.purpose == purpose);
        child.map_or(-1, |child| now.since(child.started).as_secs() as i64)
    }

    /// Most bytes that were not shared with the last child of this purpose.
    pub fn cow_bytes(&self, purpose: Purpose) -> u64 {
        self.cow[purpose as usize]
    }

    /// What the child that works now has reported.
    pub fn progress(&self, now: Tick) -> Progress {
        let Some(child) = &self.active else { return Progress::default() };
        Progress {
            keys_total: child.keys_total,
            keys: child.last.keys,
            cow: child.last.cow,
            cow_peak: child.cow_peak,
            cow_age_seconds: child.last.cow_age(now).as_secs(),
        }
    }

    /// Starts counting anew (CONFIG RESETSTAT).
    pub fn reset_counters(&mut self) {
        self.forks = 0;
        self.fork_micros = 0;
    }

    /// Takes what the child has reported.
    pub fn receive(&mut self) {
        let Some(child) = &mut self.active else { return };
        while let Some(report) = child.inbox.as_mut().and_then(Inbox::next) {
            child.cow_peak = child.cow_peak.max(report.cow);
            if report.is_last {
                self.cow[child.purpose as usize] = child.cow_peak;
            } else {
                child.last = report;
            }
        }
    }

    /// Asks the child to end at once; the cron will find it ended.
    pub fn kill(&self) {
        if let Some(child) = &self.active {
            // It may have ended already.
            let _ = kill(child.pid, Signal::SIGUSR1);
        }
    }

    /// Ends the child and waits until it is gone, so that another one can follow. Its temporary files
    /// are left to the caller.
    pub fn kill_and_wait(&mut self) -> Option<Reaped> {
        self.kill();
        self.wait(None)
    }

    /// The child if it has ended.
    pub fn reap(&mut self) -> Option<Reaped> {
        self.wait(Some(WaitPidFlag::WNOHANG))
    }

    fn wait(&mut self, flags: Option<WaitPidFlag>) -> Option<Reaped> {
        let (pid, purpose) = self.active.as_ref().map(|child| (child.pid, child.purpose))?;
        let ended = loop {
            match waitpid(pid, flags) {
                Err(Errno::EINTR) => {}
                Ok(WaitStatus::StillAlive) => return None,
                Ok(WaitStatus::Exited(_, 0)) => break Ended::Done,
                Ok(WaitStatus::Signaled(_, signal, _)) => break Ended::Killed(signal as i32),
                Ok(_) => break Ended::Failed,
                Err(error) => {
                    log_warning!(
                        "waitpid() returned an error: {}. child_type: {}, child_pid = {pid}",
                        error.desc(),
                        purpose.label()
                    );
                    break Ended::Failed;
                }
            }
        };
        if ended == Ended::Done {
            self.receive();
        }
        self.active = None;
        Some(Reaped { purpose, pid: pid.as_raw(), ended })
    }
}

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
        let (inbox, outbox) = super::report::pipe().ok().unzip();
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
                drop(inbox);
                self.run_child(purpose, Reporter::new(outbox, purpose, self.state.clock.handle()), work)
            }
            ForkResult::Parent { child } => child,
        };
        let micros = self.state.clock.handle().micros_since(started);
        self.shared.persistence.children.forks += 1;
        self.shared.persistence.children.fork_micros = micros;
        let last = Report::default();
        self.shared.persistence.children.active =
            Some(Active { pid, purpose, started, inbox, keys_total, last, cow_peak: 0 });
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
        let done = catch_unwind(AssertUnwindSafe(|| {
            let done = work(self, &mut reporter);
            if done {
                reporter.finish();
            }
            done
        }));
        exit_at_once(if done.unwrap_or(false) { 0 } else { 1 })
    }
}

/// Ends this process, which is a child, without any of the things that a server does at its end.
pub(super) fn exit_at_once(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(code) }
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
