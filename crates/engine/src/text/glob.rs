//! Glob patterns as KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL rules use them.
//!
//! ```text
//! *        any run of bytes, also none          [abc]  one of these bytes
//! ?        any one byte                         [^a-c] none of these
//! \x       the byte x                           [a-z]  a range, either way round
//! ```
//!
//! The meaning is util.c `stringmatchlen` to the letter, oddities included: an empty text
//! matches nothing but the empty pattern, an unclosed bracket ends with the pattern, ranges
//! compare signed chars. The method is not: instead of recursing at each star, the matcher
//! remembers the last star only. That is enough, since a match that needs an earlier star to
//! take more also exists with the later star taking more; so time is at most the product of
//! both lengths, whatever the pattern.

/// Whether the whole of `text` matches `pattern`.
pub fn glob_match(pattern: &[u8], text: &[u8]) -> bool {
    Matcher { pattern, text, nocase: false }.run()
}

/// [`glob_match`] without regard to the case of ASCII letters.
pub fn glob_match_nocase(pattern: &[u8], text: &[u8]) -> bool {
    Matcher { pattern, text, nocase: true }.run()
}

struct Matcher<'a> {
    pattern: &'a [u8],
    text: &'a [u8],
    nocase: bool,
}

/// Where to resume after a mismatch: behind the last star, one byte further in the text.
#[derive(Clone, Copy)]
struct Star {
    pattern_at: usize,
    text_at: usize,
}

