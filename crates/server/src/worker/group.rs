//! Which shards a command needs, and locking those of some commands together.
//!
//! Commands that follow each other are locked together, up to [`GROUP_SHARDS`] shards, because that lets
//! their lookups overlap (see `ochre_engine::keyspace::Locks`); only those that are quick by declaration, so that
//! nobody waits long for a key. Commands on a shard that is held anyway cost no further lock, so workers that want the same
//! few keys change as seldom as they can. A command on a key that somebody waits for goes alone, with all that hangs together
//! with its keys (`waiters.rs`).

use super::queue::Queue;
use super::waiters;
use crate::client::{Client, Flags, PendingInput};
use crate::exec::{Plan, Planned, is_queued};
use crate::shared::SharedState;
use crate::table::{CommandTable, Entry, Reach};
use ochre_engine::command::{Begin, PUBSUB};
use ochre_engine::keyspace::{Held, LockSet, Locks};
use ochre_engine::text::eq_ignore_case;
use ochre_resp::request::Args;

/// Shards that are locked together, if it takes several commands: enough for their lookups to overlap,
/// and few enough that two workers rarely want the same one.
const GROUP_SHARDS: usize = 16;

/// Locks the shards of the next command, and of as many behind it as may go with it. Returns how many commands
/// these are; `None` if the keys cannot be told.
pub(super) fn lock_group<'a>(
    shared: &SharedState,
    locks: Locks<'a>,
    client: &Client,
    pending: &PendingInput,
    queue: Queue<'_>,
    shards: &'a mut LockSet,
    hashes: &mut Vec<u64>,
) -> Option<(Held<'a>, usize)> {
    let (commands, plan) = (&shared.commands, queue.plan);
    let goes_alone = client.flags.intersects(Flags::MULTI | Flags::PUBSUB);
    let most = pending.batch.len() - pending.next;
    if goes_alone || !plan.suffices(queue.first) {
        let args = pending.batch.args(pending.next, queue.query.bytes());
        return lock_one(shared, locks, client, plan.get(queue.first), args, shards, hashes)
            .map(|held| (held, 1));
    }
    let together = plan.joining(queue.first, most, GROUP_SHARDS);
    let mut size = together.max(1);
    let wanted = plan.hashes(queue.first, queue.first + size);
    let least = plan.hashes(queue.first, queue.first + 1).len();
    let (mut held, got) = locks.hold_some(shards, client.db, wanted, least);
    if got < wanted.len() {
        size = plan.covered(queue.first, queue.first + size, got);
    } else if together > 0 {
        size += fill_up(&mut held, client, plan, queue.first + size, most - size);
    }
    if held.has_interest() {
        let is_awaited = |at: usize| {
            let entry = plan.get(queue.first + at).command.map(|id| commands.get(id));
            let args = pending.batch.args(pending.next + at, queue.query.bytes());
            let keys = entry.and_then(|entry| keys_of(entry, args)).unwrap_or_default();
            waiters::is_any_awaited(&held, keys.into_iter())
        };
        size = (0..size).find(|at| is_awaited(*at)).unwrap_or(size);
        if size == 0 {
            let args = pending.batch.args(pending.next, queue.query.bytes());
            let keys = keys_of(commands.get(plan.get(queue.first).command?), args)?;
            return Some((waiters::hold_with_waiters(shared, held, &keys, hashes)?, 1));
        }
    }
    Some((held, size))
}

/// Adds commands, from `first` on, to a group as long as it has fewer shards than it may have. Returns how many.
fn fill_up(held: &mut Held<'_>, client: &Client, plan: &Plan, first: usize, most: usize) -> usize {
    let mut added = 0;
    while held.count() < GROUP_SHARDS {
        let start = first + added;
        let more = plan.joining(start, most - added, GROUP_SHARDS - held.count());
        let wanted = plan.hashes(start, start + more);
        let got = held.add(client.db, wanted);
        if more == 0 || got < wanted.len() {
            return added + plan.covered(start, start + more, got);
        }
        added += more;
    }
    added
}

