//! What is known of snapshots: when the last one was taken, how it ended, and when the next one is due.

use crate::clock::{Clock, Tick};
use crate::config::SaveRule;
use std::time::Duration;

/// Time without another try after a snapshot failed (Redis: CONFIG_BGSAVE_RETRY_DELAY).
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// What is known of snapshots.
#[derive(Debug)]
pub struct Snapshots {
    /// When the last one was finished, in seconds since 1970; at first when the server started.
    pub last_save: i64,
    /// The same by the counter, which save points go by.
    pub(in crate::persistence) saved_at: Tick,
    /// When the last one was started in the background.
    pub(in crate::persistence) last_try: Option<Tick>,
    /// Whether the last one was finished.
    pub succeeded: bool,
    /// How many seconds the last one in the background took; -1 before there was one.
    pub last_seconds: i64,
    /// How many were started.
    pub saves: u64,
    /// One is to be started as soon as there is no child.
    pub scheduled: bool,
    /// Changes before the one under way.
    pub(in crate::persistence) changes_before: u64,
}

impl Snapshots {
    pub(in crate::persistence) fn new(clock: &Clock) -> Snapshots {
        Snapshots {
            last_save: clock.now().seconds(),
            saved_at: clock.tick(),
            last_try: None,
            succeeded: true,
            last_seconds: -1,
            saves: 0,
            scheduled: false,
            changes_before: 0,
        }
    }

    /// Whether the rules of the configuration may start one now.
    pub(in crate::persistence) fn may_try(&self, now: Tick) -> bool {
        self.succeeded || self.last_try.is_none_or(|last| now.since(last) > RETRY_DELAY)
    }

    /// The first of the rules by which one is to be started now, after so many changes.
    pub(in crate::persistence) fn due_rule<'a>(
        &self,
        rules: &'a [SaveRule],
        dirty: u64,
        now: Tick,
    ) -> Option<&'a SaveRule> {
        let is_due = |rule: &&SaveRule| {
            let period = Duration::from_secs(rule.seconds.unsigned_abs());
            dirty >= rule.changes.unsigned_abs() && now.since(self.saved_at) > period
        };
        rules.iter().find(is_due).filter(|_| self.may_try(now))
    }

    /// One is finished.
    pub(in crate::persistence) fn saved(&mut self, clock: &Clock) {
        self.last_save = clock.now().seconds();
        self.saved_at = clock.tick();
        self.succeeded = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualTime;

    #[test]
    fn a_save_point_counts_seconds_that_passed_whatever_the_wall_clock_does() {
        let (time, rules) = (ManualTime::new(), [SaveRule { seconds: 60, changes: 10 }]);
        let mut clock = time.clock();
        let snapshots = Snapshots::new(&clock);
        let is_due = |clock: &Clock, dirty| snapshots.due_rule(&rules, dirty, clock.tick()).is_some();
        for step_ms in [3_600_000, -7_200_000] {
            time.step_wall_ms(step_ms);
            clock.sync();
            assert!(!is_due(&clock, 10), "no time has passed");
        }
        time.advance(Duration::from_secs(60));
        assert!(!is_due(&clock, 10), "it takes more than that time");
        time.advance(Duration::from_millis(1));
        assert!(is_due(&clock, 10) && !is_due(&clock, 9));
    }

    #[test]
    fn a_snapshot_that_failed_is_tried_again_after_a_while() {
        let (time, rules) = (ManualTime::new(), [SaveRule { seconds: 0, changes: 1 }]);
        let clock = time.clock();
        let mut snapshots = Snapshots::new(&clock);
        time.advance(Duration::from_secs(1));
        (snapshots.last_try, snapshots.succeeded) = (Some(clock.tick()), false);
        time.advance(RETRY_DELAY);
        time.step_wall_ms(3_600_000);
        assert!(snapshots.due_rule(&rules, 1, clock.tick()).is_none());
        time.advance(Duration::from_millis(1));
        assert!(snapshots.due_rule(&rules, 1, clock.tick()).is_some());
        snapshots.saved(&clock);
        assert!(snapshots.due_rule(&rules, 1, clock.tick()).is_none(), "it begins anew");
    }
}
