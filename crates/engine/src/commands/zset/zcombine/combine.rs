//! Union, intersection and difference.

use super::request::{Aggregate, Request};
use crate::command::Error;
use crate::encoding::listpack::Item;
use crate::keyspace::{Keys, Read};
use crate::sorted::ScoredMember;
use crate::table::Table;
use crate::value::{Set, Type, Zset};

/// A sorted set or a set among the inputs.
enum Source<'a> {
    Zset(Read<'a, Zset>),
    Set(Read<'a, Set>),
    Missing,
}

/// One input: what it is, its weight, and the key, by which it is told from others.
struct Input<'a> {
    source: Source<'a>,
    weight: f64,
    key: &'a [u8],
}

/// The result, in no particular order.
pub(super) fn combine(keys: &Keys<'_>, request: &Request<'_>) -> Result<Vec<ScoredMember>, Error> {
    let mut members = Vec::new();
    if request.operation.is_union() {
        return unite(keys, request);
    }
    if request.operation.is_diff() {
        subtract(keys, request, &mut members)?;
        return Ok(members);
    }
    intersect(keys, request, |member, score| {
        members.push(ScoredMember::new(score, member));
        true
    })?;
    Ok(members)
}

fn unite(keys: &Keys<'_>, request: &Request<'_>) -> Result<Vec<ScoredMember>, Error> {
    let mut table: Table<ScoredMember> = Table::new(keys.seed());
    for input in inputs(keys, request, true)? {
        let mut digits = itoa::Buffer::new();
        input.source.each(|member, score| {
            let member = member.text(&mut digits);
            let score = weighted(input.weight, score);
            let hash = table.hash(member);
            let Some(mut other) = table.get_mut(hash, member) else {
                table.insert(hash, ScoredMember::new(score, member));
                return true;
            };
            let both = request.aggregate.of(other.score(), score);
            other.set_score(both);
            true
        });
    }
    Ok(table.drain().collect())
}

fn subtract(keys: &Keys<'_>, request: &Request<'_>, members: &mut Vec<ScoredMember>) -> Result<(), Error> {
    let inputs = inputs(keys, request, false)?;
    let Some((first, others)) = inputs.split_first() else { return Ok(()) };
    let mut digits = itoa::Buffer::new();
    first.source.each(|member, score| {
        let member = member.text(&mut digits);
        if !others.iter().any(|other| other.source.score(member).is_some()) {
            members.push(ScoredMember::new(score, member));
        }
        true
    });
    Ok(())
}

/// Shows every member that is in all inputs, with its combined score, until `found` says enough.
pub(super) fn intersect(
    keys: &Keys<'_>,
    request: &Request<'_>,
    mut found: impl FnMut(&[u8], f64) -> bool,
) -> Result<(), Error> {
    let inputs = inputs(keys, request, true)?;
    let Some((first, others)) = inputs.split_first() else { return Ok(()) };
    let mut digits = itoa::Buffer::new();
    first.source.each(|member, own| {
        let member = member.text(&mut digits);
        match in_all(first, others, member, own, request.aggregate) {
            Some(score) => found(member, score),
            None => true,
        }
    });
    Ok(())
}

fn in_all(
    first: &Input<'_>,
    others: &[Input<'_>],
    member: &[u8],
    own: f64,
    aggregate: Aggregate,
) -> Option<f64> {
    let mut score = weighted(first.weight, own);
    for other in others {
        let value = if other.key == first.key { own } else { other.source.score(member)? };
        score = aggregate.of(score, value * other.weight);
    }
    Some(score)
}

/// Infinity times nothing is nothing.
fn weighted(weight: f64, score: f64) -> f64 {
    Some(weight * score).filter(|score| !score.is_nan()).unwrap_or(0.0)
}

/// The inputs; the smallest first, if `by_size`, which also decides the order in which scores are
/// added up.
fn inputs<'a>(keys: &'a Keys<'_>, request: &'a Request<'_>, by_size: bool) -> Result<Vec<Input<'a>>, Error> {
    let mut inputs = Vec::with_capacity(request.sources.len());
    for &(key, weight) in &request.sources {
        let kind = keys.peek_entry(key).map(|entry| Type::of(entry.kind()));
        let source = match kind {
            Some(Type::Set) => keys.peek(key)?.map_or(Source::Missing, Source::Set),
            Some(_) => keys.peek(key)?.map_or(Source::Missing, Source::Zset),
            None => Source::Missing,
        };
        inputs.push(Input { source, weight, key: key.bytes });
    }
    if by_size {
        inputs.sort_by_key(|input| input.source.len());
    }
    Ok(inputs)
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Source::Zset(zset) => zset.len(),
            Source::Set(set) => set.len(),
            Source::Missing => 0,
        }
    }

    /// Shows all members until `show` says enough.
    fn each(&self, mut show: impl FnMut(Item<'_>, f64) -> bool) {
        match self {
            Source::Zset(zset) => {
                let _ = zset.iter().all(|(member, score)| show(member, score));
            }
            Source::Set(set) => {
                let _ = set.iter().all(|member| show(member, 1.0));
            }
            Source::Missing => {}
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Source::Zset(zset) => zset.score(member),
            Source::Set(set) => set.contains(member).then_some(1.0),
            Source::Missing => None,
        }
    }
}
