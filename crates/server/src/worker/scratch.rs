//! Memory of a worker that its clients borrow.

use crate::client::{PendingInput, Token};
use crate::exec::Plan;

/// Memory that clients borrow while they have something in it.
#[derive(Default)]
pub(super) struct Scratch {
    pub inputs: Vec<Vec<u8>>,
    pub outputs: Vec<Vec<u8>>,
    /// Boxed because they move into `Client::pending` and back as they are.
    #[allow(clippy::vec_box)]
    pub batches: Vec<Box<PendingInput>>,
    pub plan: Plan,
    /// Clients with parsed commands, and how many of them are planned.
    pub window: Vec<(Token, usize)>,
}

/// Buffers kept of each kind.
const KEPT: usize = 64;

impl Scratch {
    pub fn give_output(&mut self, buffer: Vec<u8>) {
        if self.outputs.len() < KEPT && buffer.capacity() <= 256 * 1024 {
            self.outputs.push(buffer);
        }
    }

    pub fn give_input(&mut self, buffer: Vec<u8>) {
        if self.inputs.len() < KEPT && buffer.capacity() <= 256 * 1024 {
            self.inputs.push(buffer);
        }
    }

    pub fn give_batch(&mut self, mut pending: Box<PendingInput>) {
        pending.batch.clear();
        pending.next = 0;
        pending.consumed = 0;
        if self.batches.len() < KEPT && pending.batch.memory_bytes() <= 64 * 1024 {
            self.batches.push(pending);
        }
    }
}
