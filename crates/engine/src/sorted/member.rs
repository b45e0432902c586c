//! The member of a large sorted set as its hash table owns it.
//!
//! ```text
//!   word -> +---------------+--------+---------------+
//!           | score, 8 bytes| length | member bytes  |     8-byte aligned
//!           +---------------+--------+---------------+
//!   length: 1 byte below 255; else 255 and 8 bytes
//! ```
//! A member of 7 bytes takes 16 bytes in all. The allocation never moves, so the tree beside the
//! table can point at it.

use crate::prefetch::prefetch;
use crate::table::{Thin, WORD_MASK};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

/// Where the length starts.
const LENGTH_AT: usize = 8;
/// The length byte that announces eight more.
const LONG: u8 = 255;

/// An owned member with its score.
#[repr(transparent)]
pub struct ScoredMember(u64);

/// A member of the tree, owned elsewhere.
///
/// It is only handed to a tree under the promise that the member outlives its place there
/// (`ScoreTree::insert`), and only a tree hands it out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MemberRef(*const u8);

// SAFETY: the allocation outlives moves between threads and nothing in it is shared.
unsafe impl Send for ScoredMember {}
// SAFETY: `&ScoredMember` only reads.
unsafe impl Sync for ScoredMember {}

// SAFETY: transparent over u64; `at` masks the table's bits away; the word is an address below
// 2^48; the member's bytes never change.
unsafe impl Thin for ScoredMember {
    #[inline]
    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(self.key())
    }
}

impl ScoredMember {
    /// Copies a member.
    pub fn new(score: f64, member: &[u8]) -> Self {
        let head = head_len(member.len());
        let layout = layout(member.len());
        // SAFETY: the layout has at least 16 bytes; head and member fit by `layout`.
        unsafe {
            let at = alloc(layout);
            if at.is_null() {
                handle_alloc_error(layout);
            }
            at.cast::<f64>().write(score);
            if head == LENGTH_AT + 1 {
                at.add(LENGTH_AT).write(member.len() as u8);
            } else {
                at.add(LENGTH_AT).write(LONG);
                at.add(LENGTH_AT + 1).cast::<u64>().write_unaligned(member.len() as u64);
            }
            at.add(head).copy_from_nonoverlapping(member.as_ptr(), member.len());
            Self(at.expose_provenance() as u64)
        }
    }

    #[inline]
    fn at(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self.0 & WORD_MASK) as usize)
    }

    /// The reference by which a tree names the member.
    #[inline]
    pub fn as_ref(&self) -> MemberRef {
        MemberRef(self.at())
    }

    /// The member's bytes.
    #[inline]
    pub fn key(&self) -> &[u8] {
        // SAFETY: `self` owns the allocation for as long as the slice is borrowed.
        unsafe { bytes_at(self.at()) }
    }

    /// The score of the member.
    #[inline]
    pub fn score(&self) -> f64 {
        // SAFETY: the allocation starts with the score.
        unsafe { self.at().cast::<f64>().read() }
    }

    /// Replaces the score; the tree must be told too.
    #[inline]
    pub fn set_score(&mut self, score: f64) {
        // SAFETY: the allocation starts with the score, and `&mut self` excludes readers of it:
        // the tree reads the bytes behind it only.
        unsafe { self.at().cast::<f64>().write(score) }
    }

    /// By score, then by text.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        // Scores are never NaN.
        self.score()
            .partial_cmp(&other.score())
            .unwrap_or(std::cmp::Ordering::Equal)
            .then_with(|| self.key().cmp(other.key()))
    }

    /// Bytes of the member's allocation.
    pub fn bytes(&self) -> usize {
        layout(self.key().len()).size()
    }
}

impl Drop for ScoredMember {
    fn drop(&mut self) {
        let layout = layout(self.key().len());
        // SAFETY: allocated in `new` with this very layout.
        unsafe { dealloc(self.at(), layout) }
    }
}

impl MemberRef {
    /// Fills the unused slots of a node.
    pub(super) const NONE: Self = Self(std::ptr::null());

    /// The member's bytes, alive as long as its place in the tree.
    #[inline]
    pub fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: the caller of `insert` promised that the member lives while the tree
        // holds it, and only slots in use are ever read.
        unsafe { bytes_at(self.0) }
    }

    /// The word of the `ScoredMember` this refers to.
    #[inline]
    pub fn address(self) -> u64 {
        self.0.addr() as u64
    }

    /// Asks the processor to fetch the member.
    #[inline]
    pub(super) fn prefetch(self) {
        prefetch(self.0);
    }
}

/// Bytes before the member's own.
#[inline]
fn head_len(member: usize) -> usize {
    if member < LONG as usize { LENGTH_AT + 1 } else { LENGTH_AT + 9 }
}

#[inline]
fn layout(member: usize) -> Layout {
    let size = (head_len(member) + member + 7) & !7;
    Layout::from_size_align(size, 8).expect("a member in memory has a length that can be allocated")
}

/// The member that starts at an address.
///
/// # Safety
/// `at` is the live allocation of a `ScoredMember`.
#[inline]
unsafe fn bytes_at<'a>(at: *const u8) -> &'a [u8] {
    // SAFETY: the layout is that of `ScoredMember::new`.
    unsafe {
        let short = at.add(LENGTH_AT).read();
        if short != LONG {
            return std::slice::from_raw_parts(at.add(LENGTH_AT + 1), short as usize);
        }
        let len = at.add(LENGTH_AT + 1).cast::<u64>().read_unaligned();
        std::slice::from_raw_parts(at.add(LENGTH_AT + 9), len as usize)
    }
}
