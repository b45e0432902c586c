//! Starts the workers, each on a thread of its own; the first one on the main thread.

use super::seat::Seat;
use super::{SIGNALS, WAKE, Worker};
use crate::process::signals::Signals;
use crate::server::Server;
use crate::{alloc, log_warning};
use mio::{Interest, Poll, Waker};
use ochre_sync::World;
use std::io;
use std::sync::Arc;

/// Runs the server until it is shut down. The first worker's poll is the one that the listening
/// sockets report to.
pub fn run(mut server: Server, first: Poll, mut signals: Signals) -> io::Result<()> {
    first.registry().register(signals.source(), mio::Token(SIGNALS), Interest::READABLE)?;
    let workers = server.desks.len();
    let mut polls = vec![first];
    for _ in 1..workers {
        polls.push(Poll::new()?);
    }
    let registries: io::Result<Box<[_]>> = polls.iter().map(|poll| poll.registry().try_clone()).collect();
    server.registries = registries?;
    let wakers: io::Result<Arc<[Waker]>> =
        polls.iter().map(|poll| Waker::new(poll.registry(), mio::Token(WAKE))).collect();
    let wakers = wakers?;
    // It lives as long as the process: threads may still look at it when the first one returns.
    let process: &'static World<Server> = Box::leak(Box::new(World::new(workers, server)));
    let mut polls = polls.into_iter().enumerate();
    let Some((_, first)) = polls.next() else { return Ok(()) };
    let mut threads = Vec::new();
    for (me, poll) in polls {
        let wakers = Arc::clone(&wakers);
        let thread = std::thread::Builder::new().name(format!("io_thd_{me}"));
        threads.push(thread.spawn(move || work(process, me, wakers, poll, None))?);
    }
    work(process, 0, Arc::clone(&wakers), first, Some(signals));
    wakers.iter().for_each(|waker| drop(waker.wake()));
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}

fn work(
    process: &'static World<Server>,
    me: usize,
    wakers: Arc<[Waker]>,
    poll: Poll,
    signals: Option<Signals>,
) {
    // The main thread is registered from its start.
    let _registered = (me > 0).then(alloc::register_thread);
    // SAFETY: every number is used once, by the thread that stays in this function.
    #[allow(unsafe_code)]
    let seat = unsafe { Seat::new(process, me, wakers) };
    if let Err(error) = Worker::new(seat, poll, signals).run() {
        log_warning!("Worker {me} cannot wait for its sockets: {error}");
    }
}
