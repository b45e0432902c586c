//! The checks in front of a command: which command it is, and whether this client may call it like this.
//!
//! ```text
//! resolve ── check_call (form, authentication) ── memory ── check_state (disk, subscriber, loading, pause) ──┬── queue
//!                                                                                                           ╰── run
//! ```
//! The order is that of Redis (server.c: processCommand), because it decides which of several errors a client sees.
//! Everything that is asked here can be read in either mode. Nothing of it but form and memory applies while the server
//! is unrestricted (`SharedState::is_unrestricted`) and the client in no special state.

use crate::client::{Client, Flags};
use crate::setup::Setup;
use crate::shared::SharedState;
use crate::stats::Stats;
use crate::table::{CommandId, Entry};
use ochre_engine::command::flags::{
    DENYOOM, ENDS_MULTI, FOR_SUBSCRIBERS, NO_AUTH, NO_MULTI, REFUSED_WITH_WRITES, RUNS_IN_MULTI, WRITE,
};
use ochre_engine::command::{Args, Error, Outcome};
use ochre_engine::error::c_text;
use ochre_engine::level::Level;
use ochre_resp::reply::Protocol;

/// States of a client that decide about more of a call than its form.
const ASKED: Flags = Flags::UNAUTHENTICATED.union(Flags::MULTI).union(Flags::PUBSUB);

/// What the checks decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The command runs.
    Run,
    /// It is queued: its client is inside MULTI.
    Queue,
    /// It waits until a pause is over.
    Hold,
}

impl SharedState {
    /// The checks behind that of memory: those of the server's state, and whether the command suits what its client is in
    /// the middle of.
    pub(super) fn check_state(&self, client: &Client, command: CommandId) -> Result<Verdict, Error> {
        let (setup, entry) = (self.setup(), self.commands.get(command));
        let restricted = self.persistence.restricts();
        if restricted {
            let flags = setup.flags_with_queue(client, command);
            let config = &self.config.persistence;
            // PING inside a transaction does not count.
            let own = entry.meta.flags & REFUSED_WITH_WRITES;
            self.persistence.refuse_unsafe_write(config, flags & WRITE | own)?;
        }
        check_context(client, entry)?;
        if restricted {
            self.persistence.refuse_while_loading(setup.flags_in_common(client, command))?;
        }
        if self.pause.concerns(|| setup.flags_with_queue(client, command)) {
            return Ok(Verdict::Hold);
        }
        Ok(if is_queued(client, entry) { Verdict::Queue } else { Verdict::Run })
    }
}

impl<'a> Setup<'a> {
    /// Whether more than the form of a call has to be checked for this client.
    #[inline(always)]
    pub(super) fn must_look_closely(self, client: &Client) -> bool {
        client.flags.intersects(ASKED)
    }

    /// Whether a command may be called with so many arguments.
    #[inline(always)]
    pub(super) fn check_form(self, command: CommandId, args: Args<'_>) -> Outcome {
        let entry = self.commands.get(command);
        if entry.arity_fits(args.len()) && !entry.is_container {
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

    /// Whether a command may use more memory. A queue uses memory, too, so inside MULTI only the commands that end it
    /// are sure not to (server.c: processCommand, reject_cmd_on_oom).
    #[inline]
    pub fn needs_memory(self, client: &Client, command: CommandId) -> bool {
        let may_be_queued =
            client.flags.contains(Flags::MULTI) && self.commands.get(command).meta.flags & ENDS_MULTI == 0;
        may_be_queued || self.flags_with_queue(client, command) & DENYOOM != 0
    }

    /// The properties of a command; EXEC has those of the commands it would run.
    #[inline]
    pub fn flags_with_queue(
        self,
        client: &Client,
        command: CommandId,
    ) -> ochre_engine::command::flags::Flags {
        let entry = self.commands.get(command);
        let queue = client.multi.as_ref().filter(|_| entry.is_exec());
        let queued = queue.into_iter().flat_map(|multi| &multi.commands);
        queued.fold(entry.meta.flags, |all, (id, _)| all | self.commands.get(*id).meta.flags)
    }

    /// The properties that a command shares with the commands EXEC would run for it.
    fn flags_in_common(self, client: &Client, command: CommandId) -> ochre_engine::command::flags::Flags {
        let entry = self.commands.get(command);
        let queue = client.multi.as_ref().filter(|_| entry.is_exec());
        let queued = queue.into_iter().flat_map(|multi| &multi.commands);
        queued.fold(entry.meta.flags, |all, (id, _)| all & self.commands.get(*id).meta.flags)
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
fn check_context(client: &Client, entry: &Entry) -> Outcome {
    if client.flags.contains(Flags::PUBSUB) && client.protocol == Protocol::Resp2 {
        return subscriber_may(entry);
    }
    Ok(())
}

/// Whether a command is to be queued instead of run.
#[inline]
pub fn is_queued(client: &Client, entry: &Entry) -> bool {
    client.flags.contains(Flags::MULTI) && entry.meta.flags & RUNS_IN_MULTI == 0
}

/// A RESP2 client with subscriptions may only change them, and a few more.
fn subscriber_may(entry: &Entry) -> Outcome {
    if entry.meta.flags & FOR_SUBSCRIBERS != 0 {
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

/// Whether the checks already decide that a command does not run now, whatever the state of the memory.
pub fn is_refused_or_queued(
    shared: &SharedState,
    client: &Client,
    command: CommandId,
    args: Args<'_>,
) -> bool {
    let checked =
        shared.setup().check_call(client, command, args).and_then(|()| shared.check_state(client, command));
    matches!(checked, Err(_) | Ok(Verdict::Queue))
}

/// Answers an error without running the command, which is not EXEC; a transaction being queued is spoilt.
#[cold]
pub fn refuses(client: &mut Client, stats: &Stats, command: Option<CommandId>, error: &Error) {
    if client.flags.contains(Flags::MULTI) {
        client.flags.insert(Flags::DIRTY_EXEC);
    }
    if let Some(command) = command {
        stats.rejected(command);
    }
    client.reply().error(error.text());
    stats.error_replied(error.text());
}
