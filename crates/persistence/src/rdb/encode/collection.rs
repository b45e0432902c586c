//! Lists, sets, hashes and sorted sets.

use super::Encoder;
use crate::rdb::ziplist;
use ochre_engine::encoding::listpack::{Item, Listpack};
use ochre_engine::encoding::lzf;
use ochre_engine::encoding::quicklist::{NodeView, Stored};
use ochre_engine::value::{Hash, List, Set, Zset};

/// A node that is one large element.
pub(in crate::rdb) const PLAIN: u64 = 1;
/// A node that is a listpack.
pub(in crate::rdb) const PACKED: u64 = 2;

impl Encoder<'_> {
    /// A listpack where readers know it, else the ziplist with the same elements.
    fn packed(&mut self, pack: &Listpack) {
        if self.encoding.has_listpacks() {
            return self.string(pack.as_bytes());
        }
        let bytes = ziplist::of(pack.iter());
        self.string(&bytes);
    }

    pub(super) fn hash(&mut self, hash: &Hash) {
        match hash {
            Hash::Packed(pack) => self.packed(pack),
            Hash::Table(table) => {
                self.out.length(table.len() as u64);
                for (field, value) in table.iter() {
                    self.string(field);
                    self.string(value);
                }
            }
        }
    }

    pub(super) fn set(&mut self, set: &Set) {
        match set {
            Set::Ints(ints) => self.string(ints.as_bytes()),
            Set::Packed(pack) if self.encoding.is_7_2() => self.string(pack.as_bytes()),
            set => {
                self.out.length(set.len() as u64);
                set.iter().for_each(|member| self.item(member));
            }
        }
    }

    /// Greatest members first, as Redis writes them: its skiplist takes them fastest so.
    pub(super) fn zset(&mut self, zset: &Zset) {
        if let Zset::Packed(pack) = zset {
            return self.packed(pack);
        }
        self.out.length(zset.len() as u64);
        for (member, score) in zset.range_rev(0..zset.len()) {
            self.item(member);
            self.out.bytes(&score.to_le_bytes());
        }
    }

    pub(super) fn list(&mut self, list: &List) {
        match list {
            List::Packed(pack) => {
                self.out.length(1);
                if self.encoding.has_listpacks() {
                    self.out.length(PACKED);
                }
                self.packed(pack);
            }
            List::Quick(chain) => {
                self.out.length(chain.node_count() as u64);
                chain.nodes().for_each(|node| self.node(node));
            }
        }
    }

    /// A node of a list. One that is compressed in memory goes out as it is.
    fn node(&mut self, node: NodeView<'_>) {
        if !self.encoding.has_listpacks() {
            return self.ziplist_node(node);
        }
        self.out.length(if node.plain { PLAIN } else { PACKED });
        match node.stored {
            Stored::Raw(bytes) => self.string(bytes),
            Stored::Lzf(bytes) => self.out.compressed(bytes, node.raw_size),
        }
    }

    /// A node for readers that know ziplists only.
    fn ziplist_node(&mut self, node: NodeView<'_>) {
        let opened;
        let bytes = match node.stored {
            Stored::Raw(bytes) => bytes,
            Stored::Lzf(packed) => {
                opened = lzf::decompress(packed, node.raw_size).unwrap_or_default();
                &opened
            }
        };
        let ziplist = match Listpack::from_bytes(bytes) {
            Ok(pack) if !node.plain => ziplist::of(pack.iter()),
            _ => ziplist::of(std::iter::once(Item::Str(bytes))),
        };
        self.string(&ziplist);
    }
}
