//! A sorted set in a listpack: member, score, member, score ... in order of (score, member).
//!
//! A score that is an integer is stored as one; others as the text that replies show.

use crate::encoding::listpack::{Entries, Item, Listpack, Pos};
use crate::settings::Settings;
use crate::text::double::as_i64;
use crate::text::{DoubleStyle, DoubleText, parse_f64};
use std::ops::Range;

/// The position of a member and its score.
pub(super) fn find(pack: &Listpack, member: &[u8]) -> Option<(Pos, f64)> {
    let pos = pack.find(member, 1)?;
    let score = pack.next(pos).map_or(0.0, |at| score_of(pack.get(at)));
    Some((pos, score))
}

/// Adds a member that is not there at its place.
pub(super) fn insert(pack: &mut Listpack, score: f64, member: &[u8], settings: &Settings) {
    let mut buffer = itoa::Buffer::new();
    let mut place = None;
    let mut entries = pack.entries();
    while let (Some((pos, other)), Some((_, other_score))) = (entries.next(), entries.next()) {
        let other_score = score_of(other_score);
        if other_score > score || (other_score == score && other.text(&mut buffer) > member) {
            place = Some(pos);
            break;
        }
    }
    insert_at(pack, place, score, member, settings);
}

/// Adds a member before a position or at the end.
pub(super) fn insert_at(
    pack: &mut Listpack,
    place: Option<Pos>,
    score: f64,
    member: &[u8],
    settings: &Settings,
) {
    match as_i64(score) {
        Some(integer) => pack.insert_pair(place, member, integer),
        None => {
            let style = DoubleStyle::at(settings.level);
            pack.insert_pair(place, member, DoubleText::score(score, style).as_bytes())
        }
    };
}

/// The ranks from the first pair that is `above` on, as long as they are `below`.
pub(super) fn ranks<'a>(
    pack: &'a Listpack,
    above: impl Fn(Item<'a>, f64) -> bool,
    below: impl Fn(Item<'a>, f64) -> bool,
) -> Range<usize> {
    let mut pairs = Pairs::all(pack).skip_while(|pair| !above(pair.0, pair.1));
    let mut count = 0;
    let mut behind = 0;
    if let Some(first) = pairs.next() {
        behind = 1 + pairs.clone().count();
        count = std::iter::once(first).chain(pairs).take_while(|pair| below(pair.0, pair.1)).count();
    }
    let start = pack.len() / 2 - behind;
    start..start + count
}

/// Whether the pairs are in order, each once. `None` if they are no pairs of member and score.
pub(super) fn is_sorted(pack: &Listpack) -> Option<bool> {
    let (mut entries, mut sorted) = (pack.iter(), true);
    let mut before: Option<(f64, Item<'_>)> = None;
    let (mut room, mut other) = (itoa::Buffer::new(), itoa::Buffer::new());
    while let Some(member) = entries.next() {
        let score = match entries.next()? {
            Item::Int(value) => value as f64,
            Item::Str(text) => parse_f64(text).filter(|score| !score.is_nan())?,
        };
        sorted &= before.is_none_or(|(least, text)| {
            least < score || least == score && text.text(&mut room) < member.text(&mut other)
        });
        before = Some((score, member));
    }
    Some(sorted)
}

fn score_of(item: Item<'_>) -> f64 {
    match item {
        Item::Int(value) => value as f64,
        // Only texts that name a number are ever stored.
        Item::Str(text) => parse_f64(text).unwrap_or(0.0),
    }
}

/// Members with their scores, ascending.
#[derive(Clone)]
pub struct Pairs<'a>(Entries<'a>);

impl<'a> Pairs<'a> {
    pub(super) fn all(pack: &'a Listpack) -> Self {
        Pairs(pack.entries())
    }

    /// From a rank on; empty if there is no such rank.
    pub(super) fn from(pack: &'a Listpack, rank: usize) -> Self {
        match pack.seek(2 * rank as i64) {
            Some(pos) => Pairs(pack.entries_from(pos)),
            None => {
                let mut entries = pack.entries();
                entries.by_ref().for_each(drop);
                Pairs(entries)
            }
        }
    }

    /// From a rank down.
    pub(super) fn until(pack: &'a Listpack, rank: usize) -> Reversed<'a> {
        Reversed(match pack.seek(2 * (rank as i64 + 1)) {
            Some(behind) => pack.entries_before(behind),
            None => pack.entries(),
        })
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (_, member) = self.0.next()?;
        let (_, score) = self.0.next()?;
        Some((member, score_of(score)))
    }
}

/// Members with their scores, descending.
pub struct Reversed<'a>(Entries<'a>);

impl<'a> Iterator for Reversed<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (_, score) = self.0.next_back()?;
        let (_, member) = self.0.next_back()?;
        Some((member, score_of(score)))
    }
}
