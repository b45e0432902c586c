//! A listpack against a vector of byte strings, and against bytes that Redis 7.0.15 produced.

use super::*;
use proptest::prelude::*;

/// Bytes as DUMP gave them for small hashes.
const SMALL_INTEGERS: &[u8] = b"\x32\0\0\0\x0e\0\x81a\x02\x81b\x02\x81n\x02\x7f\x01\x81m\x02\xdf\xff\x02\
    \x81x\x02\xcf\xff\x02\x81y\x02\xd0\0\x02\x81z\x02\xf1\xff\x7f\x03\x81w\x02\xf1\0\x80\x03\xff";
const LARGE_INTEGERS: &[u8] = b"\x43\0\0\0\x0c\0\x81i\x02\xf2\xff\xff\x7f\x04\x81j\x02\xf2\0\0\x80\x04\
    \x81k\x02\xf3\xff\xff\xff\x7f\x05\x81l\x02\xf3\0\0\0\x80\x05\
    \x81q\x02\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\x09\x81r\x02\xf4\0\0\0\0\0\0\0\x80\x09\xff";

fn listpack_of<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Listpack {
    let mut listpack = Listpack::new();
    texts.into_iter().for_each(|text| listpack.push_back(text));
    listpack
}

fn texts_of(listpack: &Listpack) -> Vec<Vec<u8>> {
    listpack.iter().map(Item::to_vec).collect()
}

#[test]
fn bytes_are_those_of_redis() {
    let small = "a b n 127 m -1 x 4095 y -4096 z 32767 w -32768";
    let large =
        "i 8388607 j -8388608 k 2147483647 l -2147483648 q 9223372036854775807 r -9223372036854775808";
    for (text, bytes) in [(small, SMALL_INTEGERS), (large, LARGE_INTEGERS)] {
        let words: Vec<&[u8]> = text.split(' ').map(str::as_bytes).collect();
        assert_eq!(listpack_of(words.iter().copied()).as_bytes(), bytes);
        assert_eq!(texts_of(&Listpack::from_bytes(bytes).unwrap()), words);
    }
    let strings = listpack_of([&b"s"[..], &[b'x'; 63], b"e", b""]);
    assert_eq!(strings.as_bytes()[9..11], [0xbf, b'x']);
    assert_eq!(strings.as_bytes()[73..], *b"\x40\x81e\x02\x80\x01\xff");
    let longer = listpack_of([&b"s"[..], &[b'y'; 64]]);
    assert_eq!(longer.as_bytes()[9..11], [0xe0, 0x40]);
    assert_eq!(longer.as_bytes()[75..], *b"\x42\xff");
}

#[test]
fn long_backlens_survive_both_directions() {
    let sizes =
        [0, 62, 125, 126, 127, 4095, 4096, 16377, 16378, 16379, 16384, 2_097_145, 2_097_146, 2_097_152];
    let texts: Vec<Vec<u8>> = sizes.iter().map(|&size| vec![b'x'; size]).collect();
    let listpack = listpack_of(texts.iter().map(Vec::as_slice));
    assert!(check::check(listpack.as_bytes()).is_ok());
    assert!(listpack.iter().rev().map(Item::len).eq(sizes.iter().rev().copied()));
}

#[test]
#[cfg_attr(miri, ignore = "too slow")]
fn more_than_65534_elements_are_counted_by_walking() {
    let mut listpack = Listpack::new();
    listpack.extend(&vec![Entry::from(1); 65_536]);
    assert_eq!(listpack.header_count(), COUNT_UNKNOWN);
    assert_eq!(listpack.len(), 65_536);
    assert_eq!(listpack.seek(-1), listpack.last());
    assert_eq!(listpack.seek(65_536), None);
    assert_eq!(listpack.delete_range(-2, 2), 2);
    assert_eq!(listpack.len(), 65_534);
    assert!(check::check(listpack.as_bytes()).is_ok());
    listpack.clear();
    assert_eq!(listpack.as_bytes(), Listpack::new().as_bytes());
}

