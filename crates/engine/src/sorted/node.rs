//! The nodes of the tree and the way down through them.
//!
//! ```text
//!   Leaf   1528 bytes:  scale, len | 83 scores | 83 members | 83 digests of 2 bytes | prev | next
//!   Inner  2536 bytes:  scale, len | 63 scores | 63 members | 63 digests of 8 bytes | counts | children
//! ```
//! Both fit a size class of jemalloc (1536, 2560). A full leaf spends 18.5 bytes an element, the
//! inner nodes above full leaves another half.

use super::keys::Keys;
use super::member::MemberRef;

/// Elements of a leaf. Small under Miri, where few elements have to make a high tree.
pub(super) const LEAF_KEYS: usize = if cfg!(miri) { 8 } else { 83 };
/// Children of an inner node.
pub(super) const INNER_KEYS: usize = if cfg!(miri) { 8 } else { 63 };

/// What the allocator spends on a leaf.
pub(super) const LEAF_BYTES: usize = 1536;
/// What the allocator spends on an inner node.
pub(super) const INNER_BYTES: usize = 2560;

const _: () = assert!(size_of::<Leaf>() <= LEAF_BYTES && size_of::<Inner>() <= INNER_BYTES);

/// No tree is higher: each level multiplies the elements by 15 at least.
const MAX_HEIGHT: usize = 16;

/// A leaf or an inner node; the level tells which.
pub(super) type Node = *mut ();

#[repr(C)]
pub(super) struct Leaf {
    pub(super) keys: Keys<u16, LEAF_KEYS>,
    pub(super) prev: *mut Leaf,
    pub(super) next: *mut Leaf,
}

/// The key of a child is the smallest key below it.
#[repr(C)]
pub(super) struct Inner {
    pub(super) keys: Keys<u64, INNER_KEYS>,
    pub(super) counts: [u64; INNER_KEYS],
    pub(super) kids: [Node; INNER_KEYS],
}

impl Leaf {
    pub(super) fn alloc() -> *mut Self {
        Box::into_raw(Box::new(Self {
            keys: Keys::EMPTY,
            prev: std::ptr::null_mut(),
            next: std::ptr::null_mut(),
        }))
    }
}

impl Inner {
    pub(super) fn alloc() -> *mut Self {
        Box::into_raw(Box::new(Self {
            keys: Keys::EMPTY,
            counts: [0; INNER_KEYS],
            kids: [std::ptr::null_mut(); INNER_KEYS],
        }))
    }

    /// Elements below the children before `index`.
    #[inline]
    pub(super) fn count_before(&self, index: usize) -> u64 {
        self.counts[..index].iter().sum()
    }

    /// Number of elements below the node.
    pub(super) fn count(&self) -> u64 {
        self.count_before(self.keys.len())
    }

    /// The child that holds the element of a rank, and the rank within it.
    pub(super) fn child_at(&self, mut rank: u64) -> (usize, u64) {
        let mut index = 0;
        while rank >= self.counts[index] {
            rank -= self.counts[index];
            index += 1;
        }
        (index, rank)
    }

    pub(super) fn insert(&mut self, at: usize, child: &Child) {
        let len = self.keys.len();
        self.keys.insert(at, child.score, child.member, false);
        self.counts.copy_within(at..len, at + 1);
        self.kids.copy_within(at..len, at + 1);
        self.counts[at] = child.count;
        self.kids[at] = child.node;
    }

    pub(super) fn remove(&mut self, at: usize) {
        let len = self.keys.len();
        self.keys.remove(at, 1);
        self.counts.copy_within(at + 1..len, at);
        self.kids.copy_within(at + 1..len, at);
    }

    /// Moves the children from `at` on to the end of another node.
    pub(super) fn move_tail(&mut self, at: usize, to: &mut Self) {
        let mut run = Vec::with_capacity(2 * INNER_KEYS);
        to.keys.gather(&mut run);
        let (start, kept) = (run.len(), self.keys.len());
        self.keys.gather(&mut run);
        let moved = kept - at;
        to.counts[start..start + moved].copy_from_slice(&self.counts[at..kept]);
        to.kids[start..start + moved].copy_from_slice(&self.kids[at..kept]);
        self.keys.refill(&run[start..start + at]);
        run.drain(start..start + at);
        to.keys.refill(&run);
    }
}

/// A leaf of a tree that is borrowed during `'a`, so that the leaf and its neighbours are live and unchanged.
#[derive(Clone, Copy)]
pub(super) struct LeafRef<'a>(&'a Leaf);