/// Locks the shards of a command whose plan does not suffice; none if it walks, needs none, or is going to be refused.
fn lock_one<'a>(
    shared: &SharedState,
    locks: Locks<'a>,
    client: &Client,
    planned: Planned<'_>,
    args: Args<'_>,
    shards: &'a mut LockSet,
    hashes: &mut Vec<u64>,
) -> Option<Held<'a>> {
    let setup = shared.setup();
    let entry = setup.resolve(planned.command, args).ok().map(|id| setup.commands.get(id));
    let keys = match entry {
        Some(entry) if entry.arity_fits(args.len()) && !is_queued(client, entry) => {
            reached_keys(setup.commands, client, entry, args)?
        }
        _ => Vec::new(),
    };
    if keys.is_empty() {
        return Some(locks.roaming(shards));
    }
    hashes.clear();
    hashes.extend(keys.iter().map(|key| locks.locate(key).hash));
    let held = locks.hold(shards, client.db, hashes);
    if held.has_interest() && waiters::is_any_awaited(&held, keys.iter().copied()) {
        return waiters::hold_with_waiters(shared, held, &keys, hashes);
    }
    Some(held)
}

/// The keys that a command needs, whoever named them; `None` if they cannot be told, or if it needs more than keys.
fn reached_keys<'a>(
    commands: &CommandTable,
    client: &'a Client,
    entry: &Entry,
    args: Args<'a>,
) -> Option<Vec<&'a [u8]>> {
    let watched = client.watching.as_ref().into_iter().flat_map(|watching| &watching.keys);
    let watched = watched.map(|(_, key)| &**key);
    match entry.reach {
        Reach::OneKey | Reach::Keys => keys_of(entry, args),
        Reach::Watched => Some(watched.collect()),
        Reach::Queue => {
            let mut keys: Vec<&[u8]> = watched.collect();
            for (id, args) in client.multi.as_ref().into_iter().flat_map(|multi| &multi.commands) {
                let entry = commands.get(*id);
                match entry.reach {
                    Reach::OneKey | Reach::Keys => keys.extend(keys_of(entry, args.args())?),
                    // Its own messages follow the transaction, and those of others stop with the subscription.
                    Reach::Local if entry.flags & PUBSUB != 0 => return None,
                    Reach::Local | Reach::Audience => {}
                    Reach::Walk | Reach::Survey | Reach::Watched | Reach::Queue | Reach::Process => {
                        return None;
                    }
                }
            }
            Some(keys)
        }
        Reach::Walk | Reach::Local | Reach::Survey | Reach::Audience | Reach::Process => Some(Vec::new()),
    }
}

/// The keys that a command names; `None` if they cannot be told.
fn keys_of<'a>(entry: &Entry, args: Args<'a>) -> Option<Vec<&'a [u8]>> {
    if !entry.arity_fits(args.len()) || has_keyword_twice(entry, args) {
        return None;
    }
    let found = entry.meta.find_keys(args).ok()?;
    Some(found.iter().map(|(at, _)| args.get(*at)).collect())
}

/// Whether a word that keys stand behind is there more than once: then they are where the handler looks, which may be another
/// place than that which COMMAND GETKEYS tells (`GEORADIUS ... STORE a STORE b`).
fn has_keyword_twice(entry: &Entry, args: Args<'_>) -> bool {
    entry.meta.keys.iter().any(|spec| match spec.begin {
        Begin::Keyword(word, from) => {
            let behind = args.iter().skip(usize::try_from(from).unwrap_or(0));
            behind.filter(|arg| eq_ignore_case(arg, word.as_bytes())).count() > 1
        }
        Begin::Index(_) | Begin::Unknown => false,
    })
}

/// A command that walks over the database, one shard after the other.
#[inline]
pub(super) fn is_walk(commands: &CommandTable, planned: Planned<'_>) -> bool {
    planned.command.is_some_and(|id| commands.get(id).reach == Reach::Walk)
}
