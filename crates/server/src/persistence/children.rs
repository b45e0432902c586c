//! The child that saves, as the server knows it: what it is for, what it has reported, how it ended.
//!
//! One child at a time. It counts as active until the cron has reaped it. `child.rs` forks it.

use super::report::{Report, ReportReader};
use crate::clock::Tick;
use crate::log_warning;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

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
    pub(in crate::persistence) fn title(self) -> &'static [u8] {
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
pub(in crate::persistence) struct Active {
    pub(in crate::persistence) pid: Pid,
    pub(in crate::persistence) purpose: Purpose,
    pub(in crate::persistence) started: Tick,
    pub(in crate::persistence) reports: Option<ReportReader>,
    pub(in crate::persistence) keys_total: u64,
    pub(in crate::persistence) last: Report,
    pub(in crate::persistence) cow_peak: u64,
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
    pub(in crate::persistence) active: Option<Active>,
    /// Children since the counters were reset.
    pub forks: u64,
    /// Microseconds the last fork took.
    pub fork_micros: u64,
    /// Most bytes that were not shared with the last child of a purpose: RDB, rewrite.
    pub(in crate::persistence) cow: [u64; 2],
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
        while let Some(report) = child.reports.as_mut().and_then(ReportReader::next) {
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

    pub(in crate::persistence) fn wait(&mut self, flags: Option<WaitPidFlag>) -> Option<Reaped> {
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