#[test]
fn find_compares_numbers_by_value_and_skips() {
    let listpack = listpack_of([&b"f"[..], b"12", b"12", b"f", b"g"]);
    assert_eq!(listpack.find(b"12", 0), listpack.seek(1));
    assert_eq!(listpack.find(b"12", 1), listpack.seek(2));
    assert_eq!(listpack.find(b"f", 0), listpack.first());
    assert_eq!(listpack.find(b"g", 1), listpack.last());
    assert_eq!(listpack.find(b"012", 0), None);
    // A foreign listpack may hold a number as text.
    let odd = Listpack::from_bytes(b"\x0b\0\0\0\x01\0\x8212\x03\xff").unwrap();
    assert_eq!(odd.find(b"12", 0), odd.first());
}

#[test]
fn corrupt_bytes_are_refused_with_their_place() {
    let good = listpack_of([&b"abc"[..], b"5000"]);
    let bad = |at: usize, byte: u8| {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = byte;
        Listpack::from_bytes(&bytes).unwrap_err().offset
    };
    assert_eq!(bad(0, 1), 0);
    assert_eq!(bad(4, 3), 4);
    assert_eq!(bad(6, 0xF5), 6);
    assert_eq!(bad(6, 0xBF), 6);
    assert_eq!(bad(6, 0xFF), 6);
    assert_eq!(bad(10, 5), 10);
    assert_eq!(bad(good.total_bytes() - 1, 0), good.total_bytes() - 1);
    assert_eq!(Listpack::from_bytes(b"\x0c\0\0\0\x01\0\xf0\xff\xff\xff\xff\xff").unwrap_err().offset, 6);
}

#[test]
#[allow(unsafe_code)]
fn a_raw_pointer_owns_the_listpack() {
    let raw = listpack_of([&b"a"[..]]).into_raw();
    // SAFETY: the pointer comes from into_raw and is taken back once.
    let mut listpack = unsafe { Listpack::from_raw(raw) };
    listpack.push_back(&[b'b'; 100]);
    assert_eq!(listpack.len(), 2);
}

#[derive(Clone, Debug)]
enum Step {
    Push(bool, Vec<u8>),
    PushPair(Vec<u8>, Vec<u8>),
    Insert(usize, bool, Vec<u8>),
    Replace(usize, Vec<u8>),
    Delete(usize),
    DeleteRange(i64, usize),
    DeleteOdd,
    AppendSelf,
    Split(usize),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        3 => (-5000i64..5000).prop_map(|value| value.to_string().into_bytes()),
        3 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (0usize..5000).prop_map(|size| vec![b'z'; size]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), text()).prop_map(|(back, text)| Step::Push(back, text)),
        1 => (text(), text()).prop_map(|(a, b)| Step::PushPair(a, b)),
        3 => (any::<usize>(), any::<bool>(), text()).prop_map(|(at, after, text)| Step::Insert(at, after, text)),
        2 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Replace(at, text)),
        2 => any::<usize>().prop_map(Step::Delete),
        1 => (-30i64..30, 0usize..5).prop_map(|(index, count)| Step::DeleteRange(index, count)),
        1 => Just(Step::DeleteOdd),
        1 => Just(Step::AppendSelf),
        1 => any::<usize>().prop_map(Step::Split),
    ]
}

