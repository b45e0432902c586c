//! The sorted keys of one node, leaf or inner, and the search among them.
//!
//! Scores, members and digests lie in arrays of their own: a search by score reads nothing else.
//! Where scores tie, members must be compared, and each is a cache miss away. Hence two tricks:
//!
//! - `skip`: every member of the node, padded with zeros, starts with the same `skip` bytes. The
//!   eight bytes right behind them, big endian, are the member as a number, and its *digest* is that
//!   number less `base`, shifted right by `shift`: in a leaf 16 bits that spread from its first
//!   member to its last, in an inner node all 64. Unequal digests order two members; equal ones
//!   decide nothing.
//! - A search that came down between two keys of equal score knows that everything between them
//!   starts with their common bytes (`Probe::known`), and need not verify a `skip` within.
//!
//! Padding loses nothing: if two padded texts differ, the texts differ in the same direction.

use std::cmp::Ordering;

use super::member::MemberRef;
use crate::prefetch::prefetch;

/// What stands for a member in comparisons.
pub(super) trait Digest: Copy + Ord {
    /// Fills unused slots.
    const BLANK: Self;
    /// The digest of a member that is this number behind the common prefix.
    fn of(number: u64, scale: Scale) -> Self;
    /// How many leading bytes behind the common prefix two members surely share.
    fn shared(self, other: Self) -> usize;
}

impl Digest for u64 {
    const BLANK: Self = 0;

    #[inline]
    fn of(number: u64, _: Scale) -> Self {
        number
    }

    #[inline]
    fn shared(self, other: Self) -> usize {
        (self ^ other).leading_zeros() as usize / 8
    }
}

impl Digest for u16 {
    const BLANK: Self = 0;

    #[inline]
    fn of(number: u64, scale: Scale) -> Self {
        // What lies outside of the span ties with its ends, which keeps the order.
        (number.saturating_sub(scale.base) >> scale.shift).min(u64::from(u16::MAX)) as u16
    }

    fn shared(self, _: Self) -> usize {
        0
    }
}

/// How the digests of a node are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    base: u64,
    skip: u32,
    shift: u8,
}

impl Scale {
    /// The first bytes, of nodes whose scores differ or that hold one key.
    const fn plain(skip: u32) -> Self {
        Scale { base: 0, skip, shift: 48 }
    }

    #[inline]
    fn digest<D: Digest>(self, member: &[u8]) -> D {
        D::of(number(member, self.skip as usize), self)
    }
}

/// The eight bytes behind the first `skip` as a number, padded with zeros.
#[inline]
fn number(member: &[u8], skip: usize) -> u64 {
    let tail = member.get(skip..).unwrap_or_default();
    if let Some(head) = tail.first_chunk() {
        return u64::from_be_bytes(*head);
    }
    let mut head = [0; 8];
    head[..tail.len()].copy_from_slice(tail);
    u64::from_be_bytes(head)
}

/// The key that is searched for.
pub(super) struct Probe<'a> {
    score: f64,
    member: &'a [u8],
    /// Every member of this score below the node in hand starts with this many bytes of `member`.
    known: usize,
}

impl<'a> Probe<'a> {
    pub(super) fn new(score: f64, member: &'a [u8]) -> Self {
        Self { score, member, known: 0 }
    }
}

/// Where a key is or belongs.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) at: usize,
    pub(super) found: bool,
    /// The member starts as all of this node do, so that inserting it changes no digest.
    pub(super) conforms: bool,
}

/// One key on its way between nodes.
pub(super) type Moving = (f64, MemberRef);

/// Up to `N` keys in order.
#[repr(C)]
pub(super) struct Keys<D, const N: usize> {
    base: u64,
    skip: u32,
    shift: u8,
    len: u16,
    scores: [f64; N],
    members: [MemberRef; N],
    digests: [D; N],
}

impl<D: Digest, const N: usize> Keys<D, N> {
    pub(super) const EMPTY: Self = Self {
        base: 0,
        skip: 0,
        shift: 0,
        len: 0,
        scores: [0.0; N],
        members: [MemberRef::NONE; N],
        digests: [D::BLANK; N],
    };

    /// Asks for the cache lines that a search among tied scores reads, all at once.
    #[inline]
    pub(super) fn prefetch(keys: *const Self) {
        // The last score in use is not known before the node is here; nodes are four fifths full.
        let (start, scores) = (std::mem::offset_of!(Self, digests), std::mem::offset_of!(Self, scores));
        prefetch(keys.wrapping_byte_add(scores));
        prefetch(keys.wrapping_byte_add(scores + N * 4 / 5 * size_of::<f64>()));
        for line in (start..start + N * size_of::<D>()).step_by(64) {
            prefetch(keys.wrapping_byte_add(line));
        }
    }

