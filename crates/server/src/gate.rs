//! The checks in front of a command: which command it is, and whether this client may call it like this.
//!
//! ```text
//! resolve ── check_call ──┬── memory, disk (Server::gate) ──┬── check_context ── loading, pause ──┬── queue (inside MULTI)
//!                         ╰── a plain server: memory ───────╯                ╰── a plain server ──┴── run
//! ```
//! The order is that of Redis (server.c: processCommand), because it decides which of several errors a
//! client sees. What is here needs only the client and the [`Setup`], which changes in the exclusive mode
//! alone, so it serves both modes; what depends on the state of the server is in `exec.rs`, and none
//! of it but memory applies while the server is plain (`Server::is_unrestricted`).

use crate::client::{Client, Clients, Flags};
use crate::config::Config;
use crate::server::Server;
use crate::table::{CommandId, CommandTable, Entry, Run};
use ochre_engine::command::flags::{DENYOOM, NO_AUTH, NO_MULTI};
use ochre_engine::command::{Args, Error, Outcome};
use ochre_engine::error::c_text;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_resp::reply::Protocol;

/// States of a client that decide about more of a call than its form.
const ASKED: Flags = Flags::UNAUTHENTICATED.union(Flags::MULTI).union(Flags::PUBSUB);

/// What the checks decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The command runs.
    Run,
    /// It is queued: its client is inside MULTI.
    Queue,
    /// It waits until a pause is over.
    Hold,
}

/// How the server is set up: what commands there are, and what was configured. Changes in the exclusive
/// mode only.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// All commands.
    pub commands: &'a CommandTable,
    /// What data commands need to know of the configuration.
    pub settings: &'a Settings,
    /// The configuration.
    pub config: &'a Config,
}

impl Server {
    /// How it is set up.
    #[inline]
    pub fn setup(&self) -> Setup<'_> {
        Setup { commands: &self.commands, settings: &self.settings, config: &self.config }
    }

    /// How it is set up, and its clients, which can only be looked at while nobody else has the server.
    pub fn setup_and_clients(&mut self) -> (Setup<'_>, &mut Clients) {
        let Server { commands, settings, config, clients, .. } = self;
        (Setup { commands, settings, config }, clients)
    }
}

impl<'a> Setup<'a> {
    /// What becomes of a command while the server is plain: it runs, is queued, or is refused. `is_stuck` is whether
    /// memory does not suffice and nothing can be evicted.
    #[inline(always)]
    pub fn gate(
        self,
        client: &Client,
        command: CommandId,
        args: Args<'_>,
        is_stuck: bool,
    ) -> Result<Gate, Error> {
        if is_stuck || client.flags.intersects(ASKED) {
            return self.gate_closely(client, command, args, is_stuck);
        }
        self.check_form(command, args)?;
        Ok(Gate::Run)
    }

    #[inline(never)]
    fn gate_closely(
        self,
        client: &Client,
        command: CommandId,
        args: Args<'_>,
        is_stuck: bool,
    ) -> Result<Gate, Error> {
        let entry = self.commands.get(command);
        self.check_call(client, command, args)?;
        if is_stuck && self.needs_memory(client, command) {
            return Err(Error::OUT_OF_MEMORY);
        }
        check_context(client, entry)?;
        Ok(if is_queued(client, entry) { Gate::Queue } else { Gate::Run })
    }

    /// Whether a command may be called with so many arguments.
    #[inline(always)]
    fn check_form(self, command: CommandId, args: Args<'_>) -> Outcome {
        let entry = self.commands.get(command);
        if entry.arity_fits(args.len()) && !matches!(entry.run, Run::Container) {
            return Ok(());
        }
        let old = self.settings.level < Level::V7_0 && entry.meta.container.is_some();
        Err(if old { self.subcommand_syntax(command, args) } else { Error::arity(&entry.full_name) })
    }

    /// The checks in front of those of the server's memory and disk: form of the call, authentication.
    #[inline]
    pub fn check_call(self, client: &Client, command: CommandId, args: Args<'_>) -> Outcome {
        self.check_form(command, args)?;
        let flags = self.commands.get(command).meta.flags;
        if client.flags.contains(Flags::UNAUTHENTICATED)
            && flags & NO_AUTH == 0
            && self.must_authenticate(client)
        {
            return Err(Error::fixed("NOAUTH Authentication required."));
        }
        if client.flags.contains(Flags::MULTI) && flags & NO_MULTI != 0 {
            return Err(Error::fixed("ERR Command not allowed inside a transaction"));
        }
        Ok(())
    }

    /// Whether a command may use more memory: so may whatever is queued (server.c: processCommand, reject_cmd_on_oom).
    #[inline]
    pub fn needs_memory(self, client: &Client, command: CommandId) -> bool {
        let is_queued = client.flags.contains(Flags::MULTI) && {
            let entry = self.commands.get(command);
            entry.parent.is_some() || !matches!(entry.meta.name, "exec" | "discard" | "quit" | "reset")
        };
        is_queued || self.flags_with_queue(client, command) & DENYOOM != 0
    }

