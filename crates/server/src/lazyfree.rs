//! Frees large values on a thread of its own, so that no client waits for that.

use ochre_engine::entry::KeyEntry;
use ochre_engine::table::Table;
use ochre_engine::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

/// Data that can be freed in the background.
pub enum Garbage {
    /// Values of keys.
    Values(Vec<RawValue>),
    /// All keys of a database.
    Tables(Vec<Table<KeyEntry>>),
    /// A file without a name, whose blocks the system takes back when it is closed.
    File(std::fs::File),
}

impl Garbage {
    fn objects(&self) -> u64 {
        match self {
            Garbage::Values(values) => values.len() as u64,
            Garbage::File(_) => 0,
            Garbage::Tables(tables) => tables.iter().map(|table| table.len() as u64).sum(),
        }
    }
}

/// The background thread's mailbox and counters.
pub struct Reaper {
    mailbox: Sender<Garbage>,
    pending: Arc<AtomicU64>,
    freed: Arc<AtomicU64>,
}

impl Reaper {
    /// Starts the thread; it ends when the reaper is dropped.
    pub fn start() -> Reaper {
        let (mailbox, work) = channel::<Garbage>();
        let pending = Arc::new(AtomicU64::new(0));
        let freed = Arc::new(AtomicU64::new(0));
        let counters = (Arc::clone(&pending), Arc::clone(&freed));
        std::thread::Builder::new()
            .name("bio_lazy_free".into())
            .spawn(move || {
                let _registered = crate::alloc::register_thread();
                for garbage in work {
                    let objects = garbage.objects();
                    drop(garbage);
                    counters.0.fetch_sub(objects, Ordering::Relaxed);
                    counters.1.fetch_add(objects, Ordering::Relaxed);
                }
            })
            .expect("a thread can be started when the server starts");
        Reaper { mailbox, pending, freed }
    }

    /// Frees `garbage` in the background.
    pub fn free(&self, garbage: Garbage) {
        self.pending.fetch_add(garbage.objects(), Ordering::Relaxed);
        // If the thread has ended, the send returns the garbage, which is then freed here.
        drop(self.mailbox.send(garbage));
    }

    /// Objects that wait to be freed.
    pub fn pending(&self) -> u64 {
        self.pending.load(Ordering::Relaxed)
    }

    /// Sets the count of freed objects to zero (CONFIG RESETSTAT).
    pub fn reset(&self) {
        self.freed.store(0, Ordering::Relaxed);
    }

    /// Objects freed so far.
    pub fn freed(&self) -> u64 {
        self.freed.load(Ordering::Relaxed)
    }
}
