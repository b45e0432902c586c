//! The log in the shared mode, in which several workers append to it.
//!
//! ```text
//! shared mode     worker 0: group ──> journal ──┐
//!                 worker 1: group ──> journal ──┴─ put, one at a time ──> Inbox { feed } ── take ──> file
//!                                                                            │    ▲
//! exclusive mode                                                  take_feed  ▼    │  give_feed
//!                 commands ───────────────────────────────────────> Journal { feed } ──────────> file
//! ```
//! There is one feed. In the exclusive mode it is in the journal of the worker that has the mode; in the shared mode it
//! is behind the lock of the inbox. That lock is held while bytes are copied, never while a file is written.
//!
//! Workers put the log of a group here before they release its shards. So commands with a key in common are in the log in
//! the order in which they ran, and the others in some order, which is all that replaying needs.
//!
//! *Waiting for the file.* Every put gets a number, one higher than the one before. A worker that sees the changes of a
//! command has got the lock of a shard (or the exclusive mode) after the put, so it also sees the number of the put. Once
//! all puts up to this number are in the file, no change that the worker has seen can be lost. `settled` is the number
//! up to which puts are in the file, as durable as `appendfsync` demands. A worker compares the two before its replies
//! leave.

use super::{Feed, Journal};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The log in the shared mode.
pub struct Inbox {
    feed: Mutex<Feed>,
    /// Whether the feed is here.
    is_open: bool,
    /// The number of the last put. Changes under the lock of the feed.
    put: AtomicU64,
    /// Bytes of memory that the feed's buffer holds. Changes under the lock of the feed.
    capacity: AtomicUsize,
    /// The number of the last put that is written. Changes under the lock of the writer.
    settled: AtomicU64,
}

impl Default for Inbox {
    /// An inbox while the feed is in a journal. It has a feed of a worker, which that journal gets
    /// in exchange.
    fn default() -> Inbox {
        Inbox {
            feed: Mutex::new(Feed::of_worker()),
            is_open: false,
            put: AtomicU64::new(0),
            capacity: AtomicUsize::new(0),
            settled: AtomicU64::new(0),
        }
    }
}

impl Inbox {
    /// Moves the log of a worker here. The worker still holds the shards of the commands. `seconds` returns the time.
    #[inline]
    pub fn put(&self, journal: &mut Journal, seconds: impl FnOnce() -> i64) {
        if !journal.aof.bytes.is_empty() {
            let mut feed = self.feed.lock();
            feed.absorb(&mut journal.aof, seconds());
            self.put.store(self.put.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            self.capacity.store(feed.bytes.capacity(), Ordering::Relaxed);
        }
    }

    /// The number of the last put whose changes this thread may have seen.
    #[inline]
    pub fn last_seen(&self) -> u64 {
        // The lock of a shard has made the number visible, as the documentation of the module explains.
        self.put.load(Ordering::Relaxed)
    }

    /// Whether all puts up to this number are written.
    #[inline]
    pub fn is_settled(&self, number: u64) -> bool {
        self.settled.load(Ordering::Acquire) >= number
    }

    /// Notes that all puts up to this number are written. The caller holds the lock of the writer.
    pub fn settle(&self, number: u64) {
        self.settled.store(number, Ordering::Release);
    }

    /// Moves the bytes of the log into an empty buffer. Returns the number of the last put.
    pub fn take(&self, bytes: &mut Vec<u8>) -> u64 {
        let mut feed = self.feed.lock();
        std::mem::swap(&mut feed.bytes, bytes);
        self.capacity.store(feed.bytes.capacity(), Ordering::Relaxed);
        self.put.load(Ordering::Relaxed)
    }

    /// Gives back bytes that could not be written. They come before all others.
    #[cold]
    pub fn put_back(&self, bytes: &mut Vec<u8>) {
        let mut feed = self.feed.lock();
        bytes.append(&mut feed.bytes);
        std::mem::swap(&mut feed.bytes, bytes);
        self.capacity.store(feed.bytes.capacity(), Ordering::Relaxed);
    }

    /// Bytes of the log that wait here.
    pub fn len(&self) -> usize {
        self.feed.lock().bytes.len()
    }

    /// Bytes of memory of the buffer, which does not count against `maxmemory`.
    pub fn capacity(&self) -> usize {
        self.capacity.load(Ordering::Relaxed)
    }
}

impl Journal {
    /// Takes the feed into this journal, at the beginning of the exclusive mode, unless it is here already.
    pub fn take_feed(&mut self, inbox: &mut Inbox) {
        if std::mem::take(&mut inbox.is_open) {
            std::mem::swap(&mut self.aof, inbox.feed.get_mut());
            *inbox.capacity.get_mut() = 0;
        }
    }

