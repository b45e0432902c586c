//! One node of a stream: a listpack of entries in exactly the layout of Redis, because RDB files
//! hold these bytes as they are.
//!
//! ```text
//! master entry   count | deleted | num-fields | field 1 .. field N | 0
//! entry          flags | ms-diff | seq-diff | num-fields | field, value .. | lp-count
//! same fields    flags | ms-diff | seq-diff | value 1 .. value N | lp-count
//! ```
//!
//! The master entry carries the fields of the entry that opened the node; entries with the same
//! fields leave theirs out. Ids are differences to the master id, which the index of the stream
//! holds. `lp-count` is the number of elements before it that belong to the entry, so a walk can
//! go backwards; the master entry ends in 0. Deleted entries stay, flagged, until the node goes.
//!
//! A node read from a file is checked once ([`check`]); after that a reader may rely on the layout,
//! but none of them panics or loops when it is broken.

use super::StreamId;
use crate::encoding::listpack::{Entries as Elements, Entry as Element, Item, Listpack, Pos};

const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

/// A listpack of entries, with the decoded start of its master entry.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    lp: &'a Listpack,
    master_id: StreamId,
    field_count: usize,
    /// The first field of the master entry, or its terminator when it has none.
    fields: Pos,
}

/// The counters at the head of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Counts {
    pub live: u64,
    pub deleted: u64,
}

/// An entry of a stream.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    node: Node<'a>,
    id: StreamId,
    flags: i64,
    /// Where the entry starts.
    at: Pos,
    /// The first element after the head: a value, or a field if the entry has its own.
    body: Option<Pos>,
    field_count: usize,
}

impl<'a> Node<'a> {
    /// Reads the head of a node; none when it is not one.
    pub(super) fn new(master_id: StreamId, lp: &'a Listpack) -> Option<Self> {
        let deleted = lp.next(lp.first()?)?;
        let field_count = lp.next(deleted)?;
        let fields = lp.next(field_count)?;
        Some(Node { lp, master_id, field_count: int(lp, field_count).max(0) as usize, fields })
    }

    /// The first entry, deleted or not.
    pub(super) fn first(self) -> Option<Entry<'a>> {
        let zero = skip(self.lp, Some(self.fields), self.field_count)?;
        self.read(self.lp.next(zero)?)
    }

    /// The last entry, deleted or not.
    pub(super) fn last(self) -> Option<Entry<'a>> {
        self.ending_at(self.lp.last()?)
    }

    /// The entry whose `lp-count` is at `end`; none when that is the end of the master entry.
    fn ending_at(self, end: Pos) -> Option<Entry<'a>> {
        let pieces = int(self.lp, end);
        if pieces <= 0 {
            return None;
        }
        let mut at = end;
        for _ in 0..pieces {
            at = self.lp.prev(at)?;
        }
        self.read(at)
    }

    fn read(self, at: Pos) -> Option<Entry<'a>> {
        let mut head = self.lp.entries_from(at);
        let mut int = || head.next().map(|(_, item)| item.as_integer().unwrap_or(0));
        let (flags, ms_diff, seq_diff) = (int()?, int()?, int()?);
        let id = StreamId {
            ms: self.master_id.ms.wrapping_add(ms_diff as u64),
            seq: self.master_id.seq.wrapping_add(seq_diff as u64),
        };
        let field_count = if flags & SAME_FIELDS != 0 { self.field_count } else { int()?.max(0) as usize };
        let body = head.next().map(|(place, _)| place);
        Some(Entry { node: self, id, flags, at, body, field_count })
    }
}

impl<'a> Entry<'a> {
    /// The id of the entry.
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// The number of fields.
    pub fn field_count(&self) -> usize {
        self.field_count
    }

    /// The fields with their values, in the order they were given.
    pub fn fields(&self) -> Fields<'a> {
        let lp = self.node.lp;
        let shared = self.has_master_fields().then(|| lp.entries_from(self.node.fields));
        // Without a body there are no fields; any place will do then.
        let body = lp.entries_from(self.body.unwrap_or(self.at));
        Fields { shared, body, left: if self.body.is_some() { self.field_count } else { 0 } }
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.flags & DELETED != 0
    }

    /// The entry after this one in its node.
    pub(super) fn following(&self) -> Option<Entry<'a>> {
        let lp = self.node.lp;
        let pieces = if self.has_master_fields() { self.field_count } else { 2 * self.field_count };
        let lp_count = skip(lp, self.body, pieces)?;
        self.node.read(lp.next(lp_count)?)
    }

    /// The entry before this one in its node.
    pub(super) fn preceding(&self) -> Option<Entry<'a>> {
        self.node.ending_at(self.node.lp.prev(self.at)?)
    }

    fn has_master_fields(&self) -> bool {
        self.flags & SAME_FIELDS != 0
    }
}