fn apply(listpack: &mut Listpack, model: &mut Vec<Vec<u8>>, step: Step) {
    let index_of = |at: usize| (!model.is_empty()).then(|| at % model.len());
    match step {
        Step::Push(true, text) => {
            listpack.push_back(text.as_slice());
            model.push(text);
        }
        Step::Push(false, text) => {
            listpack.push_front(text.as_slice());
            model.insert(0, text);
        }
        Step::PushPair(a, b) => {
            listpack.push_back_pair(a.as_slice(), b.as_slice());
            model.extend([a, b]);
        }
        Step::Insert(at, after, text) => {
            let Some(index) = index_of(at) else { return };
            let pos = listpack.seek(index as i64).unwrap();
            let new = if after {
                listpack.insert_after(pos, text.as_slice())
            } else {
                listpack.insert_before(pos, text.as_slice())
            };
            assert!(listpack.get(new).eq_bytes(&text));
            model.insert(index + usize::from(after), text);
        }
        Step::Replace(at, text) => {
            let Some(index) = index_of(at) else { return };
            listpack.replace(listpack.seek(index as i64).unwrap(), text.as_slice());
            model[index] = text;
        }
        Step::Delete(at) => {
            let Some(index) = index_of(at) else { return };
            let next = listpack.delete(listpack.seek(index as i64).unwrap());
            model.remove(index);
            assert_eq!(next, listpack.seek(index as i64));
        }
        Step::DeleteRange(index, count) => {
            let len = model.len() as i64;
            let start = if index < 0 { index + len } else { index };
            let expected = if (0..len).contains(&start) { count.min((len - start) as usize) } else { 0 };
            assert_eq!(listpack.delete_range(index, count), expected);
            if expected > 0 {
                model.drain(start as usize..start as usize + expected);
            }
        }
        Step::DeleteOdd => {
            let odd: Vec<Pos> = listpack.entries().skip(1).step_by(2).map(|(pos, _)| pos).collect();
            listpack.delete_batch(&odd);
            let mut index = 0;
            model.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        Step::AppendSelf => {
            if model.len() < 60 {
                listpack.append(&listpack.clone());
                model.extend(model.clone());
            }
        }
        Step::Split(at) => {
            let index = at % (model.len() + 1);
            let tail = listpack.split_off(index);
            assert_eq!(texts_of(&tail), model.split_off(index));
        }
    }
}

#[test]
fn a_length_that_reads_right_only_by_its_neighbours_is_refused() {
    let bytes = [9, 0, 0, 0, 1, 0, 0x80, 0x81, 0xff];
    assert!(Listpack::from_bytes(&bytes).is_err());
    assert!(Listpack::from_bytes(&[9, 0, 0, 0, 1, 0, 0x80, 1, 0xff]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 48 }))]
    #[test]
    fn behaves_like_a_vector(steps in prop::collection::vec(step(), 0..if cfg!(miri) { 10 } else { 40 })) {
        let (mut listpack, mut model) = (Listpack::new(), Vec::new());
        for step in steps {
            apply(&mut listpack, &mut model, step);
            prop_assert_eq!(listpack.len(), model.len());
            prop_assert_eq!(check::check(listpack.as_bytes()), Ok(()));
        }
        prop_assert_eq!(texts_of(&listpack), model.clone());
        prop_assert!(listpack.iter().rev().map(Item::to_vec).eq(model.iter().rev().cloned()));
        for text in &model {
            let first = model.iter().position(|other| other == text).unwrap();
            prop_assert_eq!(listpack.find(text, 0), listpack.seek(first as i64));
            prop_assert_eq!(listpack.seek(first as i64 - model.len() as i64), listpack.seek(first as i64));
        }
        let mut forward = Vec::new();
        let mut pos = listpack.first();
        while let Some(at) = pos {
            forward.push(at);
            pos = listpack.next(at);
        }
        let mut pos = listpack.last();
        while let Some(at) = pos {
            prop_assert_eq!(forward.pop(), Some(at));
            pos = listpack.prev(at);
        }
        prop_assert!(forward.is_empty());
    }

    #[test]
    fn hostile_bytes_never_panic(at in 0usize..67, byte in any::<u8>(), cut in 0usize..67) {
        let mut bytes = LARGE_INTEGERS[..LARGE_INTEGERS.len().max(cut)].to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(listpack) = Listpack::from_bytes(&bytes) {
            prop_assert_eq!(listpack.iter().count(), listpack.iter().rev().count());
        }
        prop_assert!(Listpack::from_bytes(&bytes[..cut.min(bytes.len() - 1)]).is_err());
    }
}