impl Matcher<'_> {
    fn run(&self) -> bool {
        let (mut p, mut t) = (0, 0);
        let mut star: Option<Star> = None;
        loop {
            if p < self.pattern.len() && t < self.text.len() {
                if self.pattern[p] == b'*' {
                    p = self.skip_stars(p);
                    if p == self.pattern.len() {
                        return true;
                    }
                    let Some(found) = self.seek(p, t) else { return false };
                    t = found;
                    star = Some(Star { pattern_at: p, text_at: t });
                    continue;
                }
                if let Some(next) = self.step(p, self.text[t]) {
                    p = next;
                    t += 1;
                    if t == self.text.len() {
                        p = self.skip_stars(p);
                    }
                    continue;
                }
            } else if p == self.pattern.len() && t == self.text.len() {
                return true;
            }
            let Some(last) = star else { return false };
            let Some(found) = self.seek(last.pattern_at, last.text_at + 1) else { return false };
            (p, t) = (last.pattern_at, found);
            star = Some(Star { text_at: t, ..last });
        }
    }

    fn skip_stars(&self, from: usize) -> usize {
        from + self.pattern[from..].iter().take_while(|&&byte| byte == b'*').count()
    }

    /// The first place at or behind `from` where the element at `p` has a chance to match.
    /// `None` when the text is used up: what follows a star needs at least one byte.
    fn seek(&self, p: usize, from: usize) -> Option<usize> {
        if from >= self.text.len() {
            return None;
        }
        let first = self.pattern[p];
        if self.nocase || matches!(first, b'?' | b'[' | b'\\') {
            return Some(from);
        }
        memchr::memchr(first, &self.text[from..]).map(|offset| from + offset)
    }

    /// Matches one element other than a star against `byte`; gives the place of the next one.
    fn step(&self, p: usize, byte: u8) -> Option<usize> {
        match self.pattern[p] {
            b'?' => Some(p + 1),
            b'[' => self.class(p + 1, byte),
            b'\\' if p + 1 < self.pattern.len() => self.same(self.pattern[p + 1], byte).then_some(p + 2),
            literal => self.same(literal, byte).then_some(p + 1),
        }
    }

    fn same(&self, a: u8, b: u8) -> bool {
        a == b || (self.nocase && a.eq_ignore_ascii_case(&b))
    }

    /// Matches the bracket expression whose inside begins at `p`.
    fn class(&self, mut p: usize, byte: u8) -> Option<usize> {
        let pattern = self.pattern;
        let negated = pattern.get(p) == Some(&b'^');
        if negated {
            p += 1;
        }
        let mut matched = false;
        loop {
            match pattern[p.min(pattern.len())..] {
                [] => break,
                [b'\\', escaped, ..] => {
                    matched |= escaped == byte;
                    p += 2;
                }
                [b']', ..] => {
                    p += 1;
                    break;
                }
                [first, b'-', last, ..] => {
                    matched |= self.in_range(first, last, byte);
                    p += 3;
                }
                [literal, ..] => {
                    matched |= self.same(literal, byte);
                    p += 1;
                }
            }
        }
        (matched != negated).then_some(p)
    }

    /// Ranges order their ends as signed chars; folding to one case, C's `tolower` maps those
    /// below zero to their unsigned values (all but -1, which is EOF to it).
    fn in_range(&self, first: u8, last: u8, byte: u8) -> bool {
        let (mut low, mut high) = (first as i8, last as i8);
        if low > high {
            (low, high) = (high, low);
        }
        let fold = |c: i8| match c {
            -1 => -1,
            _ if self.nocase => i16::from((c as u8).to_ascii_lowercase()),
            _ => i16::from(c),
        };
        (fold(low)..=fold(high)).contains(&fold(byte as i8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_documented() {
        let yes: &[(&[u8], &[u8])] = &[
            (b"h?llo", b"hello"),
            (b"h*llo", b"hllo"),
            (b"h*llo", b"heeeello"),
            (b"h[ae]llo", b"hallo"),
            (b"h[^e]llo", b"hbllo"),
            (b"h[a-b]llo", b"hbllo"),
            (b"h[b-a]llo", b"hallo"),
            (b"a\\*b", b"a*b"),
            (b"\\", b"\\"),
            (b"a**", b"a"),
            (b"[abc", b"b"),
            (b"[^", b"x"),
            (b"[\\]]", b"]"),
            (b"*[0-9]*", b"abc5def"),
            (b"", b""),
        ];
        for &(pattern, text) in yes {
            assert!(glob_match(pattern, text), "{}", pattern.escape_ascii());
        }
        let no: &[(&[u8], &[u8])] = &[
            (b"h[^e]llo", b"hello"),
            (b"*", b""),
            (b"a?", b"a"),
            (b"a", b"ab"),
            (b"[", b"["),
            (b"[]", b"]"),
            (b"[a-z]", b"A"),
            (b"[a-]", b"-"),
            (b"*a", b"b"),
        ];
        for &(pattern, text) in no {
            assert!(!glob_match(pattern, text), "{}", pattern.escape_ascii());
        }
        assert!(glob_match_nocase(b"HE*[A-M]o", b"hello"));
        assert!(!glob_match_nocase(b"HE*[n-z]o", b"hello"));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = b"a*".repeat(5000);
        let text = [b"a".repeat(20_000), b"b".to_vec()].concat();
        assert!(glob_match(&pattern, &text));
        assert!(!glob_match(&[&pattern[..], b"c"].concat(), &text));
    }

    /// The plain definition: try every length at every star.
    fn naive(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
        let matcher = Matcher { pattern, text, nocase };
        fn go(m: &Matcher<'_>, p: usize, t: usize) -> bool {
            if t == m.text.len() {
                return if t == 0 { m.pattern.is_empty() } else { m.skip_stars(p) == m.pattern.len() };
            }
            if p == m.pattern.len() {
                return false;
            }
            if m.pattern[p] == b'*' {
                let rest = m.skip_stars(p);
                return rest == m.pattern.len() || (t..m.text.len()).any(|t| go(m, rest, t));
            }
            m.step(p, m.text[t]).is_some_and(|next| go(m, next, t + 1))
        }
        go(&matcher, 0, 0)
    }

    proptest! {
        #[test]
        fn remembering_one_star_is_enough(
            pattern in "[ab*?]{0,9}|[abA*?\\[\\]^\\\\-]{0,8}",
            text in "[abA]{0,10}|[ab\\[\\]\\\\^-]{0,6}",
            nocase: bool,
        ) {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            let matcher = Matcher { pattern, text, nocase };
            prop_assert_eq!(matcher.run(), naive(pattern, text, nocase));
        }
    }
}
