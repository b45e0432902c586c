//! The patterns of SORT's BY and GET: where another key holds something for an element.
//!
//! ```text
//! #                the element itself
//! weight_*         the string at the key with the element in place of the first star
//! obj_*->field     a field of the hash at that key
//! ```

use crate::keyspace::Keys;
use crate::value::Hash;
use memchr::{memchr, memmem};

/// A parsed pattern.
pub(super) enum Pattern<'a> {
    /// The element itself.
    Element,
    /// No star: nothing is found.
    Constant,
    /// A key, and perhaps a field of the hash in it.
    Key { prefix: &'a [u8], suffix: &'a [u8], field: Option<&'a [u8]> },
}

impl<'a> Pattern<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Pattern<'a> {
        if text == b"#" {
            return Pattern::Element;
        }
        let Some(star) = memchr(b'*', text) else { return Pattern::Constant };
        let (prefix, rest) = (&text[..star], &text[star + 1..]);
        // An arrow at the very end is part of the key.
        match memmem::find(rest, b"->") {
            Some(arrow) if arrow + 2 < rest.len() => {
                Pattern::Key { prefix, suffix: &rest[..arrow], field: Some(&rest[arrow + 2..]) }
            }
            _ => Pattern::Key { prefix, suffix: rest, field: None },
        }
    }

    /// Whether the pattern of a BY names no key, so that there is nothing to sort by.
    pub(super) fn is_constant(&self) -> bool {
        !matches!(self, Pattern::Key { .. })
    }

    /// What the pattern finds for an element.
    pub(super) fn resolve(&self, keys: &mut Keys<'_>, element: &[u8]) -> Option<Vec<u8>> {
        let (prefix, suffix, field) = match self {
            Pattern::Element => return Some(element.to_vec()),
            Pattern::Constant => return None,
            Pattern::Key { prefix, suffix, field } => (prefix, suffix, field),
        };
        let name = [prefix, element, suffix].concat();
        let key = keys.locate(&name);
        match field {
            None => keys.read_str(key).ok()?.map(|string| string.to_vec()),
            Some(field) => {
                let hash = keys.read::<Hash>(key).ok()??;
                hash.get(field).map(|item| item.text(&mut itoa::Buffer::new()).to_vec())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_splits_only_behind_the_star_and_before_a_field() {
        let split = |text: &'static str| match Pattern::parse(text.as_bytes()) {
            Pattern::Key { prefix, suffix, field } => (prefix, suffix, field),
            _ => (&b""[..], &b""[..], None),
        };
        assert_eq!(split("a*b->c"), (&b"a"[..], &b"b"[..], Some(&b"c"[..])));
        assert_eq!(split("a->b*c"), (&b"a->b"[..], &b"c"[..], None));
        assert_eq!(split("a*b->"), (&b"a"[..], &b"b->"[..], None));
        assert!(matches!(Pattern::parse(b"#"), Pattern::Element));
        assert!(Pattern::parse(b"nosort").is_constant());
    }
}
