//! One node of a quicklist: open, compressed, or a single large element.

use super::End;
use crate::encoding::listpack::{Item, Listpack};
use crate::encoding::lzf;
use crate::size_class::class_size;
use std::ops::ControlFlow;

/// Nodes smaller than this, in bytes, are not compressed (Redis: MIN_COMPRESS_BYTES).
const MIN_SQUEEZE: usize = 48;
/// Compression must save more than this many bytes (Redis: MIN_COMPRESS_IMPROVE).
const MIN_SAVING: usize = 8;

/// A node: a tag, a count of elements and one pointer, together 16 bytes.
#[derive(Clone)]
pub(super) enum Node {
    Packed { count: u32, pack: Listpack },
    Squeezed { count: u32, data: Box<Squeezed> },
    Plain(Box<Plain>),
}

/// A compressed listpack or plain element.
#[derive(Clone)]
pub(super) struct Squeezed {
    lzf: Box<[u8]>,
    raw_size: usize,
    plain: bool,
}

/// One large element. Boxed twice so that the node needs one pointer only.
#[derive(Clone)]
pub(super) struct Plain(Box<[u8]>);

impl Plain {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A node as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    /// The number of elements.
    pub count: usize,
    /// The uncompressed size in bytes.
    pub raw_size: usize,
    /// Whether it is one large element instead of a listpack.
    pub plain: bool,
    /// The bytes of the node.
    pub stored: Stored<'a>,
}

/// The bytes of a node.
#[derive(Clone, Copy, Debug)]
pub enum Stored<'a> {
    /// The bytes of the elements, not compressed.
    Raw(&'a [u8]),
    /// LZF-compressed.
    Lzf(&'a [u8]),
}

impl Node {
    pub(super) fn packed(pack: Listpack) -> Self {
        Node::Packed { count: pack.len() as u32, pack }
    }

    pub(super) fn single(element: &[u8]) -> Self {
        let mut pack = Listpack::new();
        pack.push_back(element);
        Node::Packed { count: 1, pack }
    }

    /// A node about to be removed.
    pub(super) fn empty() -> Self {
        Node::Packed { count: 0, pack: Listpack::new() }
    }

    pub(super) fn plain(element: Box<[u8]>) -> Self {
        Node::Plain(Box::new(Plain(element)))
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        match self {
            Node::Packed { count, .. } | Node::Squeezed { count, .. } => *count as usize,
            Node::Plain(_) => 1,
        }
    }

    /// The uncompressed size in bytes.
    #[inline]
    pub(super) fn raw_size(&self) -> usize {
        match self {
            Node::Packed { pack, .. } => pack.total_bytes(),
            Node::Squeezed { data, .. } => data.raw_size,
            Node::Plain(element) => element.0.len(),
        }
    }

    pub(super) fn is_plain(&self) -> bool {
        match self {
            Node::Packed { .. } => false,
            Node::Squeezed { data, .. } => data.plain,
            Node::Plain(_) => true,
        }
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        match self {
            Node::Packed { pack, .. } => pack.allocated_bytes(),
            Node::Squeezed { data, .. } => class_size(size_of::<Squeezed>()) + class_size(data.lzf.len()),
            Node::Plain(element) => class_size(size_of::<Plain>()) + class_size(element.0.len()),
        }
    }

    pub(super) fn view(&self) -> NodeView<'_> {
        let stored = match self {
            Node::Packed { pack, .. } => Stored::Raw(pack.as_bytes()),
            Node::Squeezed { data, .. } => Stored::Lzf(&data.lzf),
            Node::Plain(element) => Stored::Raw(&element.0),
        };
        NodeView { count: self.count(), raw_size: self.raw_size(), plain: self.is_plain(), stored }
    }

    /// The listpack, to be changed, and the count to be kept with it. Only for nodes that are not plain.
    pub(super) fn edit(&mut self) -> (&mut Listpack, &mut u32) {
        self.unsqueeze();
        match self {
            Node::Packed { count, pack } => (pack, count),
            _ => unreachable!("a plain node is replaced, not edited"),
        }
    }

    /// Compresses the node if it is large enough and that saves enough.
    pub(super) fn squeeze(&mut self) {
        let (raw, plain) = match self {
            Node::Packed { pack, .. } => (pack.as_bytes(), false),
            Node::Plain(element) => (&*element.0, true),
            Node::Squeezed { .. } => return,
        };
        if raw.len() < MIN_SQUEEZE {
            return;
        }
        let Some(lzf) = lzf::compress(raw, raw.len() - MIN_SAVING - 1) else { return };
        let data = Squeezed { lzf: lzf.into_boxed_slice(), raw_size: raw.len(), plain };
        *self = Node::Squeezed { count: self.count() as u32, data: Box::new(data) };
    }

    /// Undoes [`Node::squeeze`].
    pub(super) fn unsqueeze(&mut self) {
        let Node::Squeezed { count, data } = self else { return };
        *self = match data.expand() {
            Opened::OwnPack(pack) => Node::Packed { count: *count, pack },
            Opened::OwnPlain(element) => Node::plain(element.into_boxed_slice()),
            _ => unreachable!("expanding makes a copy"),
        };
    }

    /// The elements for reading, whatever the node is.
    #[inline]
    pub(super) fn open(&self) -> Opened<'_> {
        match self {
            Node::Packed { pack, .. } => Opened::Pack(pack),
            Node::Squeezed { data, .. } => data.expand(),
            Node::Plain(element) => Opened::Plain(&element.0),
        }
    }
}

