//! Which parts of the server belong to which worker.
//!
//! A worker reaches its own in the shared mode, through its handle, and nobody else's.
#![allow(unsafe_code)]

use crate::client::ClientSet;
use crate::in_hand::InHand;
use crate::server::Server;
use crate::worker_state::WorkerState;
use ochre_sync::{Own, PerWorker};

// SAFETY: both are boxed slices that the server owns and that cannot change while it is shared; each number is one place in
// each of them.
unsafe impl PerWorker for Server {
    type First = ClientSet;
    type Second = InHand<WorkerState>;

    #[inline]
    fn cells(&self, worker: usize) -> (&Own<ClientSet>, &Own<InHand<WorkerState>>) {
        (&self.clients.sets()[worker], &self.workers[worker])
    }
}
