//! MONITOR: clients that see every command.
//!
//! A line is made only if somebody looks. Secrets among the arguments are not shown.

use crate::client::{Client, Flags};
use crate::secrets;
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::command::flags::{ADMIN, SKIP_MONITOR};
use ochre_engine::keyspace::ClientId;
use ochre_engine::text::repr::push_repr;
use ochre_resp::request::Args;

impl Server {
    /// A client becomes a monitor.
    pub fn add_monitor(&mut self, client: &mut Client) {
        client.flags.insert(Flags::MONITOR);
        self.monitors.push(client.id);
    }

    /// A client is no monitor any more.
    pub fn remove_monitor(&mut self, client: &mut Client) {
        if client.flags.contains(Flags::MONITOR) {
            client.flags.remove(Flags::MONITOR);
            self.monitors.retain(|id| *id != client.id);
        }
    }

    /// Shows a command that a client ran to all monitors.
    #[inline]
    pub fn show_monitors(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        if !self.monitors.is_empty() {
            self.show_monitors_now(client, command, args);
        }
    }

    #[cold]
    fn show_monitors_now(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        let entry = self.commands.get(command);
        if entry.meta.flags & (ADMIN | SKIP_MONITOR) != 0 {
            return;
        }
        let mut line = self.monitor_prefix(client);
        let secret = secrets::places(&entry.full_name, args);
        for (at, arg) in args.iter().enumerate() {
            line.push(b' ');
            push_repr(&mut line, if secret.contains(&at) { secrets::REDACTED } else { arg });
        }
        line.extend_from_slice(b"\r\n");
        for id in self.monitors.clone() {
            self.send_line(client, id, &line);
        }
    }

    fn monitor_prefix(&self, client: &Client) -> Vec<u8> {
        let us = self.lane.clock.unix_us(self.lane.tick);
        let (seconds, us) = (us / 1_000_000, us % 1_000_000);
        let db = client.db.0;
        if client.flags.contains(Flags::UNIX) {
            let path = client.address.strip_suffix(":0").unwrap_or(&client.address);
            return format!("+{seconds}.{us:06} [{db} unix:{path}]").into_bytes();
        }
        format!("+{seconds}.{us:06} [{db} {}]", client.address).into_bytes()
    }

    fn send_line(&mut self, current: &mut Client, to: ClientId, line: &[u8]) {
        if to == current.id {
            current.output.append(line);
            return;
        }
        let Some(token) = self.clients.token_of(to) else { return };
        let Some(mut monitor) = self.clients.take(token) else { return };
        monitor.output.append(line);
        self.pushed(&mut monitor);
        self.clients.put_back(monitor);
    }
}
