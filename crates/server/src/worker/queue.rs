//! The commands of one client on their way to being run.

use crate::exec::Plan;
use crate::net::QueryBuffer;

/// The commands of one client that wait to be run, from `pending.next` on.
#[derive(Clone, Copy)]
pub(super) struct Queue<'a> {
    pub query: &'a QueryBuffer,
    pub plan: &'a Plan,
    /// Where the plan of the command at `pending.next` is.
    pub first: usize,
}
