//! MONITOR: clients that see every command.
//!
//! A line is made only if somebody looks. Secrets among the arguments are not shown.

use super::Subscriber;
use crate::client::{Client, Flags};
use crate::post::{Content, Letter};
use crate::secrets;
use crate::table::Entry;
use bytes::Bytes;
use ochre_engine::command::flags::{ADMIN, SKIP_MONITOR};
use ochre_engine::text::repr::push_repr;
use ochre_resp::request::Args;
use parking_lot::Mutex;

/// The clients that see all commands.
#[derive(Debug, Default)]
pub struct Monitors {
    /// They change in the exclusive mode only.
    watching: Vec<Subscriber>,
    /// All of them see the commands in the same order.
    order: Mutex<()>,
}

impl Monitors {
    /// True if nobody looks.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.watching.is_empty()
    }

    /// A client becomes a monitor.
    pub fn add(&mut self, client: &mut Client) {
        client.flags.insert(Flags::MONITOR);
        self.watching.push(Subscriber { id: client.id, token: client.token });
    }

    /// A client is no monitor any more.
    pub fn remove(&mut self, client: &mut Client) {
        if client.flags.contains(Flags::MONITOR) {
            client.flags.remove(Flags::MONITOR);
            self.watching.retain(|monitor| monitor.id != client.id);
        }
    }

    /// Shows a command that a client runs at this time, in microseconds since 1970. To be called while its shards
    /// are held, so that conflicting commands are seen in the order in which they ran.
    #[cold]
    pub fn show(
        &self,
        client: &Client,
        unix_us: i64,
        command: &Entry,
        args: Args<'_>,
        send: &mut dyn FnMut(Letter),
    ) {
        if command.meta.flags & (ADMIN | SKIP_MONITOR) != 0 {
            return;
        }
        let mut line = prefix(client, unix_us);
        let secret = secrets::places(&command.full_name, args);
        for (at, arg) in args.iter().enumerate() {
            line.push(b' ');
            push_repr(&mut line, if secret.contains(&at) { secrets::REDACTED } else { arg });
        }
        line.extend_from_slice(b"\r\n");
        let line = Bytes::from(line);
        let _order = self.order.lock();
        for Subscriber { id, token } in &self.watching {
            send(Letter { to: *token, id: *id, content: Content::Line(line.clone()) });
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