// SAFETY: it is a shared borrow of the tree, which can be read from any thread.
unsafe impl Send for LeafRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for LeafRef<'_> {}

impl<'a> LeafRef<'a> {
    /// A leaf by its address.
    ///
    /// # Safety
    /// It is a live leaf of a tree that is borrowed during `'a`.
    pub(super) unsafe fn new(leaf: *const Leaf) -> Self {
        // SAFETY: by the contract.
        LeafRef(unsafe { &*leaf })
    }

    /// The elements of the leaf.
    #[inline]
    pub(super) fn keys(self) -> &'a Keys<u16, LEAF_KEYS> {
        &self.0.keys
    }

    /// The next leaf, of greater elements.
    #[inline]
    pub(super) fn next(self) -> Option<Self> {
        // SAFETY: the links of a live leaf are null or lead to leaves of the same tree.
        unsafe { self.0.next.as_ref() }.map(LeafRef)
    }

    /// The previous leaf, of smaller elements.
    #[inline]
    pub(super) fn prev(self) -> Option<Self> {
        // SAFETY: the links of a live leaf are null or lead to leaves of the same tree.
        unsafe { self.0.prev.as_ref() }.map(LeafRef)
    }
}

/// Asks for what a search in a node reads first; `height` as for `free_subtree`.
#[inline]
pub(super) fn prefetch(node: Node, height: usize) {
    if height == 0 {
        Keys::<u16, LEAF_KEYS>::prefetch(node.cast_const().cast());
    } else {
        Keys::<u64, INNER_KEYS>::prefetch(node.cast_const().cast());
    }
}

/// A subtree on its way into an inner node.
pub(super) struct Child {
    pub(super) score: f64,
    pub(super) member: MemberRef,
    pub(super) node: Node,
    pub(super) count: u64,
}

impl Child {
    /// A leaf that has elements.
    pub(super) fn leaf(leaf: *mut Leaf) -> Self {
        // SAFETY: the caller hands over a live leaf.
        let keys = unsafe { &(*leaf).keys };
        Self { score: keys.score(0), member: keys.member(0), node: leaf.cast(), count: keys.len() as u64 }
    }

    /// An inner node that has children.
    pub(super) fn inner(inner: *mut Inner) -> Self {
        // SAFETY: the caller hands over a live inner node.
        let own = unsafe { &*inner };
        Self { score: own.keys.score(0), member: own.keys.member(0), node: inner.cast(), count: own.count() }
    }
}

/// The inner nodes from the root down to the parent of a leaf, with the child taken in each.
pub(super) struct Path {
    steps: [(*mut Inner, usize); MAX_HEIGHT],
    len: usize,
}

impl Path {
    pub(super) fn new() -> Self {
        Self { steps: [(std::ptr::null_mut(), 0); MAX_HEIGHT], len: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, inner: *mut Inner, index: usize) {
        self.steps[self.len] = (inner, index);
        self.len += 1;
    }

    /// Levels.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The node of a level, 0 being the root, and the child taken.
    #[inline]
    pub(super) fn step(&self, level: usize) -> (*mut Inner, usize) {
        self.steps[level]
    }

    /// Adds to the counts all the way.
    #[inline]
    pub(super) fn add(&self, elements: i64) {
        for &(inner, index) in &self.steps[..self.len] {
            // SAFETY: the path leads through live inner nodes, and no reference to them is held.
            let counts = unsafe { &mut (*inner).counts };
            counts[index] = counts[index].wrapping_add_signed(elements);
        }
    }

    /// The subtree below the first `levels` steps has a new smallest key.
    pub(super) fn set_min(&self, levels: usize, score: f64, member: MemberRef) {
        for &(inner, index) in self.steps[..levels].iter().rev() {
            // SAFETY: the path leads through live inner nodes, and no reference to them is held.
            unsafe { (*inner).keys.replace(index, score, member) };
            if index > 0 {
                break;
            }
        }
    }
}

/// Frees a node and all below it.
///
/// # Safety
/// `node` has `height` levels of inner nodes above its leaves and is not used again.
pub(super) unsafe fn free_subtree(node: Node, height: usize) {
    // SAFETY: by the contract; each child is freed once.
    unsafe {
        if height == 0 {
            drop(Box::from_raw(node.cast::<Leaf>()));
            return;
        }
        let inner = Box::from_raw(node.cast::<Inner>());
        for &child in &inner.kids[..inner.keys.len()] {
            free_subtree(child, height - 1);
        }
    }
}