    #[inline]
    fn scale(&self) -> Scale {
        Scale { base: self.base, skip: self.skip, shift: self.shift }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len() == N
    }

    #[inline]
    pub(super) fn score(&self, at: usize) -> f64 {
        self.scores[at]
    }

    #[inline]
    pub(super) fn member(&self, at: usize) -> MemberRef {
        self.members[at]
    }

    #[inline]
    fn scores(&self) -> &[f64] {
        &self.scores[..self.len()]
    }

    /// How many keys at the start satisfy `before`.
    pub(super) fn count_while(&self, before: &mut impl FnMut(f64, MemberRef) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.scores[middle], self.members[middle]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The keys of a score.
    #[inline]
    fn of_score(&self, score: f64) -> (usize, usize) {
        let scores = self.scores();
        let low = if scores.first() == Some(&score) { 0 } else { scores.partition_point(|own| *own < score) };
        if scores.last() == Some(&score) {
            return (low, scores.len());
        }
        (low, low + scores[low..].partition_point(|own| *own == score))
    }

    /// Finds a key or its place.
    pub(super) fn locate(&self, probe: &Probe<'_>) -> Spot {
        let (low, high) = self.of_score(probe.score);
        if low == high {
            return Spot { at: low, found: false, conforms: false };
        }
        let skip = self.skip as usize;
        if probe.known < skip {
            match padded_cmp(probe.member, self.members[low].bytes(), skip) {
                Ordering::Less => return Spot { at: low, found: false, conforms: false },
                Ordering::Greater => return Spot { at: high, found: false, conforms: false },
                Ordering::Equal => {}
            }
        }
        let digest: D = self.scale().digest(probe.member);
        let first = low + self.digests[low..high].partition_point(|own| *own < digest);
        let ties = self.digests[first..high].partition_point(|own| *own == digest);
        let found = self.members[first..first + ties].binary_search_by(|own| own.bytes().cmp(probe.member));
        let at = first + found.unwrap_or_else(|place| place);
        Spot { at, found: found.is_ok(), conforms: true }
    }

    /// The child whose keys surround the probe, and what the probe learns on the way to it.
    #[inline]
    pub(super) fn child_of(&self, probe: &mut Probe<'_>) -> usize {
        let spot = self.locate(probe);
        if spot.found {
            // The key is the child's smallest: the bound on the left is the probe itself.
            self.learn(spot.at, probe);
            return spot.at;
        }
        let Some(child) = spot.at.checked_sub(1) else { return 0 };
        if spot.conforms {
            self.learn(child, probe);
        }
        child
    }

    /// Between two keys of equal score everything starts as both do.
    #[inline]
    fn learn(&self, child: usize, probe: &mut Probe<'_>) {
        let next = child + 1;
        if next < self.len() && self.scores[child] == probe.score && self.scores[next] == probe.score {
            let shared = self.digests[child].shared(self.digests[next]);
            probe.known = probe.known.max(self.skip as usize + shared);
        }
    }

    /// Inserts a key; `conforms` as `locate` said.
    pub(super) fn insert(&mut self, at: usize, score: f64, member: MemberRef, conforms: bool) {
        let len = self.len();
        let conforms = conforms || self.conforms(member, at);
        self.scores.copy_within(at..len, at + 1);
        self.members.copy_within(at..len, at + 1);
        self.digests.copy_within(at..len, at + 1);
        self.len += 1;
        self.put(at, score, member, conforms);
    }

    /// Replaces a key by one in the same place.
    pub(super) fn replace(&mut self, at: usize, score: f64, member: MemberRef) {
        let conforms = self.len() > 1 && self.conforms(member, if at == 0 { 1 } else { at - 1 });
        self.put(at, score, member, conforms);
    }

    /// Changes a score that keeps its place.
    pub(super) fn set_score(&mut self, at: usize, score: f64) {
        self.scores[at] = score;
    }

    /// Takes keys away.
    pub(super) fn remove(&mut self, at: usize, count: usize) {
        let len = self.len();
        self.scores.copy_within(at + count..len, at);
        self.members.copy_within(at + count..len, at);
        self.digests.copy_within(at + count..len, at);
        self.len -= count as u16;
    }

    /// Appends all keys to a list.
    pub(super) fn gather(&self, run: &mut Vec<Moving>) {
        let len = self.len();
        run.extend(self.scores[..len].iter().copied().zip(self.members[..len].iter().copied()));
    }

    /// Holds these keys instead.
    pub(super) fn refill(&mut self, run: &[Moving]) {
        self.len = run.len() as u16;
        for (at, (score, member)) in run.iter().enumerate() {
            self.scores[at] = *score;
            self.members[at] = *member;
        }
        self.rescale();
    }

    /// Makes all digests anew, on the scale that suits the keys.
    pub(super) fn rescale(&mut self) {
        let len = self.len();
        let (scores, members) = (&self.scores[..len], &self.members[..len]);
        members.iter().for_each(|member| member.prefetch());
        let scale = scale_of(scores, members);
        (self.base, self.skip, self.shift) = (scale.base, scale.skip, scale.shift);
        for (digest, member) in self.digests.iter_mut().zip(members) {
            *digest = scale.digest(member.bytes());
        }
    }

    /// Writes a key into a slot that is in use.
    fn put(&mut self, at: usize, score: f64, member: MemberRef, conforms: bool) {
        self.scores[at] = score;
        self.members[at] = member;
        if conforms {
            self.digests[at] = self.scale().digest(member.bytes());
        } else {
            self.rescale();
        }
    }

    /// Does a member share the common prefix? Compared with one near its place.
    fn conforms(&self, member: MemberRef, near: usize) -> bool {
        let len = self.len();
        let skip = self.skip as usize;
        len > 0
            && (skip == 0
                || padded_cmp(member.bytes(), self.members[near.min(len - 1)].bytes(), skip).is_eq())
    }
}

/// The scale that suits sorted keys.
///
/// One score: the members are in order, and all lie between the ends. Several: every member has to
/// be fetched to find what they share, which is worth it only where most scores tie.
fn scale_of(scores: &[f64], members: &[MemberRef]) -> Scale {
    let [first, .., last] = members else {
        return Scale::plain(members.first().map_or(0, |only| clamp(only.bytes().len())));
    };
    let head = first.bytes();
    if scores.first() == scores.last() {
        let tail = last.bytes();
        let skip = padded_shared(head, tail, head.len().max(tail.len()));
        let base = number(head, skip);
        let span = number(tail, skip) - base;
        return Scale {
            base,
            skip: clamp(skip),
            shift: (64 - span.leading_zeros()).saturating_sub(16) as u8,
        };
    }
    let ties = scores.windows(2).filter(|pair| pair[0] == pair[1]).count();
    if ties * 2 < scores.len() {
        return Scale::plain(0);
    }
    let mut skip = head.len();
    for member in members {
        if skip == 0 {
            break;
        }
        skip = padded_shared(head, member.bytes(), skip);
    }
    Scale::plain(clamp(skip))
}

fn clamp(len: usize) -> u32 {
    len.min(u32::MAX as usize) as u32
}

/// Orders the first `skip` bytes of two texts that are padded with zeros.
#[inline]
fn padded_cmp(left: &[u8], right: &[u8], skip: usize) -> Ordering {
    let (left, right) = (&left[..left.len().min(skip)], &right[..right.len().min(skip)]);
    let both = left.len().min(right.len());
    left[..both].cmp(&right[..both]).then_with(|| {
        let (left, right) = (left[both..].iter().any(|b| *b != 0), right[both..].iter().any(|b| *b != 0));
        left.cmp(&right)
    })
}

/// How many of the first `most` bytes two texts share, padded with zeros.
fn padded_shared(left: &[u8], right: &[u8], most: usize) -> usize {
    let byte = |text: &[u8], at: usize| text.get(at).copied().unwrap_or(0);
    let both = left.len().min(right.len()).min(most);
    let real = left.iter().zip(right).take(both).take_while(|(a, b)| a == b).count();
    if real < both {
        return real;
    }
    (real..most).find(|&at| byte(left, at) != byte(right, at)).unwrap_or(most)
}

#[cfg(test)]
impl<D: Digest + std::fmt::Debug, const N: usize> Keys<D, N> {
    /// Order, common prefix and digests.
    pub(super) fn check(&self) {
        let skip = self.skip as usize;
        for at in 0..self.len() {
            let own = self.members[at].bytes();
            assert_eq!(padded_cmp(own, self.members[0].bytes(), skip), Ordering::Equal);
            assert_eq!(self.digests[at], self.scale().digest(own));
            if at > 0 {
                let before = (self.scores[at - 1], self.members[at - 1].bytes());
                assert!(before < (self.scores[at], own));
            }
        }
    }
}
