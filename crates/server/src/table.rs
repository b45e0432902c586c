//! All commands by name: the engine's and the server's in one table.
//!
//! The table is built once, from the declarations and the compatibility level. A lookup folds the name to
//! lower case in a register, and finds it with one probe in nearly all cases.

mod names;

use names::Names;
use ochre_engine::command::flags::{FAST, QUICK, READONLY, WHOLE_WORLD};
use ochre_engine::command::keyspec::{INCOMPLETE, NOT_KEY};
use ochre_engine::command::spec::fits;
use ochre_engine::command::{Begin, Find, Flags, KeySpec, Meta};
use ochre_engine::level::Level;
use std::collections::HashMap;

/// Number of a command: its index in [`CommandTable::entries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub u16);

/// A command or subcommand, with the properties that it has at the level.
pub struct Entry {
    /// The declaration.
    pub meta: &'static Meta,
    /// The count of arguments at this level, the name included; negative: at least so many.
    pub arity: i16,
    /// The flags at this level.
    pub flags: Flags,
    /// The tips at this level.
    pub tips: &'static [&'static str],
    /// Whether it has subcommands and does nothing itself.
    pub is_container: bool,
    /// The name with the container: "config|get".
    pub full_name: Box<str>,
    /// The subcommands by lower-case name.
    pub subcommands: HashMap<&'static str, CommandId>,
    /// The container of a subcommand.
    pub parent: Option<CommandId>,
    /// The positions of the keys, as far as they follow from the number of arguments. For hashing ahead.
    pub key_places: KeyPlaces,
    /// The data that it needs while it runs.
    pub reach: Reach,
    /// The way in which its shards can be locked.
    pub locking: Locking,
}

/// The way in which the shards of a command can be locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// By its arguments: the plan of its window does not say which shards it needs.
    Unplanned,
    /// By the hashes of its plan.
    Planned,
    /// By the hashes of its plan, together with neighbouring commands. Its declaration says [`QUICK`] or [`FAST`].
    Grouped,
}

impl Locking {
    fn of(meta: &Meta, reach: Reach, places: KeyPlaces) -> Locking {
        let is_quick = meta.flags & (FAST | QUICK) != 0;
        match reach {
            Reach::OneKey | Reach::Keys if !places.complete => Locking::Unplanned,
            Reach::OneKey | Reach::Keys | Reach::Local if is_quick => Locking::Grouped,
            Reach::OneKey | Reach::Keys => Locking::Planned,
            _ => Locking::Unplanned,
        }
    }
}

/// The data that a command needs while it runs. This decides whether it can run in the shared mode, and under which
/// locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The shard of one key, which is the first argument that is a key.
    OneKey,
    /// The shards of all its keys.
    Keys,
    /// All shards of a database, one after the other.
    Walk,
    /// Its client and the shared state, without shards.
    Local,
    /// Its client, the shared state, and all shards, one after the other.
    Survey,
    /// Its client, the shared state, and subscribers, who get messages.
    Audience,
    /// The shards of the keys that its client watches.
    Watched,
    /// The shards of the keys that its client watches, and those of the keys of all commands that its client has queued.
    Queue,
    /// The whole server, hence the exclusive mode.
    Process,
}

/// The positions of the keys of a command, if they follow from the number of arguments alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlaces {
    /// The position of the first key.
    pub first: u16,
    /// The position behind the last key; 0 and below count from the end of the arguments.
    end: i16,
    /// Arguments from one key to the next: 1 or 2.
    pub stride: u16,
    /// Whether the command has no other keys.
    pub complete: bool,
}

impl KeyPlaces {
    /// No positions: they end where they begin.
    const NOWHERE: KeyPlaces = KeyPlaces { first: 1, end: 1, stride: 1, complete: false };

    fn of_specs(specs: &[KeySpec]) -> KeyPlaces {
        let Some(KeySpec { begin: Begin::Index(first), find, flags, .. }) = specs.first() else {
            return KeyPlaces::NOWHERE;
        };
        let (last, stride, complete) = match *find {
            Find::Range { last, step: stride @ 1..=2, limit: 0..=1 } => {
                (last, stride, specs.len() == 1 && flags & (INCOMPLETE | NOT_KEY) == 0)
            }
            Find::Range { .. } => (0, 1, false),
            _ => return KeyPlaces::NOWHERE,
        };
        let end = if last < 0 { last + 1 } else { *first as isize + last + 1 };
        KeyPlaces { first: *first as u16, end: end as i16, stride: stride as u16, complete }
    }

    /// The position behind the last key of a call with `args` arguments.
    #[inline]
    pub fn end(self, args: usize) -> usize {
        let end = isize::from(self.end);
        if end > 0 { args.min(end as usize) } else { args.saturating_sub(end.unsigned_abs()) }
    }
}

