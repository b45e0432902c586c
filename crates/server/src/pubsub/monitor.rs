//! MONITOR: clients that see every command.
//!
//! A line is made only if somebody looks. Secrets among the arguments are not shown.

use crate::client::{Client, Flags};
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
        for (at, arg) in args.iter().enumerate() {
            line.push(b' ');
            push_repr(&mut line, if is_secret(&entry.full_name, args, at) { b"(redacted)" } else { arg });
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

/// Whether an argument is a password (networking.c: redactClientCommandArgument and its callers).
pub fn is_secret(full_name: &str, args: Args<'_>, at: usize) -> bool {
    let is =
        |index: usize, word: &[u8]| args.try_get(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word));
    match full_name {
        "auth" => at > 0,
        "hello" => (2..args.len()).any(|auth| is(auth, b"AUTH") && (at == auth + 1 || at == auth + 2)),
        "config|set" => {
            at >= 3
                && at % 2 == 1
                && [&b"masterauth"[..], b"requirepass", b"masteruser", b"tls-key-file-pass"]
                    .iter()
                    .any(|directive| is(at - 1, directive))
        }
        "migrate" => (6..args.len()).any(|auth| {
            is(auth, b"AUTH") && at == auth + 1 || is(auth, b"AUTH2") && (at == auth + 1 || at == auth + 2)
        }),
        "acl|setuser" => at >= 2,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ochre_resp::request::OwnedArgs;

    #[test]
    fn passwords_are_secret_and_nothing_else() {
        let secrets = |name: &str, words: &str| -> Vec<usize> {
            let args: OwnedArgs = words.split(' ').collect();
            (0..args.args().len()).filter(|at| is_secret(name, args.args(), *at)).collect()
        };
        assert_eq!(secrets("auth", "auth user password"), [1, 2]);
        assert_eq!(secrets("hello", "hello 3 auth user password setname x"), [3, 4]);
        assert_eq!(secrets("config|set", "config set maxmemory 1 requirepass x"), [5]);
        assert_eq!(secrets("get", "get requirepass"), [0; 0]);
    }
}
