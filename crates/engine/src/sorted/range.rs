//! The ranges of ZRANGEBYSCORE and ZRANGEBYLEX: what they hold and how they are written.

/// An interval of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lower end.
    pub min: f64,
    /// The upper end.
    pub max: f64,
    /// The lower end itself is out.
    pub min_exclusive: bool,
    /// The upper end itself is out.
    pub max_exclusive: bool,
}

impl ScoreRange {
    /// Reads `1.5`, `(1.5`, `-inf`, `+inf`; `number` reads a double that may be infinite or NaN.
    pub fn parse(min: &[u8], max: &[u8], number: impl Fn(&[u8]) -> Option<f64>) -> Option<Self> {
        let end = |text: &[u8]| {
            let (text, exclusive) = match text.strip_prefix(b"(") {
                Some(rest) => (rest, true),
                None => (text, false),
            };
            Some((number(text).filter(|value| !value.is_nan())?, exclusive))
        };
        let ((min, min_exclusive), (max, max_exclusive)) = (end(min)?, end(max)?);
        Some(Self { min, max, min_exclusive, max_exclusive })
    }

    /// Not below the lower end?
    #[inline]
    pub fn above_min(&self, score: f64) -> bool {
        if self.min_exclusive { score > self.min } else { score >= self.min }
    }

    /// Not above the upper end?
    #[inline]
    pub fn below_max(&self, score: f64) -> bool {
        if self.max_exclusive { score < self.max } else { score <= self.max }
    }

    /// Whether the range can hold no score.
    pub fn is_empty(&self) -> bool {
        self.min > self.max || (self.min == self.max && (self.min_exclusive || self.max_exclusive))
    }
}

/// One end of a range of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before every member.
    Min,
    /// Behind every member.
    Max,
    /// At a text that is in the range.
    Incl(&'a [u8]),
    /// At a text that is not.
    Excl(&'a [u8]),
}

/// An interval of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// The lower end.
    pub min: LexBound<'a>,
    /// The upper end.
    pub max: LexBound<'a>,
}

impl<'a> LexBound<'a> {
    /// Reads `-`, `+`, `[text`, `(text`.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        match text {
            // A NUL ends the text for Redis (zslParseLexRangeItem).
            [b'-'] | [b'-', 0, ..] => Some(Self::Min),
            [b'+'] | [b'+', 0, ..] => Some(Self::Max),
            [b'[', rest @ ..] => Some(Self::Incl(rest)),
            [b'(', rest @ ..] => Some(Self::Excl(rest)),
            _ => None,
        }
    }
}

impl<'a> LexRange<'a> {
    /// Reads both ends.
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Option<Self> {
        Some(Self { min: LexBound::parse(min)?, max: LexBound::parse(max)? })
    }

    /// Not below the lower end?
    #[inline]
    pub fn above_min(&self, member: &[u8]) -> bool {
        match self.min {
            LexBound::Min => true,
            LexBound::Max => false,
            LexBound::Incl(text) => member >= text,
            LexBound::Excl(text) => member > text,
        }
    }

    /// Not above the upper end?
    #[inline]
    pub fn below_max(&self, member: &[u8]) -> bool {
        match self.max {
            LexBound::Min => false,
            LexBound::Max => true,
            LexBound::Incl(text) => member <= text,
            LexBound::Excl(text) => member < text,
        }
    }

    /// Whether the range can hold no member.
    pub fn is_empty(&self) -> bool {
        use LexBound::{Excl, Incl, Max, Min};
        match (self.min, self.max) {
            (Max, _) | (_, Min) => true,
            (Min, _) | (_, Max) => false,
            (Incl(min), Incl(max)) => min > max,
            (Incl(min) | Excl(min), Incl(max) | Excl(max)) => min >= max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(min: &str, max: &str) -> Option<ScoreRange> {
        let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
        ScoreRange::parse(min.as_bytes(), max.as_bytes(), number)
    }

    #[test]
    fn ends_of_scores_are_inclusive_unless_a_parenthesis_says_otherwise() {
        let range = scores("(1.5", "+inf").unwrap();
        assert!(!range.above_min(1.5) && range.above_min(1.6) && range.below_max(f64::INFINITY));
        assert!(scores("(2", "2").unwrap().is_empty() && !scores("2", "2").unwrap().is_empty());
        assert!(scores("3", "2").unwrap().is_empty());
        assert_eq!(scores("nan", "2"), None);
        assert_eq!(scores("[1", "2"), None);
    }

    #[test]
    fn ends_of_members_need_a_mark() {
        assert_eq!(LexRange::parse(b"a", b"[b"), None);
        assert_eq!(LexRange::parse(b"-x", b"+"), None);
        assert_eq!(LexRange::parse(b"", b"+"), None);
        let range = LexRange::parse(b"(a", b"[c").unwrap();
        assert!(
            !range.above_min(b"a")
                && range.above_min(b"aa")
                && range.below_max(b"c")
                && !range.below_max(b"ca")
        );
        assert!(LexRange::parse(b"+", b"-").unwrap().is_empty());
        assert!(LexRange::parse(b"-", b"-").unwrap().is_empty());
        assert!(LexRange::parse(b"(a", b"[a").unwrap().is_empty());
        assert!(!LexRange::parse(b"[a", b"[a").unwrap().is_empty());
    }
}
