//! What is to be combined, and how.

use crate::command::*;
use crate::commands::number::int;
use crate::text::{eq_ignore_case, parse_f64};
use crate::value::Type;

/// What is made of the sorted sets, and which options go with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Union,
    Inter,
    Diff,
    InterCard,
    UnionStore,
    InterStore,
    DiffStore,
}

impl Operation {
    /// The variant that stores its result.
    pub(super) fn stored(self) -> Self {
        match self {
            Operation::Union => Operation::UnionStore,
            Operation::Inter => Operation::InterStore,
            Operation::Diff => Operation::DiffStore,
            other => other,
        }
    }

    pub(super) fn is_union(self) -> bool {
        matches!(self, Operation::Union | Operation::UnionStore)
    }

    pub(super) fn is_diff(self) -> bool {
        matches!(self, Operation::Diff | Operation::DiffStore)
    }

    fn has_weights(self) -> bool {
        !self.is_diff() && self != Operation::InterCard
    }

    fn has_scores(self) -> bool {
        matches!(self, Operation::Union | Operation::Inter | Operation::Diff)
    }
}

/// How the scores of one member are combined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// Two scores in one; the sum of both infinities is 0.
    pub(super) fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Aggregate::Sum => Some(left + right).filter(|sum| !sum.is_nan()).unwrap_or(0.0),
            Aggregate::Min => {
                if right < left {
                    right
                } else {
                    left
                }
            }
            Aggregate::Max => {
                if right > left {
                    right
                } else {
                    left
                }
            }
        }
    }
}

/// A call, understood; every key was looked up and may take part.
pub(super) struct Request<'b> {
    pub(super) operation: Operation,
    /// The keys with their weights, in the order of the command.
    pub(super) sources: Vec<(Key<'b>, f64)>,
    pub(super) aggregate: Aggregate,
    pub(super) with_scores: bool,
    /// Count at which ZINTERCARD stops; 0 is none.
    pub(super) limit: usize,
}

impl<'b> Request<'b> {
    /// Reads everything from the number of keys on.
    pub(super) fn parse(
        ctx: &mut Ctx<'_>,
        args: Args<'b>,
        at: usize,
        operation: Operation,
    ) -> Result<Self, Error> {
        let count = match int(args.get(at))? {
            count @ 1.. => count as usize,
            _ => {
                let name = ctx.name;
                return Err(Error::new(format!("ERR at least 1 input key is needed for '{name}' command")));
            }
        };
        let first = at + 1;
        if count > args.len() - first {
            return Err(Error::SYNTAX);
        }
        let mut sources = Vec::with_capacity(count);
        for at in first..first + count {
            let key = ctx.key(args, at);
            if let Some(entry) = ctx.keys.read_entry(key)
                && !matches!(Type::of(entry.kind()), Type::Set | Type::Zset)
            {
                return Err(Error::WRONG_TYPE);
            }
            sources.push((key, 1.0));
        }
        let mut request =
            Request { operation, sources, aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
        request.options(args.from(first + count))?;
        Ok(request)
    }

    fn options(&mut self, args: Args<'b>) -> Outcome {
        let mut at = 0;
        while let Some(word) = args.try_get(at) {
            let left = args.len() - at;
            if self.operation.has_weights() && left > self.sources.len() && eq_ignore_case(word, b"weights") {
                for (_, weight) in &mut self.sources {
                    at += 1;
                    let error = Error::fixed("ERR weight value is not a float");
                    *weight = parse_f64(args.get(at)).ok_or(error)?;
                }
            } else if self.operation.has_weights() && left >= 2 && eq_ignore_case(word, b"aggregate") {
                at += 1;
                self.aggregate = match args.get(at) {
                    word if eq_ignore_case(word, b"sum") => Aggregate::Sum,
                    word if eq_ignore_case(word, b"min") => Aggregate::Min,
                    word if eq_ignore_case(word, b"max") => Aggregate::Max,
                    _ => return Err(Error::SYNTAX),
                };
            } else if self.operation.has_scores() && eq_ignore_case(word, b"withscores") {
                self.with_scores = true;
            } else if self.operation == Operation::InterCard && left >= 2 && eq_ignore_case(word, b"limit") {
                at += 1;
                let limit = int(args.get(at)).ok().and_then(|limit| usize::try_from(limit).ok());
                self.limit = limit.ok_or(Error::fixed("ERR LIMIT can't be negative"))?;
            } else {
                return Err(Error::SYNTAX);
            }
            at += 1;
        }
        Ok(())
    }
}
