//! Tests of entries: every form of value under every form of header.

use super::*;
use proptest::prelude::*;

fn bytes_of(entry: &KeyEntry) -> Vec<u8> {
    entry.as_str().map(|string| string.to_vec()).unwrap_or_default()
}

#[derive(Clone, Debug)]
enum Step {
    Set(Vec<u8>),
    SetInt(i64),
    Append(Vec<u8>),
    Resize(usize),
    Expire(Option<i64>),
    Rename(Vec<u8>),
    Touch(u32),
}

fn text(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12),
        (0..max).prop_map(|len| vec![b'x'; len]),
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        text(600).prop_map(Step::Set),
        any::<i64>().prop_map(Step::SetInt),
        text(300).prop_map(Step::Append),
        (0usize..600).prop_map(Step::Resize),
        proptest::option::of(any::<i64>()).prop_map(Step::Expire),
        text(300).prop_map(Step::Rename),
        (0u32..1 << 24).prop_map(Step::Touch),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]

    #[test]
    fn an_entry_keeps_key_value_expiry_and_clock(
        key in text(300),
        value in text(600),
        steps in proptest::collection::vec(step(), 0..20),
    ) {
        let (mut key, mut value, mut expiry, mut access) = (key, value, None, 7);
        let mut entry = KeyEntry::string(&key, StrValue::encoded(&value), expiry, access);
        for step in steps {
            match step {
                Step::Set(new) => {
                    entry.set_str(StrValue::encoded(&new));
                    value = new;
                }
                Step::SetInt(new) => {
                    entry.set_str(StrValue::Int(new));
                    value = new.to_string().into_bytes();
                }
                Step::Append(tail) => {
                    entry.append_str(&tail);
                    value.extend_from_slice(&tail);
                }
                Step::Resize(len) => {
                    entry.resize_str(len);
                    value.resize(len, 0);
                }
                Step::Expire(at) => {
                    expiry = at.map(UnixMs);
                    entry.set_expiry(expiry);
                }
                Step::Rename(new) => {
                    entry = entry.renamed(&new);
                    key = new;
                }
                Step::Touch(clock) => {
                    access = clock;
                    entry.set_access(clock);
                }
            }
            prop_assert_eq!(entry.key(), &key[..]);
            prop_assert_eq!(bytes_of(&entry), value.clone());
            prop_assert_eq!((entry.expiry(), entry.access()), (expiry, access));
        }
    }
}

#[test]
fn an_edited_string_stays_raw_through_expiry_and_renaming() {
    let mut entry = KeyEntry::string(b"k", StrValue::Bytes(b"abc"), None, 0);
    assert_eq!(entry.str_encoding(), Some("embstr"));
    entry.append_str(b"d");
    assert_eq!(entry.str_encoding(), Some("raw"));
    entry.set_expiry(Some(UnixMs(1)));
    assert_eq!(entry.renamed(b"other").str_encoding(), Some("raw"));
}

#[test]
fn a_short_string_that_comes_back_moves_into_the_entry() {
    let entry = KeyEntry::string(b"k", StrValue::Bytes(b"abc"), None, 0);
    let again = KeyEntry::raw(b"k", entry.into_value(), None, 0);
    assert_eq!(again.kind(), Kind::Inline);
    assert_eq!(bytes_of(&again), b"abc");
}

#[test]
fn a_large_string_changes_in_place_but_not_under_those_who_share_it() {
    let mut entry = KeyEntry::string(b"k", StrValue::Bytes(&vec![b'x'; INLINE_LIMIT]), None, 0);
    let shared = match entry.as_str() {
        Some(StrRef::Heap(bytes)) => bytes.clone(),
        _ => panic!("a string of this length has an allocation of its own"),
    };
    entry.str_bytes_mut().expect("a string")[..2].copy_from_slice(b"ab");
    assert_eq!(&shared[..3], b"xxx");
    assert_eq!(&bytes_of(&entry)[..3], b"abx");
    let address = |entry: &KeyEntry| entry.as_str().map(|string| string.bytes().as_ptr() as usize);
    let before = address(&entry);
    entry.str_bytes_mut().expect("a string")[2] = b'c';
    assert_eq!(address(&entry), before, "nobody shares it, so nothing was copied");
    assert_eq!(&bytes_of(&entry)[..3], b"abc");
    entry.append_str(b"d");
    assert_eq!(bytes_of(&entry).len(), INLINE_LIMIT + 1);
}
