//! The sorted keys of one node, leaf or inner, and the search among them.
//!
//! Scores, members and digests lie in arrays of their own: a search by score reads nothing else.
//! Where scores tie, members must be compared, and each is a cache miss away. Hence two tricks:
//!
//! - `skip`: every member of the node, padded with zeros, starts with the same `skip` bytes, and
//!   `digests` hold the bytes right behind them, big endian, so that they compare as numbers.
//!   Unequal digests order two members; equal ones decide nothing.
//! - A search that came down between two keys of equal score knows that everything between them
//!   starts with their common bytes (`Probe::known`), and need not verify a `skip` within.
//!
//! Padding loses nothing: if two padded texts differ, the texts differ in the same direction.

use std::cmp::Ordering;

use super::member::MemberRef;

/// The first bytes of a member behind a common prefix.
pub(super) trait Digest: Copy + Ord {
    /// Fills unused slots.
    const BLANK: Self;
    /// Bytes in it.
    const BYTES: usize;
    /// The digest of a member behind its first `skip` bytes, padded with zeros.
    fn of(member: &[u8], skip: usize) -> Self;
    /// How many leading bytes two digests share.
    fn shared(self, other: Self) -> usize;
}

macro_rules! digest {
    ($($int:ty),*) => {$(
        impl Digest for $int {
            const BLANK: Self = 0;
            const BYTES: usize = size_of::<$int>();

            #[inline]
            fn of(member: &[u8], skip: usize) -> Self {
                let tail = member.get(skip..).unwrap_or_default();
                if let Some(head) = tail.first_chunk() {
                    return Self::from_be_bytes(*head);
                }
                let mut head = [0; Self::BYTES];
                head[..tail.len()].copy_from_slice(tail);
                Self::from_be_bytes(head)
            }

            #[inline]
            fn shared(self, other: Self) -> usize {
                (self ^ other).leading_zeros() as usize / 8
            }
        }
    )*};
}
digest!(u16, u64);

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
#[derive(Clone, Copy)]
pub(super) struct Moving<D> {
    pub(super) score: f64,
    pub(super) member: MemberRef,
    digest: D,
    /// The `skip` under which the digest was made; `NEW` if there is none yet.
    skip: u32,
}

/// No digest yet.
const NEW: u32 = u32::MAX;

impl<D: Digest> Moving<D> {
    pub(super) fn new(score: f64, member: MemberRef) -> Self {
        Self { score, member, digest: D::BLANK, skip: NEW }
    }
}

/// Up to `N` keys in order.
#[repr(C)]
pub(super) struct Keys<D, const N: usize> {
    len: u16,
    skip: u32,
    scores: [f64; N],
    members: [MemberRef; N],
    digests: [D; N],
}

impl<D: Digest, const N: usize> Keys<D, N> {
    pub(super) const EMPTY: Self =
        Self { len: 0, skip: 0, scores: [0.0; N], members: [MemberRef::NONE; N], digests: [D::BLANK; N] };

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
        let digest = D::of(probe.member, skip);
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
        if !conforms {
            self.conform(member, at);
        }
        self.scores.copy_within(at..len, at + 1);
        self.members.copy_within(at..len, at + 1);
        self.digests.copy_within(at..len, at + 1);
        self.len += 1;
        self.put(at, score, member);
    }

    /// Replaces a key by one in the same place.
    pub(super) fn replace(&mut self, at: usize, score: f64, member: MemberRef) {
        if self.len() > 1 {
            self.conform(member, if at == 0 { 1 } else { at - 1 });
        }
        self.put(at, score, member);
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
    pub(super) fn gather(&self, run: &mut Vec<Moving<D>>) {
        run.extend((0..self.len()).map(|at| Moving {
            score: self.scores[at],
            member: self.members[at],
            digest: self.digests[at],
            skip: self.skip,
        }));
    }

    /// Holds these keys instead.
    pub(super) fn refill(&mut self, run: &[Moving<D>]) {
        let skip = common_prefix(run);
        self.len = run.len() as u16;
        self.skip = skip;
        for (at, key) in run.iter().enumerate() {
            self.scores[at] = key.score;
            self.members[at] = key.member;
            self.digests[at] =
                if key.skip == skip { key.digest } else { D::of(key.member.bytes(), skip as usize) };
        }
    }

    fn put(&mut self, at: usize, score: f64, member: MemberRef) {
        self.scores[at] = score;
        self.members[at] = member;
        self.digests[at] = D::of(member.bytes(), self.skip as usize);
    }

    /// Shortens the common prefix to what a member shares with one that is near its place.
    fn conform(&mut self, member: MemberRef, near: usize) {
        let len = self.len();
        if len == 0 {
            self.skip = clamp(member.bytes().len());
            return;
        }
        let skip = self.skip as usize;
        if skip == 0 {
            return;
        }
        let shared = padded_shared(member.bytes(), self.members[near.min(len - 1)].bytes(), skip);
        if shared < skip {
            self.skip = shared as u32;
            for at in 0..len {
                self.digests[at] = D::of(self.members[at].bytes(), shared);
            }
        }
    }
}

/// The prefix to skip in a run of keys.
///
/// One score: what the ends share, all between lies between. Several: every member has to be
/// fetched, which is worth it only where most scores tie.
fn common_prefix<D: Digest>(run: &[Moving<D>]) -> u32 {
    let [first, .., last] = run else {
        return run.first().map_or(0, |only| clamp(only.member.bytes().len()));
    };
    let head = first.member.bytes();
    if first.score == last.score {
        let tail = last.member.bytes();
        return clamp(padded_shared(head, tail, head.len().max(tail.len())));
    }
    let ties = run.windows(2).filter(|pair| pair[0].score == pair[1].score).count();
    if ties * 2 < run.len() {
        return 0;
    }
    let mut skip = head.len();
    for key in run {
        if skip == 0 {
            break;
        }
        skip = padded_shared(head, key.member.bytes(), skip);
    }
    clamp(skip)
}

fn clamp(len: usize) -> u32 {
    len.min(NEW as usize - 1) as u32
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
            assert_eq!(self.digests[at], D::of(own, skip));
            if at > 0 {
                let before = (self.scores[at - 1], self.members[at - 1].bytes());
                assert!(before < (self.scores[at], own));
            }
        }
    }
}
