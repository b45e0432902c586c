//! How much work it is to free a value: whether that is worth the background thread.

use super::{Hash, List, Set, Zset};
use crate::encoding::quicklist::Quicklist;
use crate::entry::{KeyEntry, Kind};
use crate::stream::Stream;

/// Values that take more frees than this go to the background (Redis: lazyfree.c, LAZYFREE_THRESHOLD).
pub const BACKGROUND_EFFORT: usize = 64;

/// Roughly the number of allocations that a value consists of (Redis: lazyfree.c, lazyfreeGetFreeEffort).
pub fn free_effort(entry: &KeyEntry) -> usize {
    match entry.kind() {
        Kind::SetTable => entry.collection::<Set>().map_or(1, |set| set.len()),
        Kind::HashTable => entry.collection::<Hash>().map_or(1, |hash| hash.len()),
        Kind::ZsetTree => entry.collection::<Zset>().map_or(1, |zset| zset.len()),
        Kind::ListQuick => entry.collection::<List>().map_or(1, |list| match &*list {
            List::Quick(chain) => Quicklist::node_count(chain),
            List::Packed(_) => 1,
        }),
        Kind::Stream => entry.collection::<Box<Stream>>().map_or(1, |stream| stream_effort(&stream)),
        _ => 1,
    }
}

/// Nodes, and for each group its pending entries, taking the first group for all of them.
fn stream_effort(stream: &Stream) -> usize {
    let first = stream.groups().next().map_or(0, |(_, group)| 1 + group.pending_len());
    stream.log.node_count() + stream.group_count() * first
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn only_large_values_are_left_to_the_background() {
        let mut bench = Bench::new();
        bench.settings.set_max_listpack_entries = 0;
        for (members, garbage) in [(64, 0), (65, 1)] {
            let names = (0..members).map(|i| format!("m{i}"));
            bench.run(&["SADD".to_owned(), "s".to_owned()].into_iter().chain(names).collect::<Vec<_>>());
            bench.fx.garbage.clear();
            assert_eq!(bench.run(&["UNLINK", "s"]), ":1");
            assert_eq!(bench.fx.garbage.len(), garbage, "{members} members");
        }
    }
}
