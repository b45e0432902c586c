//! Limits on the cost of clients: the unsent output of each, and the memory of all together.
//!
//! The output of a client is checked once a second (`care.rs`), after commands that pass its hard limit, and with each
//! message. So the soft limit, which has to be exceeded for a time, is noticed up to a second late. Memory is summed up as
//! clients run commands, so that evicting clients (`maxmemory-clients`) needs no walk in the common case.

use super::describe::output_below;
use super::{Client, ClientType, Flags};
use crate::clock::Tick;
use crate::config::OutputLimit;
use crate::memory::system_total;
use crate::server::Server;
use crate::setup::Setup;
use crate::shared::SharedState;
use crate::stats::Stats;
use crate::{log_notice, log_warning};
use ochre_resp::reply::Output;
use ochre_resp::request::Args;

/// The least limit in bytes: with a smaller one not even the commands that change it could be answered
/// (networking.c: getClientEvictionLimit).
const LEAST_MEMORY: usize = 128 * 1024;

impl Setup<'_> {
    /// The limits on unsent output that hold for a client.
    fn output_limit(self, client: &Client) -> OutputLimit {
        let limits = &self.config.network.client_output_buffer_limit;
        match client.kind() {
            ClientType::Normal | ClientType::Primary => limits.normal,
            ClientType::Replica => limits.replica,
            ClientType::PubSub => limits.pubsub,
        }
    }

    /// Sets the size from which handlers stop to write a reply, because its client will be closed anyway.
    #[inline]
    pub fn limit_output(self, client: &mut Client) {
        client.output.set_limit(output_below(most_output(self.output_limit(client))));
    }

    /// The bytes of memory that all clients together may use; `None` is no limit.
    fn clients_memory_limit(self) -> Option<usize> {
        let limit = match self.config.network.maxmemory_clients {
            0 => return None,
            percent if percent < 0 => {
                let maxmemory = self.settings.maxmemory;
                if maxmemory == 0 {
                    return None;
                }
                (maxmemory as f64 * -percent as f64 / 100.0) as usize
            }
            bytes => bytes as usize,
        };
        Some(limit.max(LEAST_MEMORY))
    }

    /// Marks a client that has too much unsent output. True if it has to be closed.
    pub fn exceeds_output_limit(self, client: &mut Client, stats: &Stats, now: Tick) -> bool {
        let used = client.output_memory() as u64;
        if used == 0 || client.flags.contains(Flags::CLOSE_ASAP) {
            client.soft_limit_since = None;
            return client.flags.contains(Flags::CLOSE_ASAP);
        }
        let limit = self.output_limit(client);
        let is_hard = used >= most_output(limit) as u64 || client.output.is_cut();
        if is_hard || stays_over_soft_limit(client, used, limit, now) {
            log_warning!(
                "Client {} scheduled to be closed ASAP for overcoming of output buffer limits.",
                client.describe(self, now)
            );
            client.flags.insert(Flags::CLOSE_ASAP);
            client.output = Output::new();
            stats.output_limit_disconnections.add(1);
            return true;
        }
        false
    }
}

/// Bytes at which the output of any client ends. A client without a limit could otherwise ask for more output
/// than there is memory, in one call (`SRANDMEMBER key -1000000000000`).
fn most_output(limit: OutputLimit) -> usize {
    if limit.hard_bytes > 0 { limit.hard_bytes as usize } else { (system_total() / 2).max(1 << 30) }
}

fn stays_over_soft_limit(client: &mut Client, used: u64, limit: OutputLimit, now: Tick) -> bool {
    if limit.soft_bytes == 0 || used < limit.soft_bytes {
        client.soft_limit_since = None;
        return false;
    }
    let since = *client.soft_limit_since.get_or_insert(now);
    u64::try_from(limit.soft_seconds).is_ok_and(|seconds| now.since(since).as_secs() > seconds)
}

impl SharedState {
    /// Whether [`Server::evict_clients`] has anything to do: clients cost too much, or a limit was set or removed, so that
    /// clients have to be accounted.
    pub fn must_evict_clients(&self) -> bool {
        match self.setup().clients_memory_limit() {
            None => self.all_accounted,
            Some(limit) => !self.all_accounted || self.counts.memory() >= limit,
        }
    }

    /// True if single clients have to be accounted as they run commands.
    #[inline]
    pub fn limits_clients_memory(&self) -> bool {
        self.config.network.maxmemory_clients != 0
    }
}

impl Server {
    /// Marks a client that has too much unsent output. True if it has to be closed.
    pub fn exceeds_output_limit(&mut self, client: &mut Client) -> bool {
        self.setup().exceeds_output_limit(client, &self.state.stats, self.state.tick)
    }

    /// Sends output that a client did not ask for, such as a message, or closes the client if that exceeds its limits.
    pub fn pushed(&mut self, client: &mut Client) {
        if self.shared.limits_clients_memory() {
            self.account(client);
        }
        if self.exceeds_output_limit(client) {
            self.give_up(client);
        } else {
            self.replied(client);
        }
    }

    /// Brings the sum of memory in line with what a client costs now.
    pub fn account(&mut self, client: &mut Client) {
        if let Some(count) = self.clients.count_of(client.token) {
            count.account(client);
        }
    }

    /// Evicts clients so that the memory for a command of `client` is within the limit. True if `client` itself has to be
    /// closed.
    #[cold]
    pub fn evict_before(&mut self, client: &mut Client, args: Args<'_>) -> bool {
        if let Some(count) = self.clients.count_of(client.token) {
            count.account_call(client, args);
        }
        self.evict_clients(Some(client));
        client.flags.contains(Flags::CLOSE_ASAP)
    }

    /// Closes the clients that cost most until the rest is within the limit. The client in hand, if there is one, is only
    /// marked.
    pub fn evict_clients(&mut self, mut in_hand: Option<&mut Client>) {
        let Some(limit) = self.setup().clients_memory_limit() else {
            self.shared.all_accounted = false;
            return;
        };
        if !std::mem::replace(&mut self.shared.all_accounted, true) {
            self.account_all();
        }
        if self.shared.counts.memory() < limit {
            return;
        }
        let exempt = Flags::NO_EVICT | Flags::CLOSE_ASAP;
        let mut candidates: Vec<_> = self
            .clients
            .iter()
            .chain(in_hand.as_deref())
            .filter(|client| !client.flags.intersects(exempt))
            .map(|client| (client.accounted_memory, client.id))
            .collect();
        candidates.sort_unstable();
        while self.shared.counts.memory() >= limit {
            let Some((_, id)) = candidates.pop() else {
                log_warning!("Over client maxmemory after evicting all evictable clients");
                return;
            };
            self.state.stats.evicted_clients.add(1);
            if let Some(client) = in_hand.as_deref_mut().filter(|client| client.id == id) {
                log_notice!("Evicting client: {}", client.describe(self.setup(), self.state.tick));
                client.flags.insert(Flags::CLOSE_ASAP);
                client.output = Output::new();
                self.account(client);
                continue;
            }
            let now = self.state.tick;
            let setup = self.shared.setup();
            if let Some(client) = self.clients.by_id(id) {
                log_notice!("Evicting client: {}", client.describe(setup, now));
            }
            self.kill(id);
        }
    }

    /// Accounts all clients. While there was no limit single clients were not accounted as they ran commands.
    fn account_all(&mut self) {
        for id in self.clients.ids() {
            let Some(token) = self.clients.token_of(id) else { continue };
            let Some(mut client) = self.clients.take(token) else { continue };
            self.account(&mut client);
            self.clients.put_back(client);
        }
    }
}
