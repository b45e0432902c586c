//! The periodic work for each client, about once a second, by its own worker: closing a client that was idle too long
//! or does not read its replies, adapting the buffers, accounting the memory.

use super::counts::ClientCount;
use super::{Client, ClientSet, Flags};
use crate::clock::Tick;
use crate::log_verbose;
use crate::setup::Setup;
use crate::stats::Stats;
use ochre_resp::reply::Output;
use std::time::Duration;

/// Clients looked after per turn of the cron at least (server.h: CLIENTS_CRON_MIN_ITERATIONS).
const LEAST_CLIENTS: usize = 5;
/// Time without input after which a client gives memory for input back.
const KEPT_WITHOUT_INPUT: Duration = Duration::from_secs(2);

/// What the periodic work needs besides the clients.
pub struct Care<'a> {
    /// The limits.
    pub setup: Setup<'a>,
    /// Counters of the worker.
    pub stats: &'a Stats,
    /// The time of this run.
    pub now: Tick,
    /// Milliseconds after which the peak of a reply buffer is forgotten, below 0 never. `None` leaves reply
    /// buffers as they are.
    pub reply_buffer_reset_ms: Option<i64>,
}

impl Care<'_> {
    /// Looks after some clients of a worker, so that `turns` calls reach each of them once.
    pub fn take(&self, clients: &mut ClientSet, turns: u64) {
        clients.count().forget_oldest_buffers(self.now);
        let count = (clients.len() / turns as usize).max(LEAST_CLIENTS);
        for token in clients.next_to_look_after(count) {
            let Some(mut client) = clients.take(token) else { continue };
            if self.look_after(&mut client, clients.count()) {
                clients.put_back(client);
                continue;
            }
            client.output = Output::new();
            clients.close(&mut client);
            clients.hide(client.id);
            clients.count().account(&mut client);
            clients.put_back(client);
        }
    }

    /// Looks after one client. False if the client has to be closed.
    fn look_after(&self, client: &mut Client, count: &ClientCount) -> bool {
        if self.is_idle_too_long(client) {
            log_verbose!("Closing idle client");
            return false;
        }
        if self.setup.exceeds_output_limit(client, self.stats, self.now) {
            return false;
        }
        let idle = self.now.since(client.last_interaction);
        let announced = client.parser.large_len().unwrap_or(0);
        client.input_buffer.adapt(idle, client.input_bytes(), announced);
        if idle > KEPT_WITHOUT_INPUT {
            client.query.shrink();
        }
        if let Some(reset_ms) = self.reply_buffer_reset_ms {
            let reset = u64::try_from(reset_ms).ok().map(Duration::from_millis);
            client.reply_buffer.adapt(self.now, reset, client.output.len());
        }
        count.account(client);
        count.note_buffers(client, self.now);
        true
    }

    fn is_idle_too_long(&self, client: &Client) -> bool {
        let timeout_seconds = u64::try_from(self.setup.config.network.timeout).unwrap_or(0);
        let exempt = Flags::BLOCKED | Flags::PAUSED | Flags::PUBSUB | Flags::MONITOR;
        timeout_seconds > 0
            && !client.flags.intersects(exempt)
            && self.now.since(client.last_interaction).as_secs() > timeout_seconds
    }
}
