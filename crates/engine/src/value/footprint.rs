//! What a key costs: the bytes of its entry and of everything its value points to.

use super::{Hash, List, Set, StrRef, Zset};
use crate::entry::{KeyEntry, Kind};
use crate::stream::Stream;

/// What a place in the main table costs: eight bytes for the entry, one for its tag, and the share
/// of places that stay free.
const PLACE_BYTES: usize = 12;

/// Bytes that a key and its value cost, for MEMORY USAGE. Nodes of a list are counted by
/// `samples` of them, all if that is 0.
pub fn footprint(entry: &KeyEntry, samples: usize) -> usize {
    let own = entry.size() + PLACE_BYTES;
    let value = match entry.kind() {
        Kind::Inline | Kind::Int => 0,
        Kind::Heap => match entry.as_str() {
            Some(StrRef::Heap(bytes)) => bytes.len(),
            _ => 0,
        },
        Kind::ListPacked | Kind::ListQuick => {
            entry.collection::<List>().map_or(0, |list| list.allocated_bytes(samples))
        }
        Kind::SetInt | Kind::SetPacked | Kind::SetTable => {
            entry.collection::<Set>().map_or(0, |set| set_bytes(&set))
        }
        Kind::ZsetPacked | Kind::ZsetTree => entry.collection::<Zset>().map_or(0, |zset| zset.bytes()),
        Kind::HashPacked | Kind::HashTable => entry.collection::<Hash>().map_or(0, |hash| hash_bytes(&hash)),
        Kind::Stream => {
            entry.collection::<Box<Stream>>().map_or(0, |stream| size_of::<Stream>() + stream.heap_bytes())
        }
    };
    own + value
}

fn set_bytes(set: &Set) -> usize {
    match set {
        Set::Ints(ints) => ints.allocated_bytes(),
        Set::Packed(pack) => pack.allocated_bytes(),
        Set::Table(table) => table.bytes(),
    }
}

fn hash_bytes(hash: &Hash) -> usize {
    match hash {
        Hash::Packed(pack) => pack.allocated_bytes(),
        Hash::Table(table) => table.bytes(),
    }
}
