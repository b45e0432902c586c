//! WATCH and UNWATCH.

use crate::client::{Client, Flags};
use crate::commands::Call;
use crate::server::Server;
use crate::table::ServerCommand;
use ochre_engine::command::*;
use ochre_engine::keyspace::DbIndex;

/// Declaration of WATCH.
pub static WATCH: ServerCommand = ServerCommand::new("watch", Group::Transactions, -2, watch)
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
pub static UNWATCH: ServerCommand = ServerCommand::new("unwatch", Group::Transactions, 1, unwatch)
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
        self.world.shard_mut(at).interest.watch(client.db, key, client.id);
        client.watched.push((client.db, key.into(), expired));
    }

    /// A client watches nothing any more.
    pub fn unwatch_all(&mut self, client: &mut Client) {
        for (db, key, _) in client.watched.drain(..) {
            let at = self.world.locate(&key);
            self.world.shard_mut(at).interest.unwatch(db, &key, client.id);
        }
    }

    /// True if a watched key expired since WATCH and was not deleted yet: that counts as a change
    /// (Redis: multi.c, isWatchedKeyExpired).
    pub fn watches_expired_key(&self, client: &Client) -> bool {
        client.watched.iter().any(|(db, key, was_expired)| !was_expired && self.is_expired_in_place(*db, key))
    }

    fn is_expired_in_place(&self, db: DbIndex, key: &[u8]) -> bool {
        let at = self.world.locate(key);
        let entry = self.world.shards()[at.shard()].db(db).and_then(|part| part.table.get(at.hash, key));
        entry.and_then(|entry| entry.expiry()).is_some_and(|expiry| expiry < self.now())
    }
}