    /// Gives the feed to the inbox, at the end of the exclusive mode.
    pub fn give_feed(&mut self, inbox: &mut Inbox) {
        if !std::mem::replace(&mut inbox.is_open, true) {
            std::mem::swap(&mut self.aof, inbox.feed.get_mut());
            *inbox.capacity.get_mut() = inbox.feed.get_mut().bytes.capacity();
        }
        let put = inbox.put.get_mut();
        if inbox.feed.get_mut().bytes.is_empty() {
            *inbox.settled.get_mut() = *put;
        } else {
            *put += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{command, journal, lines, put};
    use super::*;
    use ochre_engine::keyspace::DbIndex;
    use ochre_engine::level::Level;

    #[test]
    fn groups_of_workers_follow_each_other_and_select_only_what_changes() {
        let (mut journal, mut inbox) = (journal(), Inbox::default());
        let (mut a, mut b) = (Journal::of_worker(), Journal::of_worker());
        journal.append(DbIndex(0), command("SET x 1").args(), 0);
        journal.give_feed(&mut inbox);
        put(&inbox, &mut a, 0, "SET a 1");
        put(&inbox, &mut b, 0, "SET b 1");
        put(&inbox, &mut a, 1, "SET a 2");
        journal.take_feed(&mut inbox);
        inbox.put(&mut b, || 0);
        journal.append(DbIndex(1), command("SET x 2").args(), 0);
        journal.give_feed(&mut inbox);
        a.open();
        a.append(DbIndex(1), command("SET a 3").args(), 0);
        a.append(DbIndex(1), command("SET a 4").args(), 0);
        a.close(Level::V7_2, 0);
        inbox.put(&mut a, || 0);
        put(&inbox, &mut b, 1, "SET b 2");
        journal.take_feed(&mut inbox);
        let expected = "SELECT 0, SET x 1, SET a 1, SET b 1, SELECT 1, SET a 2, SET x 2, \
                        MULTI, SELECT 1, SET a 3, SET a 4, EXEC, SET b 2";
        assert_eq!(lines(&mut journal), expected);
    }

    #[test]
    fn the_time_of_groups_is_told_once_a_second() {
        let (mut journal, mut inbox, mut worker) = (journal(), Inbox::default(), Journal::of_worker());
        journal.aof.timestamps = true;
        journal.give_feed(&mut inbox);
        for seconds in [5, 6, 5, 6] {
            worker.append(DbIndex(0), command("PERSIST k").args(), seconds);
            inbox.put(&mut worker, || seconds);
        }
        journal.take_feed(&mut inbox);
        let text = String::from_utf8(journal.aof.bytes).unwrap();
        let times: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(times, ["#TS:5", "#TS:6"]);
        assert!(text.starts_with("#TS:5\r\n*2\r\n$6\r\nSELECT"));
    }

    #[test]
    fn what_was_put_is_unsettled_until_it_is_written_or_dropped() {
        let (mut journal, mut inbox, mut worker) = (journal(), Inbox::default(), Journal::of_worker());
        journal.give_feed(&mut inbox);
        assert!(inbox.is_settled(inbox.last_seen()));
        put(&inbox, &mut worker, 0, "SET a 1");
        let first = inbox.last_seen();
        assert!(!inbox.is_settled(first));
        let mut bytes = Vec::new();
        let taken = inbox.take(&mut bytes);
        put(&inbox, &mut worker, 0, "SET a 2");
        inbox.settle(taken);
        assert!(inbox.is_settled(first) && !inbox.is_settled(inbox.last_seen()));
        journal.take_feed(&mut inbox);
        journal.give_feed(&mut inbox);
        assert!(!inbox.is_settled(inbox.last_seen()));
        journal.take_feed(&mut inbox);
        journal.aof.bytes.clear();
        journal.give_feed(&mut inbox);
        assert!(inbox.is_settled(inbox.last_seen()));
    }

    #[test]
    fn bytes_that_could_not_be_written_stay_in_front() {
        let (mut journal, mut inbox, mut worker) = (journal(), Inbox::default(), Journal::of_worker());
        journal.give_feed(&mut inbox);
        put(&inbox, &mut worker, 0, "SET a 1");
        let mut bytes = Vec::new();
        inbox.take(&mut bytes);
        put(&inbox, &mut worker, 0, "SET a 2");
        inbox.put_back(&mut bytes);
        assert!(bytes.is_empty());
        journal.take_feed(&mut inbox);
        assert_eq!(lines(&mut journal), "SELECT 0, SET a 1, SET a 2");
    }
}
