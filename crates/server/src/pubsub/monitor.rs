//! MONITOR: clients that see every command.
//!
//! A line is formatted only if there is a monitor. Secrets among the arguments are not shown.

use super::Subscriber;
use crate::client::{Client, Flags};
use crate::mailboxes::{ClientMessage, MessageBody};
use crate::secrets::REDACTED;
use crate::table::Entry;
use bytes::Bytes;
use ochre_engine::command::flags::ADMIN;
use ochre_engine::text::repr::push_repr;
use ochre_resp::request::Args;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The clients that see all commands.
#[derive(Debug, Default)]
pub struct Monitors {
    /// The clients. They see the commands in the same order, because lines are sent under this lock.
    watching: Mutex<Vec<Subscriber>>,
    /// Whether there is a monitor. Read for every command.
    is_any: AtomicBool,
}

impl Monitors {
    /// True if there is no monitor.
    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.is_any.load(Ordering::Relaxed)
    }

    /// Keeps other workers from showing commands, for as long as the result lives.
    pub fn order(&self) -> impl Drop + '_ {
        self.watching.lock()
    }

    /// Makes a client a monitor.
    pub fn add(&self, client: &mut Client) {
        client.flags.insert(Flags::MONITOR);
        self.watching.lock().push(Subscriber { id: client.id, token: client.token });
        self.is_any.store(true, Ordering::Relaxed);
    }

    /// Removes a client from the monitors.
    pub fn remove(&self, client: &mut Client) {
        if client.flags.contains(Flags::MONITOR) {
            client.flags.remove(Flags::MONITOR);
            let mut watching = self.watching.lock();
            watching.retain(|monitor| monitor.id != client.id);
            self.is_any.store(!watching.is_empty(), Ordering::Relaxed);
        }
    }

    /// Shows a command that a client runs at a time in microseconds since 1970. To be called while the shards of the command
    /// are held, so that conflicting commands are seen in the order in which they ran.
    #[cold]
    pub fn show(
        &self,
        client: &Client,
        unix_us: i64,
        command: &Entry,
        args: Args<'_>,
        send: &mut dyn FnMut(ClientMessage),
    ) {
        if command.meta.flags & ADMIN != 0 {
            return;
        }
        let mut line = prefix(client, unix_us);
        let secret = command.meta.find_secrets(args);
        for (at, arg) in args.iter().enumerate() {
            line.push(b' ');
            push_repr(&mut line, if secret.contains(&at) { REDACTED } else { arg });
        }
        line.extend_from_slice(b"\r\n");
        let line = Bytes::from(line);
        for Subscriber { id, token } in self.watching.lock().iter() {
            send(ClientMessage { to: *token, id: *id, body: MessageBody::Line(line.clone()) });
        }
    }
}

fn prefix(client: &Client, unix_us: i64) -> Vec<u8> {
    let (seconds, us) = (unix_us / 1_000_000, unix_us % 1_000_000);
    let db = client.db.0;
    if client.flags.contains(Flags::UNIX) {
        let path = client.address.strip_suffix(":0").unwrap_or(&client.address);
        return format!("+{seconds}.{us:06} [{db} unix:{path}]").into_bytes();
    }
    format!("+{seconds}.{us:06} [{db} {}]", client.address).into_bytes()
}