impl Reach {
    /// The data that a data command needs, by its declaration.
    pub fn of_data(meta: &Meta) -> Reach {
        match meta.keys {
            [] if meta.flags & WHOLE_WORLD != 0 && meta.flags & READONLY != 0 => Reach::Walk,
            [] => Reach::Process,
            _ if meta.flags & WHOLE_WORLD != 0 => Reach::Process,
            [KeySpec { begin: Begin::Index(_), find: Find::Range { last: 0, .. }, flags, .. }]
                if flags & INCOMPLETE == 0 =>
            {
                Reach::OneKey
            }
            _ => Reach::Keys,
        }
    }
}

/// The commands of a server.
pub struct CommandTable {
    entries: Vec<Entry>,
    names: Names,
    level: Level,
}

impl Entry {
    /// Whether a call with `len` arguments, the name included, runs this command and not a subcommand.
    #[inline(always)]
    pub fn takes(&self, len: usize) -> bool {
        fits(self.arity, len) && !self.is_container && self.subcommands.is_empty()
    }

    /// Whether a call with `len` arguments, the name included, is allowed.
    #[inline]
    pub fn arity_fits(&self, len: usize) -> bool {
        fits(self.arity, len)
    }

    /// Whether it is EXEC.
    pub fn is_exec(&self) -> bool {
        self.reach == Reach::Queue
    }
}

impl CommandTable {
    /// A table without commands.
    pub fn new(level: Level) -> CommandTable {
        CommandTable { entries: Vec::new(), names: Names::new(), level }
    }

    /// Adds a command, or the subcommand of a `parent`, if it exists at this level. `reach` is `None` for a container,
    /// which does nothing itself.
    pub fn add(
        &mut self,
        meta: &'static Meta,
        reach: Option<Reach>,
        parent: Option<CommandId>,
    ) -> Option<CommandId> {
        if !meta.exists_at(self.level) {
            return None;
        }
        let id = CommandId(self.entries.len() as u16);
        let key_places = KeyPlaces::of_specs(meta.keys);
        let is_container = reach.is_none();
        let reach = reach.unwrap_or(Reach::Process);
        self.entries.push(Entry {
            meta,
            arity: meta.arity_at(self.level),
            flags: meta.flags_at(self.level),
            tips: meta.tips_at(self.level),
            is_container,
            full_name: if parent.is_some() { meta.full_name().into() } else { meta.name.into() },
            subcommands: HashMap::new(),
            parent,
            key_places,
            reach,
            locking: Locking::of(meta, reach, key_places),
        });
        match parent {
            Some(parent) => _ = self.entries[usize::from(parent.0)].subcommands.insert(meta.name, id),
            None => self.names.add(meta.name.as_bytes(), id),
        }
        Some(id)
    }

    /// Renames a command (`rename-command`); an empty name removes it. False if there is no such
    /// command or another command has the new name.
    pub fn rename(&mut self, old: &[u8], new: &[u8]) -> bool {
        let Some(id) = self.find(old) else { return false };
        if self.find(new).is_some() {
            return false;
        }
        self.names.remove(id);
        if !new.is_empty() {
            self.names.add(new, id);
        }
        true
    }

    /// The command with this name, in any case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<CommandId> {
        self.names.find(name)
    }

    /// The subcommand of a container with this name, in any case.
    pub fn find_sub(&self, container: CommandId, name: &[u8]) -> Option<CommandId> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.get(container).subcommands.get(name.as_str()).copied()
    }

    /// The command or subcommand with this full name (`config|get`), in any case.
    pub fn find_full(&self, name: &[u8]) -> Option<CommandId> {
        match memchr::memchr(b'|', name) {
            Some(bar) => self.find_sub(self.find(&name[..bar])?, &name[bar + 1..]),
            None => self.find(name),
        }
    }

    /// The command with this number.
    #[inline]
    pub fn get(&self, id: CommandId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// All commands and subcommands.
    pub fn entries(&self) -> impl Iterator<Item = (CommandId, &Entry)> {
        self.entries.iter().enumerate().map(|(at, entry)| (CommandId(at as u16), entry))
    }

    /// Number of commands and subcommands.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The top-level commands that clients can call.
    pub fn top_level(&self) -> impl Iterator<Item = (CommandId, &Entry)> {
        self.entries().filter(move |(id, entry)| entry.parent.is_none() && self.names.has(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_get_a_name_of_any_length_and_loses_its_old_one() {
        let mut table = crate::commands::table(Level::Latest);
        let get = table.find(b"get").expect("GET exists");
        let mut last = "get".to_owned();
        for len in [40, 5, 23, 24, 25, 3] {
            let name = "x".repeat(len);
            assert!(table.rename(last.as_bytes(), name.as_bytes()));
            assert_eq!(table.find(name.to_ascii_uppercase().as_bytes()), Some(get));
            assert_eq!(table.find(last.as_bytes()), None);
            assert!(table.top_level().any(|(id, _)| id == get));
            last = name;
        }
        assert!(!table.rename(b"set", last.as_bytes()));
        assert!(table.rename(last.as_bytes(), b"") && table.find(last.as_bytes()).is_none());
    }
}
