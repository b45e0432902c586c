//! What keeps the data beyond the end of the process: snapshots, their loading, the children that
//! write.
//!
//! ```text
//! SAVE, SHUTDOWN, FLUSHALL ──────────> save_now ─┐
//! BGSAVE, save points ──> start_snapshot ── fork ┴> write_snapshot ──> temp-<pid>.rdb ──> dump.rdb
//! start, DEBUG RELOAD ──> loading: dump.rdb ──> the shards' tables
//! ```
//! The rules are Redis's (rdb.c, server.c: serverCron): one child at a time, whatever it is for; a
//! snapshot that fails stops writes while there are save points; what was changed since the last
//! snapshot is counted, and counted down by what the snapshot holds.

pub mod aof;
pub mod check_rdb;
mod child;
mod children;
mod decoders;
pub mod disk;
mod info;
mod loader;
pub mod loading;
mod loading_state;
mod report;
pub mod snapshot;
mod snapshot_state;
mod state;

pub use children::{Children, Ended, Purpose, Reaped};
pub use info::{InfoInput, describe};
pub use report::Reporter;
pub use state::{IS_LOADING, Persistence};

use crate::server::Server;
use rand::Rng;
use std::time::Duration;

impl Server {
    /// Looks after the child, and saves if it is time to.
    pub fn persistence_cron(&mut self, second_passed: bool) {
        if self.shared.shutdown {
            // A child would outlive this process.
            return;
        }
        self.start_scheduled_rewrite();
        if self.shared.persistence.children.active().is_some() {
            self.shared.persistence.children.receive();
            if let Some(reaped) = self.shared.persistence.children.reap() {
                self.child_ended(reaped);
            }
        } else {
            self.save_by_rules();
            self.rewrite_by_growth();
        }
        self.retry_aof(second_passed);
        self.start_scheduled_snapshot();
    }

    /// Does what follows from the end of a child.
    pub fn child_ended(&mut self, reaped: Reaped) {
        match reaped.purpose {
            Purpose::Rdb => self.snapshot_ended(reaped),
            Purpose::AofRewrite => self.rewrite_ended(reaped),
        }
    }
}

/// A pause after each key, for tests, in microseconds. Below 0 one of so many keys costs one
/// microsecond: the system cannot sleep as little as a test may want (debug.c, debugDelay).
pub fn debug_delay(micros: i32) {
    let micros = match micros {
        0 => return,
        1.. => micros.unsigned_abs(),
        _ => u32::from(rand::rng().random_range(0..micros.unsigned_abs()) == 0),
    };
    if micros > 0 {
        std::thread::sleep(Duration::from_micros(u64::from(micros)));
    }
}