/// The fields of an entry with their values.
#[derive(Clone)]
pub struct Fields<'a> {
    /// The fields of the master entry, if the entry has none of its own.
    shared: Option<Elements<'a>>,
    body: Elements<'a>,
    left: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Item<'a>, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (_, field) = match &mut self.shared {
            Some(shared) => shared.next()?,
            None => self.body.next()?,
        };
        let (_, value) = self.body.next()?;
        Some((field, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

/// A node with one entry, whose fields become the master's.
pub(super) fn open<'p, P>(pairs: P) -> Listpack
where
    P: ExactSizeIterator<Item = (&'p [u8], &'p [u8])> + Clone,
{
    let mut lp = Listpack::new();
    let mut batch = Batch::new(&mut lp);
    batch.push(1);
    batch.push(0);
    batch.push(pairs.len() as i64);
    for (field, _) in pairs.clone() {
        batch.push(field);
    }
    batch.push(0);
    push_entry(batch, (0, 0), true, pairs);
    lp
}

/// Appends an entry to a node. The caller knows that `id` is above all ids in it.
pub(super) fn append<'p, P>(lp: &mut Listpack, master_id: StreamId, id: StreamId, pairs: P)
where
    P: ExactSizeIterator<Item = (&'p [u8], &'p [u8])> + Clone,
{
    let same = Node::new(master_id, lp).is_some_and(|node| has_fields(node, pairs.clone()));
    let live = counts(lp).live;
    set_count(lp, 0, live + 1);
    let diff = (id.ms.wrapping_sub(master_id.ms) as i64, id.seq.wrapping_sub(master_id.seq) as i64);
    push_entry(Batch::new(lp), diff, same, pairs);
}

/// The counters of a node.
pub(super) fn counts(lp: &Listpack) -> Counts {
    let live = lp.first();
    let deleted = live.and_then(|live| lp.next(live));
    let read = |at: Option<Pos>| at.map_or(0, |at| int(lp, at).max(0) as u64);
    Counts { live: read(live), deleted: read(deleted) }
}

/// Flags the live entry `id` as deleted; false when the node has none.
pub(super) fn delete(lp: &mut Listpack, master_id: StreamId, id: StreamId) -> bool {
    let mut at = Node::new(master_id, lp).and_then(Node::first);
    while let Some(entry) = at {
        if entry.id >= id && !entry.is_deleted() {
            if entry.id != id {
                return false;
            }
            let (place, flags) = (entry.at, entry.flags);
            lp.replace(place, flags | DELETED);
            note_deleted(lp, 1);
            return true;
        }
        at = entry.following();
    }
    false
}

/// Flags live entries as deleted from the front on, at most `most` of them, while `keep` is false
/// for them. Returns how many were flagged.
pub(super) fn trim(
    lp: &mut Listpack,
    master_id: StreamId,
    most: u64,
    keep: impl Fn(StreamId) -> bool,
) -> u64 {
    let mut doomed = Vec::new();
    let mut at = Node::new(master_id, lp).and_then(Node::first);
    while let Some(entry) = at {
        if doomed.len() as u64 == most || keep(entry.id) {
            break;
        }
        if !entry.is_deleted() {
            doomed.push((entry.at, entry.flags));
        }
        at = entry.following();
    }
    // Flags are one-byte integers before and after, so the places stay right.
    for (place, flags) in &doomed {
        lp.replace(*place, flags | DELETED);
    }
    note_deleted(lp, doomed.len() as u64);
    doomed.len() as u64
}

/// Checks everything about a node from outside that later readers rely on, and returns its
/// counters. The listpack itself was checked before.
pub(super) fn check(master_id: StreamId, lp: &Listpack) -> Option<Counts> {
    let head = counts(lp);
    let node = Node::new(master_id, lp)?;
    let zero = skip(lp, Some(node.fields), node.field_count)?;
    if strict_int(lp, zero) != Some(0) {
        return None;
    }
    let mut at = lp.next(zero);
    let mut seen = Counts { live: 0, deleted: 0 };
    while let Some(start) = at {
        let end = check_entry(node, start)?;
        match strict_int(lp, start)? & DELETED {
            0 => seen.live += 1,
            _ => seen.deleted += 1,
        }
        at = lp.next(end);
    }
    (seen == head).then_some(seen)
}

/// Checks the entry at `start` and returns the place of its `lp-count`.
fn check_entry(node: Node<'_>, start: Pos) -> Option<Pos> {
    let lp = node.lp;
    let flags = strict_int(lp, start)?;
    let ms_diff = lp.next(start)?;
    strict_int(lp, ms_diff)?;
    let seq_diff = lp.next(ms_diff)?;
    strict_int(lp, seq_diff)?;
    let rest = lp.next(seq_diff)?;
    let (body, pieces) = if flags & SAME_FIELDS != 0 {
        (Some(rest), node.field_count)
    } else {
        let own = usize::try_from(strict_int(lp, rest)?).ok()?;
        (lp.next(rest), own.checked_mul(2)?)
    };
    let end = skip(lp, body, pieces)?;
    let own_count = usize::from(flags & SAME_FIELDS == 0);
    (strict_int(lp, end)? == (3 + own_count + pieces) as i64).then_some(end)
}

fn has_fields<'p>(node: Node<'_>, pairs: impl ExactSizeIterator<Item = (&'p [u8], &'p [u8])>) -> bool {
    if pairs.len() != node.field_count {
        return false;
    }
    let mut at = Some(node.fields);
    for (field, _) in pairs {
        match at {
            Some(place) if node.lp.get(place).eq_bytes(field) => at = node.lp.next(place),
            _ => return false,
        }
    }
    true
}

fn push_entry<'p, P>(mut to: Batch<'_, 'p>, diff: (i64, i64), same: bool, pairs: P)
where
    P: ExactSizeIterator<Item = (&'p [u8], &'p [u8])>,
{
    let fields = pairs.len() as i64;
    to.push(if same { SAME_FIELDS } else { 0 });
    to.push(diff.0);
    to.push(diff.1);
    if same {
        for (_, value) in pairs {
            to.push(value);
        }
        to.push(fields + 3);
    } else {
        to.push(fields);
        for (field, value) in pairs {
            to.push(field);
            to.push(value);
        }
        to.push(2 * fields + 4);
    }
}

/// Gathers elements on the stack, so that the listpack grows once for most entries.
struct Batch<'l, 'p> {
    lp: &'l mut Listpack,
    elements: [Element<'p>; Batch::ROOM],
    len: usize,
}

impl Batch<'_, '_> {
    const ROOM: usize = 12;
}

impl<'l, 'p> Batch<'l, 'p> {
    fn new(lp: &'l mut Listpack) -> Self {
        Batch { lp, elements: [Element::from(0); Batch::ROOM], len: 0 }
    }

    fn push(&mut self, element: impl Into<Element<'p>>) {
        if self.len == Batch::ROOM {
            self.flush();
        }
        self.elements[self.len] = element.into();
        self.len += 1;
    }

    fn flush(&mut self) {
        self.lp.extend(&self.elements[..self.len]);
        self.len = 0;
    }
}

impl Drop for Batch<'_, '_> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Moves `count` entries from live to deleted in the head.
fn note_deleted(lp: &mut Listpack, count: u64) {
    let before = counts(lp);
    set_count(lp, 0, before.live.saturating_sub(count));
    set_count(lp, 1, before.deleted + count);
}

/// Sets the first or second counter of the head.
fn set_count(lp: &mut Listpack, which: usize, count: u64) {
    if let Some(at) = skip(lp, lp.first(), which) {
        lp.replace(at, count as i64);
    }
}

/// The place `count` elements after `at`.
fn skip(lp: &Listpack, at: Option<Pos>, count: usize) -> Option<Pos> {
    let mut at = at?;
    for _ in 0..count {
        at = lp.next(at)?;
    }
    Some(at)
}

/// The integer at a place, 0 if it is none (which [`check`] rules out).
fn int(lp: &Listpack, at: Pos) -> i64 {
    strict_int(lp, at).unwrap_or(0)
}

fn strict_int(lp: &Listpack, at: Pos) -> Option<i64> {
    lp.get(at).as_integer()
}
