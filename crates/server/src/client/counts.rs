//! The number of clients and the memory that they cost, readable by every worker at any time.
//!
//! The clients of each worker have a [`ClientCount`], which changes by the worker itself or in the exclusive mode. The
//! cost of a single client is that of its last accounting, which is at most a second ago.

use super::{Client, Flags};
use crate::clock::Tick;
use crate::counter::Counter;
use ochre_resp::request::{Args, Limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Seconds for which the largest buffers are remembered, a power of two (server.h:
/// CLIENTS_PEAK_MEM_USAGE_SLOTS).
const SECONDS: usize = 8;

/// The clients of one worker.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct ClientCount {
    /// Number of clients, those on their way to the worker included.
    clients: AtomicUsize,
    /// Bytes of memory that the clients cost.
    pub memory: Counter,
    /// The largest input buffer of each second, in bytes.
    largest_input: [Counter; SECONDS],
    /// The largest output of each second, in bytes.
    largest_output: [Counter; SECONDS],
}

impl ClientCount {
    /// Counts a client less. The owner of the client calls this once, when the client is about to be closed.
    pub fn leaves(&self) {
        self.clients.fetch_sub(1, Relaxed);
    }

    /// Brings the sum of memory in line with what a client costs now.
    pub fn account(&self, client: &mut Client) {
        let bytes = if client.flags.contains(Flags::CLOSE_ASAP) { 0 } else { client.memory() };
        self.charge(client, bytes);
    }

    /// Brings the sum of memory in line with the cost of a client and of the command that it is about to run.
    pub fn account_call(&self, client: &mut Client, args: Args<'_>) {
        self.account(client);
        // Small arguments are in a lent buffer, which does not count.
        let large = Some(args.total_bytes()).filter(|bytes| *bytes >= Limits::LARGE_ARG);
        self.charge(client, client.accounted_memory + large.unwrap_or(0));
    }

    /// Brings the sum of memory in line with a client that now costs `bytes`.
    pub fn charge(&self, client: &mut Client, bytes: usize) {
        self.memory.set(self.memory.get() + bytes as u64 - client.accounted_memory as u64);
        client.accounted_memory = bytes;
    }

    /// Forgets the largest buffers of the second that is eight seconds back. The slot of that second is the next one that
    /// is written to, so a worker without clients has to do this as well.
    pub fn forget_oldest_buffers(&self, now: Tick) {
        let next = slot_of(now.seconds() + 1);
        self.largest_input[next].set(0);
        self.largest_output[next].set(0);
    }

    /// Notes the size of the buffers of a client in this second (server.c: clientsCronTrackExpansiveClients).
    pub fn note_buffers(&self, client: &Client, now: Tick) {
        self.forget_oldest_buffers(now);
        let slot = slot_of(now.seconds());
        self.largest_input[slot].raise_to(client.input_memory() as u64);
        self.largest_output[slot].raise_to(client.output_memory() as u64);
    }
}

fn slot_of(seconds: u64) -> usize {
    seconds as usize % SECONDS
}

/// The clients of all workers.
#[derive(Clone)]
pub struct ClientCounts(Box<[Arc<ClientCount>]>);

impl ClientCounts {
    /// Counts of no clients, for `workers` workers.
    pub fn new(workers: usize) -> ClientCounts {
        ClientCounts((0..workers).map(|_| Arc::default()).collect())
    }

    /// The count of each worker.
    pub fn by_worker(&self) -> &[Arc<ClientCount>] {
        &self.0
    }

    fn sum(&self, counter: impl Fn(&ClientCount) -> &Counter) -> usize {
        self.0.iter().map(|count| counter(count).get()).sum::<u64>() as usize
    }

    /// Number of clients, those on their way to their worker included.
    pub fn clients(&self) -> usize {
        self.0.iter().map(|count| count.clients.load(Relaxed)).sum()
    }

    /// Counts one more client, for the worker with the fewest, and returns this worker. Only the thread that accepts
    /// connections may call it: as no other thread adds clients, a limit that is not reached stays so.
    pub fn expect_one(&self) -> usize {
        let loads = self.0.iter().map(|count| count.clients.load(Relaxed)).enumerate();
        let worker = loads.min_by_key(|(_, clients)| *clients).map_or(0, |(worker, _)| worker);
        self.0[worker].clients.fetch_add(1, Relaxed);
        worker
    }

    /// Bytes of memory that all clients cost.
    pub fn memory(&self) -> usize {
        self.sum(|count| &count.memory)
    }

    fn largest(&self, slots: impl Fn(&ClientCount) -> &[Counter; SECONDS]) -> u64 {
        self.0.iter().flat_map(|count| slots(count)).map(Counter::get).max().unwrap_or(0)
    }

    /// The largest input buffer of the last seconds, in bytes.
    pub fn largest_input(&self) -> u64 {
        self.largest(|count| &count.largest_input)
    }

    /// The largest output of the last seconds, in bytes.
    pub fn largest_output(&self) -> u64 {
        self.largest(|count| &count.largest_output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Token;
    use ochre_engine::keyspace::ClientId;
    use ochre_resp::request::Batch;
    use std::time::Duration;

    fn at(seconds: u64) -> Tick {
        Tick::default() + Duration::from_secs(seconds)
    }

    #[test]
    fn new_clients_go_where_the_fewest_are() {
        let counts = ClientCounts::new(3);
        let workers: Vec<usize> = (0..4).map(|_| counts.expect_one()).collect();
        assert_eq!((workers, counts.clients()), (vec![0, 1, 2, 0], 4));
        counts.by_worker()[1].leaves();
        assert_eq!((counts.expect_one(), counts.clients()), (1, 4));
    }

    #[test]
    fn large_buffers_are_forgotten_after_some_seconds() {
        let counts = ClientCounts::new(2);
        let mut client = Client::new(ClientId(1), Token::NOWHERE, None, Tick::default());
        let second = |n| Tick::default() + Duration::from_secs(n);
        client.query.lend(Vec::with_capacity(5000));
        counts.by_worker()[1].note_buffers(&client, second(100));
        assert_eq!(counts.largest_input(), client.query.capacity() as u64);
        client.query = crate::net::QueryBuffer::default();
        (101..=106).for_each(|n| counts.by_worker()[1].note_buffers(&client, second(n)));
        assert!(counts.largest_input() >= 5000);
        counts.by_worker()[1].note_buffers(&client, second(107));
        assert_eq!(counts.largest_input(), client.query.capacity() as u64);
    }

    #[test]
    fn large_buffers_are_forgotten_by_a_worker_that_lost_all_its_clients() {
        let counts = ClientCounts::new(1);
        let mut client = Client::new(ClientId(1), Token::NOWHERE, None, Tick::default());
        client.output.append(&[0; 100_000]);
        counts.by_worker()[0].note_buffers(&client, at(100));
        (101..107).for_each(|second| counts.by_worker()[0].forget_oldest_buffers(at(second)));
        assert!(counts.largest_output() > 0);
        counts.by_worker()[0].forget_oldest_buffers(at(107));
        assert_eq!(counts.largest_output(), 0);
    }

    #[test]
    fn messages_that_wait_for_a_client_count_as_its_output() {
        let counts = ClientCounts::new(1);
        let mut client = Client::new(ClientId(1), Token::NOWHERE, None, Tick::default());
        client.output.append(b"+OK\r\n");
        counts.by_worker()[0].note_buffers(&client, at(100));
        // Redis does not count the first 16 KB, which every client may use.
        assert_eq!(counts.largest_output(), 0);
        client.output.append_shared(vec![0; 7 << 20].into());
        counts.by_worker()[0].note_buffers(&client, at(100));
        assert_eq!(counts.largest_output(), client.output_memory() as u64);
        assert!(counts.largest_output() > 7 << 20);
    }

    #[test]
    fn a_command_that_arrives_bit_by_bit_counts_as_input() {
        let counts = ClientCounts::new(1);
        let mut client = Client::new(ClientId(1), Token::NOWHERE, None, Tick::default());
        let header = b"*2\r\n$4\r\nECHO\r\n$1500000\r\nabc";
        client.parser.parse(header, &Limits::default(), &mut Batch::default()).unwrap();
        assert_eq!(client.parser.large_len(), Some(1_500_000));
        counts.by_worker()[0].note_buffers(&client, at(100));
        assert!((1_500_000..1_600_000).contains(&counts.largest_input()), "{}", counts.largest_input());
    }
}
