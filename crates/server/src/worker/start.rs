//! Starts the workers, each on a thread of its own; the first one on the main thread.

use super::Worker;
use super::handle::WorkerHandle;
use crate::net::Endpoint;
use crate::persistence::loading;
use crate::process::signals::Signals;
use crate::process::{Abort, failed};
use crate::server::Server;
use crate::{alloc, log_warning};
use mio::{Interest, Poll, Waker};
use ochre_sync::{ModeCell, ModeHandle};
use std::io;
use std::sync::Arc;

/// Runs the server until it is shut down. The first worker's poll is the one that the listening
/// sockets report to. `ready` is called when the data is loaded.
pub fn run(server: Server, first: Poll, signals: Signals, ready: fn(&Server)) -> Result<(), Abort> {
    start(server, first, signals, ready).map_err(failed)?
}

fn start(
    mut server: Server,
    first: Poll,
    mut signals: Signals,
    ready: fn(&Server),
) -> io::Result<Result<(), Abort>> {
    first.registry().register(signals.source(), Endpoint::Signals.token(), Interest::READABLE)?;
    let workers = server.workers.len();
    let mut polls = vec![first];
    for _ in 1..workers {
        polls.push(Poll::new()?);
    }
    let registries: io::Result<Box<[_]>> = polls.iter().map(|poll| poll.registry().try_clone()).collect();
    server.registries = registries?;
    let wakers: io::Result<Arc<[Waker]>> =
        polls.iter().map(|poll| Waker::new(poll.registry(), Endpoint::Waker.token())).collect();
    let wakers = wakers?;
    server.shared.mailboxes.connect(Arc::clone(&wakers));
    if workers > 1 {
        server.give_log();
    }
    server.give_state();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut starting = ModeCell::share(workers, processors, server)?.into_iter().zip(polls);
    let Some((handle, first)) = starting.next() else { return Ok(Ok(())) };
    // The process ends soon after the first worker returns, and need not free its data piece by piece.
    handle.never_drop_state();
    let mut threads = Vec::new();
    for (handle, poll) in starting {
        let wakers = Arc::clone(&wakers);
        let thread = std::thread::Builder::new().name(format!("io_thd_{}", handle.me()));
        threads.push(thread.spawn(move || work(handle, wakers, poll))?);
    }
    let mut worker = Worker::new(WorkerHandle::new(handle, Arc::clone(&wakers)), first, Some(signals));
    if let Err(abort) = loading::at_start(&mut worker) {
        return Ok(Err(abort));
    }
    if !worker.handle.sole().shared.shutdown {
        ready(worker.handle.sole());
    }
    let outcome = worker.run();
    wakers.iter().for_each(|waker| drop(waker.wake()));
    threads.into_iter().for_each(|thread| drop(thread.join()));
    outcome.map(Ok)
}

fn work(process: ModeHandle<Server>, wakers: Arc<[Waker]>, poll: Poll) {
    let _registered = alloc::register_thread();
    let me = process.me();
    if let Err(error) = Worker::new(WorkerHandle::new(process, wakers), poll, None).run() {
        log_warning!("Worker {me} cannot wait for its sockets: {error}");
    }
}
