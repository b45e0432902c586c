//! WATCH and UNWATCH.

use crate::client::{Client, Flags};
use crate::commands::Call;
use crate::server::Server;
use crate::table::{Run, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::level::Level;

/// Declaration of WATCH.
pub static WATCH: ServerCommand = ServerCommand::new("watch", Group::Transactions, -2, Run::Server(watch))
    .since("2.2.0")
    .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
    .keys(&[KeySpec::range(1, -1, 1, RO)])
    .summary("Lets the next EXEC fail if one of these keys changes before.")
    .complexity("O(1) for every key.")
    .args(&[Arg::key("key").multiple()]);

fn watch(call: &mut Call<'_>, args: Args<'_>) -> Outcome {
    if call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    if !call.client.flags.contains(Flags::DIRTY_CAS) {
        for key in args.iter().skip(1) {
            call.server.watch(call.client, key);
        }
    }
    call.reply().ok();
    Ok(())
}

/// Declaration of UNWATCH.
pub static UNWATCH: ServerCommand =
    ServerCommand::new("unwatch", Group::Transactions, 1, Run::Server(unwatch))
        .since("2.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .summary("Forgets all watched keys.")
        .complexity("O(1)");

fn unwatch(call: &mut Call<'_>, _: Args<'_>) -> Outcome {
    call.server.unwatch_all(call.client);
    call.client.flags.remove(Flags::DIRTY_CAS);
    call.reply().ok();
    Ok(())
}

impl Server {
    fn watch(&mut self, client: &mut Client, key: &[u8]) {
        if client.watched.iter().any(|(db, watched, _)| *db == client.db && **watched == *key) {
            return;
        }
        let expired = self.is_expired_in_place(client.db, key);
        let at = self.world.locate(key);
        self.world.shard_mut(at).change_interest(|interest| interest.watch(client.db, key, client.id));
        client.watched.push((client.db, key.into(), expired));
    }

    /// A client watches nothing any more.
    pub fn unwatch_all(&mut self, client: &mut Client) {
        for (db, key, _) in client.watched.drain(..) {
            let at = self.world.locate(&key);
            self.world.shard_mut(at).change_interest(|interest| interest.unwatch(db, &key, client.id));
        }
    }

    /// True if a watched key expired since WATCH and was not deleted yet: that counts as a change since 6.0
    /// (Redis: multi.c, isWatchedKeyExpired).
    pub fn watches_expired_key(&self, client: &Client) -> bool {
        if self.settings.level < Level::V6_2 {
            return false;
        }
        client.watched.iter().any(|(db, key, was_expired)| !was_expired && self.is_expired_in_place(*db, key))
    }

    fn is_expired_in_place(&self, db: DbIndex, key: &[u8]) -> bool {
        self.presence(db, key) == Presence::Expired
    }

    /// Whether a key is there, without side effects.
    pub fn presence(&self, db: DbIndex, key: &[u8]) -> Presence {
        let at = self.world.locate(key);
        let entry = self.world.shards()[at.shard()].db(db).and_then(|part| part.table.get(at.hash, key));
        match entry {
            None => Presence::Missing,
            Some(entry) if entry.expiry().is_some_and(|expiry| expiry < self.now()) => Presence::Expired,
            Some(_) => Presence::Live,
        }
    }

    /// A watched key changed: transactions of those who watch it fail, but for those who saw an expired key that
    /// is still, or really, gone (multi.c: touchWatchedKey, touchAllWatchedKeysInDb).
    pub fn touch_watched(&mut self, current: &mut Client, db: DbIndex, key: &[u8], was_there: bool) {
        let presence = self.presence(db, key);
        let at = self.world.locate(key);
        let interest = self.world.shard_mut(at).interest();
        let watchers = interest.map_or(Vec::new(), |interest| interest.watchers(db, key).to_vec());
        for id in watchers {
            let client = if id == current.id { Some(&mut *current) } else { self.clients.by_id_mut(id) };
            let Some(client) = client else { continue };
            let watch = client.watched.iter_mut().find(|(d, watched, _)| *d == db && **watched == *key);
            let Some((_, _, was_expired)) = watch else { continue };
            match (*was_expired, presence) {
                (true, Presence::Missing) => *was_expired = false,
                (true, Presence::Expired) => {}
                (false, Presence::Expired) if !was_there => *was_expired = true,
                _ => client.flags.insert(Flags::DIRTY_CAS),
            }
        }
    }
}

/// Whether a key is in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is not.
    Missing,
    /// It is, but its time has come.
    Expired,
    /// It is.
    Live,
}