    /// The properties of a command; EXEC has those of the commands it would run.
    #[inline]
    pub fn flags_with_queue(
        self,
        client: &Client,
        command: CommandId,
    ) -> ochre_engine::command::flags::Flags {
        let entry = self.commands.get(command);
        let queue = client.multi.as_ref().filter(|_| &*entry.full_name == "exec");
        let queued = queue.into_iter().flat_map(|multi| &multi.commands);
        queued.fold(entry.meta.flags, |all, (id, _)| all | self.commands.get(*id).meta.flags)
    }

    /// The command or subcommand that these arguments name.
    #[inline(always)]
    pub fn resolve(self, known: Option<CommandId>, args: Args<'_>) -> Result<CommandId, Error> {
        match known {
            Some(id) if self.commands.get(id).subcommands.is_empty() => Ok(id),
            known => self.resolve_by_name(known, args),
        }
    }

    #[inline(never)]
    fn resolve_by_name(self, known: Option<CommandId>, args: Args<'_>) -> Result<CommandId, Error> {
        let Some(id) = known.or_else(|| self.commands.find(args.get(0))) else {
            return Err(unknown_command(self.settings.level, args));
        };
        if self.commands.get(id).subcommands.is_empty() {
            return Ok(id);
        }
        let Some(sub) = args.try_get(1) else { return Ok(id) };
        self.commands.find_sub(id, sub).ok_or_else(|| self.unknown_subcommand(id, args))
    }

    #[cold]
    fn unknown_subcommand(self, id: CommandId, args: Args<'_>) -> Error {
        if self.settings.level < Level::V7_0 {
            return self.subcommand_syntax(id, args);
        }
        // As the client knows it: it may have been renamed.
        let name = args.get(0).to_ascii_uppercase();
        let sub = shown(args.try_get(1).unwrap_or_default());
        Error::quoting(&[b"ERR unknown subcommand '", sub, b"'. Try ", &name, b" HELP."])
    }

    /// The error for arguments that no form of a subcommand takes; up to 6.2 also for unknown subcommands.
    pub fn subcommand_syntax(self, command: CommandId, args: Args<'_>) -> Error {
        let entry = self.commands.get(command);
        let name = entry.meta.container.unwrap_or(entry.meta.name).to_ascii_uppercase();
        let sub = shown(args.try_get(1).unwrap_or_default());
        let start: &[u8] = if self.settings.level < Level::V7_0 { b"ERR Unknown" } else { b"ERR unknown" };
        let middle: &[u8] = b" subcommand or wrong number of arguments for '";
        Error::quoting(&[start, middle, sub, b"'. Try ", name.as_bytes(), b" HELP."])
    }

    /// The password of the default user.
    pub fn password(self) -> Option<&'a [u8]> {
        Some(self.config.network.requirepass.0.as_slice()).filter(|password| !password.is_empty())
    }

    /// True if the client can do nothing but authenticate.
    pub fn must_authenticate(self, client: &Client) -> bool {
        client.flags.contains(Flags::UNAUTHENTICATED) && self.password().is_some()
    }
}

/// Whether a command suits what its client is in the middle of. Stands behind the checks of the server's
/// memory and disk.
#[inline]
pub fn check_context(client: &Client, entry: &Entry) -> Outcome {
    if client.flags.contains(Flags::PUBSUB) && client.protocol == Protocol::Resp2 {
        return subscriber_may(entry);
    }
    Ok(())
}

/// Whether a command is to be queued instead of run.
#[inline]
pub fn is_queued(client: &Client, entry: &Entry) -> bool {
    client.flags.contains(Flags::MULTI) && !leaves_transaction(entry)
}

/// Commands that are not queued inside MULTI.
fn leaves_transaction(entry: &Entry) -> bool {
    matches!(entry.meta.name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
        && entry.parent.is_none()
}

/// A RESP2 client with subscriptions may only change them, and a few more.
fn subscriber_may(entry: &Entry) -> Outcome {
    const ALLOWED: [&str; 9] = [
        "ping",
        "subscribe",
        "ssubscribe",
        "unsubscribe",
        "sunsubscribe",
        "psubscribe",
        "punsubscribe",
        "quit",
        "reset",
    ];
    if ALLOWED.contains(&&*entry.full_name) {
        return Ok(());
    }
    Err(Error::new(format!(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        entry.full_name
    )))
}

/// As much of a name as error texts show.
fn shown(name: &[u8]) -> &[u8] {
    &name[..name.len().min(128)]
}

/// The error for a name that no command has; its wording changed with 5.0 and 7.0.
#[cold]
fn unknown_command(level: Level, args: Args<'_>) -> Error {
    let name = shown(args.get(0));
    if level < Level::V5_0 {
        return Error::quoting(&[b"ERR unknown command '", name, b"'"]);
    }
    let quotes: [&[u8]; 4] =
        if level < Level::V7_0 { [b"`", b"`", b"`", b"`, "] } else { [b"'", b"'", b"'", b"' "] };
    let mut listed = Vec::new();
    for arg in args.iter().skip(1) {
        if listed.len() >= 128 {
            break;
        }
        let arg = c_text(arg);
        let arg = &arg[..arg.len().min(128 - listed.len())];
        listed.extend_from_slice(&[quotes[2], arg, quotes[3]].concat());
    }
    let middle: &[u8] = b", with args beginning with: ";
    Error::quoting(&[b"ERR unknown command ", quotes[0], name, quotes[1], middle, &listed])
}
