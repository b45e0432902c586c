//! Numbered writes, so that a test can tell after a crash which ones were acknowledged, when, and which ones are left.
//!
//! A writer appends the numbers 1, 2, 3 ... to a list, some of them inside a transaction that also sets two keys.
//! After any crash the list is in order, missing numbers are the last ones that were written, and no transaction is there
//! in part. The number of missing writes depends on the policy, and each test states it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::{Client, Reply, Rng};

/// Numbers found or expected.
pub type Numbers = BTreeSet<u64>;

/// The record of a writer.
#[derive(Debug, Default, Clone)]
pub struct Journal {
    /// Numbers that were acknowledged, and the times of that.
    pub acknowledged: Vec<(u64, Instant)>,
    /// Numbers that were acknowledged before a SAVE that succeeded.
    pub saved: Numbers,
    /// The last number that was sent.
    pub sent: u64,
    /// Errors that were answered.
    pub errors: Vec<String>,
}

impl Journal {
    /// The numbers that were acknowledged before `moment`.
    pub fn before(&self, moment: Instant) -> Numbers {
        self.acknowledged.iter().filter(|(_, at)| *at < moment).map(|(n, _)| *n).collect()
    }

    /// All numbers that were acknowledged.
    pub fn all(&self) -> Numbers {
        self.acknowledged.iter().map(|(n, _)| *n).collect()
    }
}

/// A writer at work, until it is told to stop or its server is gone.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
    journal: Arc<Mutex<Journal>>,
    stop: Arc<AtomicBool>,
}

impl Writer {
    /// Begins to write the numbers behind `last`. One call in `save_every` is a SAVE; 0 for none.
    pub fn start(mut client: Client, last: u64, seed: u64, save_every: usize) -> Self {
        let journal = Arc::new(Mutex::new(Journal { sent: last, ..Journal::default() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (journal.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut rng = Rng::new(seed);
            while !stopped.load(Ordering::Relaxed) {
                let saves = save_every > 0 && rng.below(save_every) == 0;
                let done =
                    if saves { save(&mut client, &shared) } else { write(&mut client, &shared, &mut rng) };
                if done.is_none() {
                    return;
                }
            }
        });
        Self { thread, journal, stop }
    }

    /// The record so far.
    pub fn journal(&self) -> Journal {
        self.journal.lock().expect("the writer does not panic").clone()
    }

    /// Ends the writer.
    pub fn finish(self) -> Journal {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the writer does not panic");
        Arc::into_inner(self.journal).expect("the thread is gone").into_inner().expect("no panic")
    }
}

/// Sends some numbers; `None` if the server is gone.
fn write(client: &mut Client, journal: &Mutex<Journal>, rng: &mut Rng) -> Option<()> {
    let first = journal.lock().expect("no panic").sent + 1;
    let numbers: Vec<u64> = (first..=first + rng.below(8) as u64).collect();
    let calls: Vec<_> = numbers.iter().flat_map(|n| calls(*n)).collect();
    journal.lock().expect("no panic").sent = *numbers.last()?;
    let mut replies = client.pipeline(&calls).ok()?.into_iter();
    let now = Instant::now();
    let mut journal = journal.lock().expect("no panic");
    for n in numbers {
        // The last reply of a number is the one that counts: of EXEC, or of the only call.
        match replies.by_ref().take(calls_of(n)).last()? {
            Reply::Error(text) => journal.errors.push(text),
            _ => journal.acknowledged.push((n, now)),
        }
    }
    Some(())
}

fn save(client: &mut Client, journal: &Mutex<Journal>) -> Option<()> {
    let reply = client.pipeline(&[vec!["SAVE"]]).ok()?.remove(0);
    if reply.is_ok() {
        let mut journal = journal.lock().expect("no panic");
        journal.saved = journal.all();
    }
    Some(())
}

fn is_transaction(n: u64) -> bool {
    n % 7 == 3
}

fn calls_of(n: u64) -> usize {
    if is_transaction(n) { 5 } else { 1 }
}

fn calls(n: u64) -> Vec<Vec<String>> {
    let push = format!("RPUSH log {n}");
    let lines = match is_transaction(n) {
        true => vec!["MULTI".to_owned(), format!("SET a {n}"), push, format!("SET b {n}"), "EXEC".to_owned()],
        false => vec![push],
    };
    lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Reads the numbers that are left, and checks the properties that hold after any crash.
pub fn recovered(client: &mut Client) -> Numbers {
    let reply = client.run("LRANGE log 0 -1");
    let list: Vec<u64> =
        reply.items().iter().map(|item| item.text().parse().expect("a number that was written")).collect();
    assert!(list.is_sorted_by(|a, b| a < b), "out of order: {list:?}");
    let numbers: Numbers = list.into_iter().collect();
    let (a, b) = (client.run("GET a").text(), client.run("GET b").text());
    assert_eq!(a, b, "a transaction is there in part");
    let last_transaction = numbers.iter().rev().find(|n| is_transaction(**n));
    assert_eq!(a, last_transaction.map(u64::to_string).unwrap_or_default(), "a transaction is there in part");
    numbers
}

/// Checks that the numbers in `promised` are there, and that of the acknowledged ones only the last are missing.
pub fn check(found: &Numbers, promised: &Numbers, journal: &Journal) {
    let lost: Vec<_> = promised.difference(found).take(20).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {} acknowledged", promised.len());
    let last = found.last().copied().unwrap_or(0);
    let holes: Vec<u64> = journal.all().range(..last).filter(|n| !found.contains(n)).copied().collect();
    assert!(holes.is_empty(), "{holes:?} are missing before {last}");
    assert!(last <= journal.sent, "{last} was never sent");
}