impl Squeezed {
    fn expand(&self) -> Opened<'static> {
        let raw = lzf::decompress(&self.lzf, self.raw_size).expect("a node decompresses to what it was");
        if self.plain {
            return Opened::OwnPlain(raw);
        }
        Opened::OwnPack(Listpack::copy_of(&raw))
    }
}

/// The elements of a node, borrowed from it or decompressed for the occasion.
pub(super) enum Opened<'a> {
    Pack(&'a Listpack),
    Plain(&'a [u8]),
    OwnPack(Listpack),
    OwnPlain(Vec<u8>),
}

impl Opened<'_> {
    fn contents(&self) -> Result<&Listpack, &[u8]> {
        match self {
            Opened::Pack(pack) => Ok(pack),
            Opened::OwnPack(pack) => Ok(pack),
            Opened::Plain(element) => Err(element),
            Opened::OwnPlain(element) => Err(element),
        }
    }

    pub(super) fn get(&self, offset: usize) -> Option<Item<'_>> {
        match self.contents() {
            Ok(pack) => pack.seek(offset as i64).map(|pos| pack.get(pos)),
            Err(element) => (offset == 0).then_some(Item::Str(element)),
        }
    }

    /// Hands the elements to `each`, starting at `offset` or at the end `from`.
    pub(super) fn visit(
        &self,
        offset: Option<usize>,
        from: End,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let pack = match self.contents() {
            Ok(pack) => pack,
            Err(element) => return each(Item::Str(element)),
        };
        let start = offset.and_then(|offset| pack.seek(offset as i64));
        match (from, start) {
            (End::Front, None) => pack.iter().try_for_each(each),
            (End::Front, Some(pos)) => pack.entries_from(pos).try_for_each(|(_, item)| each(item)),
            (End::Back, None) => pack.iter().rev().try_for_each(each),
            (End::Back, Some(pos)) => {
                each(pack.get(pos))?;
                pack.entries_before(pos).rev().try_for_each(|(_, item)| each(item))
            }
        }
    }

    /// Whether any element equals `needle`.
    pub(super) fn contains(&self, needle: &[u8]) -> bool {
        match self.contents() {
            Ok(pack) => pack.find(needle, 0).is_some(),
            Err(element) => element == needle,
        }
    }
}
