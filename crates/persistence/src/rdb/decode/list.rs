//! Lists: elements one by one, in one ziplist, and in the nodes of a quicklist.

use super::Reader;
use crate::rdb::encode::{PACKED, PLAIN};
use crate::rdb::input::Input;
use crate::rdb::{Fault, ziplist};
use ochre_engine::encoding::listpack::Listpack;
use ochre_engine::encoding::quicklist::Quicklist;
use ochre_engine::value::{End, List, RawValue};

impl<I: Input> Reader<'_, '_, I> {
    pub(super) fn list(&mut self) -> Result<RawValue, Fault> {
        let count = self.count()?;
        let settings = self.decoding.settings;
        let mut list = List::Packed(Listpack::new());
        for _ in 0..count {
            let element = self.string()?;
            list.grow(element.len(), 1, settings);
            list.push(End::Back, element);
        }
        self.finished(list)
    }

    pub(super) fn ziplist_list(&mut self) -> Result<RawValue, Fault> {
        let settings = self.decoding.settings;
        let bytes = self.input.string(self.scratch)?;
        let mut list = List::Packed(Listpack::new());
        let mut text = itoa::Buffer::new();
        ziplist::read(bytes, |item| {
            let element = item.text(&mut text);
            list.grow(element.len(), 1, settings);
            list.push(End::Back, element);
            Ok(())
        })
        .map_err(Fault::integrity("List ziplist"))?;
        self.finished(list)
    }

    /// A chain of nodes; in the second version each says whether it is a listpack or one element.
    pub(super) fn quicklist(&mut self, of_ziplists: bool) -> Result<RawValue, Fault> {
        let nodes = self.count()?;
        let mut chain: Option<Quicklist> = None;
        let mut first = None;
        for _ in 0..nodes {
            let container = if of_ziplists { PACKED } else { self.input.length()? };
            if let Some(pack) = first.take() {
                chain = Some(self.chain_of(pack));
            }
            match container {
                PACKED => {
                    let pack =
                        if of_ziplists { self.ziplist("Ziplist")? } else { self.listpack("Listpack")? };
                    match &mut chain {
                        // The only listpack of a short list needs no chain.
                        None => first = Some(pack),
                        Some(chain) => chain.append_listpack(pack),
                    }
                }
                PLAIN => {
                    let element: Box<[u8]> = self.string()?.into();
                    if element.is_empty() {
                        return Err(Fault::Integrity("Quicklist", None));
                    }
                    chain.get_or_insert_with(|| self.chain_of(Listpack::new())).append_plain(element);
                }
                _ => return Err(Fault::Integrity("Quicklist", None)),
            }
        }
        self.finished(match (chain, first) {
            (Some(chain), _) => List::Quick(Box::new(chain)),
            (None, pack) => List::Packed(pack.unwrap_or_default()),
        })
    }

    fn chain_of(&self, pack: Listpack) -> Quicklist {
        List::chain(pack, self.decoding.settings)
    }

    fn finished(&self, mut list: List) -> Result<RawValue, Fault> {
        if list.is_empty() {
            return Err(Fault::Empty);
        }
        list.choose_encoding(self.decoding.settings);
        Ok(RawValue::new(list))
    }
}
