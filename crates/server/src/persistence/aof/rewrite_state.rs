//! What is known of rewrites: how the last ones ended, and how long the next automatic one has to wait.

use crate::clock::Tick;
use crate::log_warning;
use std::time::Duration;

/// Failures in a row after which automatic rewrites wait.
const PATIENT_FAILURES: u64 = 3;
/// The longest wait in minutes.
const MAX_WAIT_MINUTES: u64 = 60;

/// What is known of rewrites.
pub struct Rewrites {
    /// One is to start as soon as there is no child.
    pub scheduled: bool,
    /// Whether the last one was finished.
    pub succeeded: bool,
    /// Seconds the last one took; -1 before there was one.
    pub last_seconds: i64,
    /// How many were started.
    pub started: u64,
    /// How many failed in a row.
    pub failures: u64,
    /// When the one under way began.
    pub(in crate::persistence) began: Option<Tick>,
    pub(in crate::persistence) wait_minutes: u64,
    /// No automatic one before this time.
    pub(in crate::persistence) not_before: Option<Tick>,
}

impl Default for Rewrites {
    fn default() -> Self {
        Rewrites {
            scheduled: false,
            succeeded: true,
            last_seconds: -1,
            started: 0,
            failures: 0,
            began: None,
            wait_minutes: 0,
            not_before: None,
        }
    }
}

impl Rewrites {
    /// Whether the next one has to wait because so many have failed.
    pub(in crate::persistence) fn must_wait(&mut self, now: Tick) -> bool {
        if self.failures < PATIENT_FAILURES {
            (self.wait_minutes, self.not_before) = (0, None);
            return false;
        }
        if let Some(time) = self.not_before {
            if now >= time {
                self.not_before = None;
            }
            return now < time;
        }
        self.wait_minutes = (self.wait_minutes * 2).clamp(1, MAX_WAIT_MINUTES);
        self.not_before = Some(now + Duration::from_secs(self.wait_minutes * 60));
        log_warning!(
            "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {} minutes",
            self.wait_minutes
        );
        true
    }

    pub(in crate::persistence) fn failed(&mut self) {
        self.succeeded = false;
        self.failures += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewrites_that_fail_wait_longer_and_longer() {
        let mut rewrites = Rewrites::default();
        for _ in 0..PATIENT_FAILURES {
            assert!(!rewrites.must_wait(Tick::default()));
            rewrites.failed();
        }
        let seconds = Duration::from_secs;
        let mut now = Tick::default();
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(rewrites.must_wait(now));
            assert!(rewrites.must_wait(now + seconds(minutes * 60 - 1)));
            now = now + seconds(minutes * 60);
            assert!(!rewrites.must_wait(now));
        }
        rewrites.failures = 0;
        assert!(!rewrites.must_wait(now));
        rewrites.failures = PATIENT_FAILURES;
        assert!(rewrites.must_wait(now) && !rewrites.must_wait(now + seconds(60)));
    }
}
