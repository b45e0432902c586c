//! DEBUG subcommands on data: the inside of values, digests, tables.

use crate::exec::ServerCall;
use ochre_engine::command::*;
use ochre_engine::commands::encoding_name;
use ochre_engine::digest::Digest;
use ochre_engine::entry::{KeyEntry, Kind};
use ochre_engine::keyspace::{DbIndex, WorldView};
use ochre_engine::table::Stats;
use ochre_engine::text::parse_i64;
use ochre_engine::value::{Hash, List, Set, StrRef, footprint};
use std::fmt::Write;

/// The entry of a key, expired or not. These commands have no side effects.
fn find<'a>(world: WorldView<'a>, db: DbIndex, key: &[u8]) -> Option<&'a KeyEntry> {
    let key = world.locate(key);
    world.shard(key).entry(db, key)
}

pub(super) fn object(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let entry = find(call.scope.world.view(), call.client.db, args.get(0)).ok_or(Error::NO_SUCH_KEY)?;
    let level = call.scope.shared.settings.level;
    let mut text = format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        entry,
        encoding_name(entry, level),
        footprint(entry, 0) - entry.size() + 1,
        entry.access(),
        call.scope.state.access.idle_seconds(entry.access()),
    );
    if let Some(List::Quick(chain)) = entry.collection::<List>().as_deref() {
        let bytes = chain.allocated_bytes(usize::MAX);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            " ql_nodes:{} ql_avg_node:{:.2} ql_listpack_max:{} ql_compressed:{} ql_uncompressed_size:{bytes}",
            chain.node_count(),
            chain.len() as f64 / chain.node_count().max(1) as f64,
            chain.fill().get(),
            u8::from(chain.depth() != 0),
        );
    }
    call.reply().simple(&text);
    Ok(())
}

pub(super) fn sdslen(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let entry = find(call.scope.world.view(), call.client.db, args.get(0)).ok_or(Error::NO_SUCH_KEY)?;
    let len = match entry.as_str() {
        Some(string @ (StrRef::Bytes(_) | StrRef::Heap(_))) => string.len(),
        _ => return Err(Error::fixed("ERR Not an sds encoded string.")),
    };
    let (key, size) = (entry.key().len(), entry.size());
    let text = format!(
        "key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {size}, val_sds_len:{len}, val_sds_avail:0, \
         val_zmalloc: {}",
        footprint(entry, 0)
    );
    call.reply().simple(&text);
    Ok(())
}

pub(super) fn listpack(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    match find(call.scope.world.view(), call.client.db, args.get(0)).ok_or(Error::NO_SUCH_KEY)?.kind() {
        Kind::HashPacked | Kind::SetPacked | Kind::ZsetPacked | Kind::ListPacked => {
            call.reply().simple("The value is a listpack");
            Ok(())
        }
        _ => Err(Error::fixed("ERR Not a listpack encoded object.")),
    }
}

pub(super) fn quicklist(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    match find(call.scope.world.view(), call.client.db, args.get(0)).ok_or(Error::NO_SUCH_KEY)?.kind() {
        Kind::ListQuick => {
            call.reply().simple("The value is a quicklist");
            Ok(())
        }
        _ => Err(Error::fixed("ERR Not a quicklist encoded object.")),
    }
}

pub(super) fn digest(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let digest = Digest::of_world(call.scope.world.view());
    call.reply().simple(&digest.hex());
    Ok(())
}

pub(super) fn digest_value(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let (world, db) = (call.scope.world.view(), call.client.db);
    let digests: Vec<Digest> =
        args.iter().map(|key| find(world, db, key).map_or(Digest::default(), Digest::of_value)).collect();
    let mut reply = call.reply();
    reply.array(digests.len());
    digests.iter().for_each(|digest| reply.simple(&digest.hex()));
    Ok(())
}

pub(super) fn htstats(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let db = parse_i64(args.get(0)).ok_or(Error::NOT_INTEGER)?;
    let db = u32::try_from(db).ok().filter(|db| *db < call.scope.world.dbs());
    let db = DbIndex(db.ok_or(Error::fixed("ERR Out of range database"))?);
    let world = call.scope.world.view();
    let mut sum = Stats::default();
    for stats in world.parts(db).map(|part| part.table.stats()) {
        sum.entries += stats.entries;
        sum.directory += stats.directory;
        sum.segments += stats.segments;
        sum.buckets += stats.buckets;
        sum.bytes += stats.bytes;
        sum.probes.iter_mut().zip(stats.probes).for_each(|(all, part)| *all += part);
    }
    let volatile = world.volatile(db);
    let text = format!("[Dictionary HT]\n{}[Expires HT]\n number of elements: {volatile}\n", describe(&sum));
    call.reply().verbatim(b"txt", text);
    Ok(())
}

pub(super) fn htstats_key(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let entry = find(call.scope.world.view(), call.client.db, args.get(0)).ok_or(Error::NO_SUCH_KEY)?;
    let set = entry.collection::<Set>();
    let hash = entry.collection::<Hash>();
    let stats = match (set.as_deref(), hash.as_deref()) {
        (Some(Set::Table(table)), _) => table.stats(),
        (_, Some(Hash::Table(table))) => table.stats(),
        _ => {
            return Err(Error::fixed(
                "ERR The value stored at the specified key is not represented using an hash table",
            ));
        }
    };
    call.reply().verbatim(b"txt", describe(&stats));
    Ok(())
}

/// The most entries of a bucket.
const BUCKET_ENTRIES: usize = 7;

/// The figures of a table in the words that tools look for. Tables grow in small steps, so there is never a
/// second table; the entries of one bucket are a chain in the sense of Redis.
fn describe(stats: &Stats) -> String {
    let used = stats.entries.div_ceil(BUCKET_ENTRIES).max(1).min(stats.buckets.max(1));
    let farthest = stats.probes.iter().rposition(|count| *count > 0).unwrap_or(0);
    let mut text = format!(
        "Hash table 0 stats (main hash table):\n table size: {}\n number of elements: {}\n different slots: {}\n \
         max chain length: {}\n avg chain length (counted): {:.2}\n segments: {}\n directory: {}\n bytes: {}\n \
         Distance from home distribution:\n",
        stats.buckets * BUCKET_ENTRIES,
        stats.entries,
        used,
        farthest + 1,
        stats.entries as f64 / used as f64,
        stats.segments,
        stats.directory,
        stats.bytes,
    );
    for (distance, count) in stats.probes.iter().enumerate().filter(|(_, count)| **count > 0) {
        let percent = *count as f64 * 100.0 / stats.entries.max(1) as f64;
        let _ = writeln!(text, "   {distance}: {count} ({percent:.2}%)");
    }
    text
}

pub(super) fn structsize(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let text = format!(
        "bits:{} entry:{} client:{} ",
        usize::BITS,
        size_of::<KeyEntry>(),
        size_of::<crate::client::Client>()
    );
    call.reply().bulk(text);
    Ok(())
}

pub(super) fn client_eviction(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    let clients = &mut call.scope.clients;
    let mut text = format!("Clients: {}, memory: {}\n", clients.len(), clients.counts().memory());
    for client in clients.iter().chain([&*call.client]) {
        let _ = writeln!(text, "id={} memory={}", client.id.0, client.accounted_memory);
    }
    call.reply().verbatim(b"txt", text);
    Ok(())
}
