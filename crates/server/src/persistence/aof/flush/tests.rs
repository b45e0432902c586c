//! Several threads write one log, as workers in the shared mode do.

use super::super::writer::{Health, Terms, Writer};
use super::commit;
use crate::clock::Clock;
use crate::config::AppendFsync;
use crate::propagate::tests::put;
use crate::propagate::{Inbox, Journal};
use parking_lot::Mutex;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const WORKERS: usize = 4;

/// A log on its way into a file of its own.
struct Log {
    inbox: Inbox,
    writer: Mutex<Writer>,
    health: Arc<Health>,
    path: PathBuf,
}

impl Log {
    fn new(name: &str) -> Log {
        let path = std::env::temp_dir().join(format!("ochre-log-{name}-{}", std::process::id()));
        let mut writer = Mutex::<Writer>::default();
        writer.get_mut().file = Some(Arc::new(File::create(&path).unwrap()));
        let mut inbox = Inbox::default();
        Journal::default().give_feed(&mut inbox);
        Log { inbox, writer, health: Arc::default(), path }
    }

    /// Every write and every flush counts as late, so that they can be counted.
    fn commit(&self, policy: AppendFsync) {
        let clock = Clock::new();
        let terms = Terms {
            policy,
            has_child: false,
            spares_disk: false,
            late_nanos: 0,
            now: clock.tick(),
            clock: &clock,
            health: &self.health,
        };
        commit(&self.inbox, &self.writer, &terms);
    }

    fn put(&self, worker: &mut Journal, text: &str) {
        put(&self.inbox, worker, 0, text);
    }

    fn count(&self, event: &str) -> usize {
        self.writer.lock().late.iter().filter(|late| late.event == event).count()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn wait_until(reached: impl Fn() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(started.elapsed() < Duration::from_secs(60));
        thread::yield_now();
    }
}

#[test]
fn workers_that_wait_share_one_write_and_one_sync() {
    let log = Log::new("shared");
    thread::scope(|scope| {
        let writing = log.writer.lock();
        for worker in 0..WORKERS {
            let log = &log;
            scope.spawn(move || {
                log.put(&mut Journal::of_worker(), &format!("SET key:{worker} 1"));
                log.commit(AppendFsync::Always);
                assert!(log.text().contains(&format!("key:{worker}")));
            });
        }
        // While one writes, the others log what they do.
        wait_until(|| log.inbox.last_seen() == WORKERS as u64);
        drop(writing);
    });
    assert_eq!((log.count("aof-write"), log.count("aof-fsync-always")), (1, 1));
}

#[test]
fn what_a_worker_did_or_saw_is_in_the_file_when_it_goes_on() {
    const TURNS: usize = 200;
    let log = Log::new("seen");
    // A key, as it were: its lock, and its value.
    let key = Mutex::new(0);
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (log, key) = (&log, &key);
            scope.spawn(move || {
                let mut journal = Journal::of_worker();
                for turn in 0..TURNS {
                    let mut value = key.lock();
                    if (worker + turn) % 2 == 0 {
                        *value += 1;
                        log.put(&mut journal, &format!("SET key value:{:05}", *value));
                    }
                    let seen = *value;
                    drop(value);
                    if !log.inbox.is_settled(log.inbox.last_seen()) {
                        log.commit(AppendFsync::No);
                    }
                    assert!(seen == 0 || log.text().contains(&format!("value:{seen:05}")));
                }
            });
        }
    });
    let text = log.text();
    let values: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("value:")).collect();
    assert_eq!(values.len(), WORKERS * TURNS / 2);
    assert!(values.is_sorted());
}

#[test]
fn a_write_that_fails_is_told_to_all_and_made_up_for_in_order() {
    let (log, mut worker) = (Log::new("failing"), Journal::of_worker());
    let good = log.writer.lock().file.replace(Arc::new(File::open("/dev/null").unwrap()));
    log.put(&mut worker, "SET key first");
    log.commit(AppendFsync::EverySec);
    assert_eq!(log.health.write_error(), Some(libc::EBADF));
    assert!(!log.inbox.is_settled(log.inbox.last_seen()));
    log.put(&mut worker, "SET key second");
    log.writer.lock().file = good;
    log.commit(AppendFsync::EverySec);
    assert_eq!(log.health.write_error(), None);
    assert!(log.inbox.is_settled(log.inbox.last_seen()));
    let text = log.text();
    assert!(text.find("first") < text.find("second") && text.matches("SELECT").count() == 1);
}
