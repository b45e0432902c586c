//! Threads that decode the values of a snapshot while it is read.
//!
//! ```text
//!            start                 help: the first of todo
//! reader ──────────────> todo ───────────────────────────> helper ──┐
//!   ^  └── with nothing else to do it decodes one itself             │
//!   └─────── finish ──── done, in the order of starting <────────────┘
//! ```
//! They live as long as one loading, for a snapshot is read once in the life of most processes. The
//! one who reads is one of those who decode: it does so whenever the batch that it needs next is not there
//! and one that nobody has begun is.

use ochre_persistence::rdb::{Decoded, Decoders, Decoding, RawBatch};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Bytes of a file per thread that may be on their way: enough that no thread waits while the reader looks
/// after clients for a moment, few enough to stay in the caches.
const IN_FLIGHT_BYTES: usize = 512 * 1024;

/// Calls `work` with decoders that decode on `threads` threads, the calling one included.
pub fn with_decoders<T>(
    threads: usize,
    decoding: Decoding<'_>,
    work: impl FnOnce(&mut dyn Decoders) -> T,
) -> T {
    let queue = Queue::default();
    thread::scope(|scope| {
        // Dropped whatever happens in `work`, as the scope waits for the helpers.
        let _closing = Closing(&queue);
        for _ in 1..threads {
            let thread = thread::Builder::new().name("rdb_decoder".into());
            // If there cannot be as many threads, those that are there do it all.
            let _ = thread.spawn_scoped(scope, || queue.help(&decoding));
        }
        work(&mut Reader { queue: &queue, decoding, limit: threads * IN_FLIGHT_BYTES })
    })
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// There is something to do, or nothing will come any more.
    work: Condvar,
    /// Something is done.
    ready: Condvar,
}

#[derive(Default)]
struct State {
    /// Batches that nobody has begun, with their numbers.
    todo: VecDeque<(u64, RawBatch)>,
    /// A place for each batch that was started and not taken back; empty until it is decoded.
    done: VecDeque<Option<(usize, Decoded)>>,
    /// The number of the first of these.
    first: u64,
    /// Bytes of all these.
    bytes: usize,
    is_closed: bool,
}

impl State {
    fn pop_done(&mut self) -> Option<Decoded> {
        let (bytes, decoded) = self.done.front_mut()?.take()?;
        self.done.pop_front();
        self.first += 1;
        self.bytes -= bytes;
        Some(decoded)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic happens under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a helper.
    fn help(&self, decoding: &Decoding<'_>) {
        let _registered = crate::alloc::register_thread();
        let mut state = self.lock();
        loop {
            if let Some(job) = state.todo.pop_front() {
                drop(state);
                state = self.decode(job, decoding);
                self.ready.notify_one();
            } else if state.is_closed {
                return;
            } else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn decode(&self, (number, batch): (u64, RawBatch), decoding: &Decoding<'_>) -> MutexGuard<'_, State> {
        let bytes = batch.len();
        let decoded = batch.decode(decoding);
        let mut state = self.lock();
        let at = (number - state.first) as usize;
        state.done[at] = Some((bytes, decoded));
        state
    }
}

struct Closing<'a>(&'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        // What nobody will ask for need not be decoded.
        state.todo.clear();
        drop(state);
        self.0.work.notify_all();
    }
}

/// The end of the queue that belongs to whoever reads the file.
struct Reader<'a> {
    queue: &'a Queue,
    decoding: Decoding<'a>,
    limit: usize,
}

impl Decoders for Reader<'_> {
    fn has_room(&self) -> bool {
        self.queue.lock().bytes < self.limit
    }

    fn start(&mut self, batch: RawBatch) {
        let mut state = self.queue.lock();
        let number = state.first + state.done.len() as u64;
        state.bytes += batch.len();
        state.done.push_back(None);
        state.todo.push_back((number, batch));
        drop(state);
        self.queue.work.notify_one();
    }

    fn finished(&mut self) -> Option<Decoded> {
        self.queue.lock().pop_done()
    }

    fn finish(&mut self) -> Option<Decoded> {
        let mut state = self.queue.lock();
        while !state.done.is_empty() {
            if let Some(decoded) = state.pop_done() {
                return Some(decoded);
            }
            state = match state.todo.pop_front() {
                Some(job) => {
                    drop(state);
                    self.queue.decode(job, &self.decoding)
                }
                None => self.queue.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ochre_engine::digest::Digest;
    use ochre_engine::keyspace::{DbIndex, World};
    use ochre_engine::settings::Settings;
    use ochre_engine::table::Seed;
    use ochre_engine::time::UnixMs;
    use ochre_persistence::rdb::{LoadOptions, Loaded, Source, load, load_ahead};
    use ochre_persistence::testing::Filler;

    /// A file of so many sets, hashes and strings.
    fn file(count: usize) -> Vec<u8> {
        let mut file = b"REDIS0010\xfe\x00".to_vec();
        for at in 0..count {
            let key = format!("{at:06}");
            let (value_type, value) = match at % 3 {
                0 => (0, format!("\x06{key}")),
                1 => (2, format!("\x02\x06{key}\x03abc")),
                _ => (4, format!("\x01\x06{key}\x06{key}")),
            };
            file.push(value_type);
            file.push(6);
            file.extend_from_slice(key.as_bytes());
            file.extend_from_slice(value.as_bytes());
        }
        file.extend_from_slice(b"\xff\0\0\0\0\0\0\0\0");
        file
    }

    fn loaded(file: &[u8], threads: usize) -> Result<(Loaded, String), String> {
        let settings = Settings::default();
        let mut world = World::new(4, 16, Seed::new(1, 2));
        let now = UnixMs(1_700_000_000_000);
        let options =
            LoadOptions { settings: &settings, seed: world.seed(), now, deep: None, checksum: true };
        let (mut source, mut sink) = (Source::new(file, Some(file.len() as u64)), Filler::new(&mut world));
        let result = match threads {
            1 => load(&mut source, &options, &mut sink),
            _ => with_decoders(threads, options.decoding(), |decoders| {
                load_ahead(&mut source, &options, &mut sink, decoders)
            }),
        };
        let loaded = result.map_err(|error| error.to_string())?;
        assert_eq!(world.view().len(DbIndex(0)) as u64, loaded.keys);
        Ok((loaded, Digest::of_world(world.view()).hex()))
    }

    #[test]
    fn several_threads_load_what_one_does() {
        let file = file(100_000);
        let alone = loaded(&file, 1).unwrap();
        assert_eq!(alone.0.keys, 100_000);
        for threads in [2, 5] {
            assert_eq!(loaded(&file, threads).as_ref(), Ok(&alone));
        }
    }

    #[test]
    fn the_first_error_of_the_file_is_told_whoever_meets_it() {
        let whole = file(30_000);
        for at in (2_000..whole.len() - 2_000).step_by(whole.len() / 10) {
            let mut file = whole.clone();
            file[at] ^= 0xff;
            let (middle, end) = (at / 2, file.len() - 1000);
            file[end] = 0x99;
            assert_eq!(loaded(&file, 1), loaded(&file, 4), "at {at}");
            // Cut off as well.
            assert_eq!(loaded(&file[..middle], 1), loaded(&file[..middle], 4), "at {middle}");
        }
    }
}
