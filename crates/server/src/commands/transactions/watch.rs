//! WATCH and UNWATCH.

use crate::client::{Client, Flags};
use crate::exec::ExecContext;
use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::table::Reach;
use ochre_engine::command::*;
use ochre_engine::keyspace::{DbIndex, Presence};
use ochre_engine::level::Level;

/// Declaration of WATCH.
pub static WATCH: ServerCommand =
    ServerCommand::new("watch", Group::Transactions, -2, Handler::over(Reach::Keys, watch))
        .since("2.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY | RUNS_IN_MULTI)
        .keys(&[KeySpec::range(1, -1, 1, RO)])
        .summary("Lets the next EXEC fail if one of these keys changes before.")
        .complexity("O(1) for every key.")
        .args(&[Arg::key("key").multiple()]);

fn watch(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    if call.client.flags.contains(Flags::MULTI) {
        return Err(Error::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    call.scope.watch(call.client, args);
    call.reply().ok();
    Ok(())
}

/// Declaration of UNWATCH.
pub static UNWATCH: ServerCommand =
    ServerCommand::new("unwatch", Group::Transactions, 1, Handler::over(Reach::Watched, unwatch))
        .since("2.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .summary("Forgets all watched keys.")
        .complexity("O(1)");

fn unwatch(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.scope.unwatch_all(call.client);
    call.reply().ok();
    Ok(())
}

impl ExecContext<'_> {
    /// Adds watched keys (all arguments but the first) to a client, unless its transaction is broken already.
    fn watch(&mut self, client: &mut Client, args: Args<'_>) {
        if client.is_broken() {
            return;
        }
        let now = self.state.clock.unix_ms(self.state.tick);
        for key in args.iter().skip(1) {
            let watching = client.watching.get_or_insert_default();
            if watching.keys.iter().any(|(db, watched)| *db == client.db && **watched == *key) {
                continue;
            }
            watching.keys.push((client.db, key.into()));
            let at = self.shards.locate(key);
            let shard = self.shards.shard_mut(at);
            let expired = shard.presence(client.db, at, now) == Presence::Expired;
            let (db, id) = (client.db, client.id);
            shard.change_interest(|interest| interest.watch(db, key, id, &watching.flag, expired));
        }
    }

    /// Ends all watches of a client.
    pub fn unwatch_all(&mut self, client: &mut Client) {
        let Some(watching) = client.watching.take() else { return };
        for (db, key) in watching.keys {
            let at = self.shards.locate(&key);
            self.shards.shard_mut(at).change_interest(|interest| interest.unwatch(db, &key, client.id));
        }
    }

    /// Whether a watched key of the client has changed. Since 6.0 a key that expired after WATCH and was not deleted yet
    /// counts, too (multi.c: isWatchedKeyExpired).
    pub fn is_broken(&mut self, client: &Client) -> bool {
        let Some(watching) = &client.watching else { return false };
        let now = self.state.clock.unix_ms(self.state.tick);
        let has_expired = |(db, key): &(DbIndex, Box<[u8]>)| {
            let at = self.shards.locate(key);
            let shard = self.shards.shard_mut(at);
            let watched_alive = shard.interest().is_some_and(|all| all.watched_alive(*db, key, client.id));
            watched_alive && shard.presence(*db, at, now) == Presence::Expired
        };
        watching.flag.is_broken()
            || self.shared.settings.level >= Level::V6_2 && watching.keys.iter().any(has_expired)
    }
}
