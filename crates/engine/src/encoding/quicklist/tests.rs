//! A quicklist against a vector of byte strings, under many node sizes and compress depths.

use super::*;
use proptest::prelude::*;

/// Sequences, and steps in one.
const STEPS: (u32, usize) = if cfg!(miri) { (2, 8) } else { (96, 120) };

/// Elements of two nodes and more.
const MANY: usize = if cfg!(miri) { 560 } else { 1_500 };

fn texts_of(list: &Quicklist) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    list.visit(0, End::Front, |item| {
        texts.push(item.to_vec());
        ControlFlow::Continue(())
    });
    texts
}

fn list_of(fill: i64, depth: u16, texts: &[&str]) -> Quicklist {
    let mut list = Quicklist::new(Fill::new(fill), depth);
    texts.iter().for_each(|text| list.push(End::Back, text.as_bytes()));
    list
}

fn counts(list: &Quicklist) -> Vec<usize> {
    list.nodes().map(|node| node.count).collect()
}

/// Every invariant that the module states.
fn check(list: &Quicklist) {
    assert_eq!(list.len, list.nodes().map(|node| node.count).sum::<usize>());
    assert!(list.nodes().all(|node| node.count > 0));
    let (count, depth) = (list.node_count(), usize::from(list.depth).max(1));
    for (at, node) in list.nodes().enumerate() {
        let open = matches!(node.stored, Stored::Raw(_));
        assert!(open || (at >= depth && at < count - depth), "node {at} of {count} is squeezed");
        let Stored::Raw(raw) = node.stored else { continue };
        assert_eq!(raw.len(), node.raw_size);
        if !node.plain {
            assert_eq!(Listpack::from_bytes(raw).unwrap().len(), node.count);
        }
    }
}

#[test]
fn a_node_is_two_words() {
    assert_eq!(size_of::<Node>(), 16);
}

#[test]
fn nodes_fill_up_to_the_limit_that_redis_uses() {
    let mut list = Quicklist::new(Fill::new(-2), 0);
    for index in 0..MANY {
        list.push(End::Back, format!("element:{index:06}").as_bytes());
    }
    // 7 bytes of frame and 16 for each element, as long as 22 more bytes keep within 8192.
    assert_eq!(list.nodes().next().map(|node| (node.count, node.raw_size)), Some((511, 8183)));
    assert!(list.allocated_bytes(0) < MANY * 17 + 1024);
    assert_eq!(Fill::new(-1).size_limit(), Some(4096));
    assert_eq!(Fill::new(-9).size_limit(), Some(65536));
    assert_eq!(Fill::new(0).count_limit(), Some(1));
}

#[test]
fn a_full_node_is_split_and_merged_as_redis_does() {
    let texts = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut list = list_of(4, 0, &texts);
    assert_eq!(counts(&list), [4, 4]);
    list.insert(1, End::Back, b"x");
    // The first node keeps a and b; x leads the rest, which is too large to merge.
    assert_eq!(counts(&list), [2, 3, 4]);
    list.insert(3, End::Front, b"y");
    assert_eq!(counts(&list), [2, 4, 4]);
    list.insert(6, End::Front, b"z");
    assert_eq!(counts(&list), [2, 4, 1, 4]);
    assert_eq!(texts_of(&list).concat(), b"abxycdzefgh");
}

#[test]
fn large_elements_get_nodes_of_their_own() {
    let mut list = list_of(-2, 0, &["a", "b", "c"]);
    list.set_plain_threshold(5);
    list.set(1, b"large");
    assert_eq!(counts(&list), [1, 1, 1]);
    list.insert(1, End::Front, b"larger");
    list.push(End::Front, b"large too");
    list.push(End::Back, b"d");
    assert_eq!(list.nodes().map(|node| node.plain).collect::<Vec<_>>(), [true, false, true, true, false]);
    list.set(3, b"b");
    assert_eq!(texts_of(&list).join(&b' '), b"large too a larger b c d");
    check(&list);
    assert_eq!(list.remove_equal(b"larger", 1, End::Back), 1);
    list.delete_range(0, 1);
    assert_eq!(texts_of(&list).concat(), b"abcd");
}

#[test]
fn inner_nodes_are_compressed_and_read_back() {
    let text = "0123456789".repeat(30);
    let mut list = list_of(2, 2, &[text.as_str(); 40]);
    let squeezed =
        |list: &Quicklist| list.nodes().filter(|node| matches!(node.stored, Stored::Lzf(_))).count();
    assert_eq!((list.node_count(), squeezed(&list)), (20, 16));
    assert!(list.set(20, b"changed"));
    assert_eq!(list.with(20, |item| item.to_vec()), Some(b"changed".to_vec()));
    assert_eq!(squeezed(&list), 16);
    list.delete_range(4, 32);
    assert_eq!((list.len(), squeezed(&list)), (8, 0));
    check(&list);
}

#[derive(Clone, Debug)]
enum Step {
    Push(bool, Vec<u8>),
    Pop(bool),
    Insert(usize, bool, Vec<u8>),
    Set(usize, Vec<u8>),
    DeleteRange(usize, usize),
    Keep(usize, usize),
    RemoveEqual(Vec<u8>, usize, bool),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0i64..6).prop_map(|value| value.to_string().into_bytes()),
        2 => any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        3 => (0usize..30, 97u8..100).prop_map(|(size, byte)| vec![byte; size]),
        1 => (0usize..3000).prop_map(|size| vec![b'z'; size]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (any::<bool>(), text()).prop_map(|(back, text)| Step::Push(back, text)),
        2 => any::<bool>().prop_map(Step::Pop),
        6 => (any::<usize>(), any::<bool>(), text()).prop_map(|(at, after, text)| Step::Insert(at, after, text)),
        3 => (any::<usize>(), text()).prop_map(|(at, text)| Step::Set(at, text)),
        1 => (any::<usize>(), 0usize..12).prop_map(|(at, count)| Step::DeleteRange(at, count)),
        1 => (0usize..4, 0usize..200).prop_map(|(start, count)| Step::Keep(start, count)),
        1 => (text(), 1usize..6, any::<bool>()).prop_map(|(text, limit, back)| Step::RemoveEqual(text, limit, back)),
    ]
}

fn end(back: bool) -> End {
    if back { End::Back } else { End::Front }
}

fn apply(list: &mut Quicklist, model: &mut Vec<Vec<u8>>, step: Step) {
    let len = model.len();
    match step {
        Step::Push(back, text) => {
            list.push(end(back), &text);
            model.insert(if back { len } else { 0 }, text);
        }
        Step::Pop(back) => {
            let expected = if back { model.last() } else { model.first() };
            assert_eq!(list.peek(end(back)).map(Item::to_vec), expected.cloned());
            assert_eq!(list.pop(end(back)), len > 0);
            if len > 0 {
                model.remove(if back { len - 1 } else { 0 });
            }
        }
        Step::Insert(at, after, text) if len > 0 => {
            assert!(list.insert(at % len, end(after), &text));
            model.insert(at % len + usize::from(after), text);
        }
        Step::Set(at, text) if len > 0 => {
            assert!(list.set(at % len, &text));
            model[at % len] = text;
        }
        Step::DeleteRange(at, count) => {
            let start = at % (len + 1);
            let expected = count.min(len - start);
            assert_eq!(list.delete_range(start, count), expected);
            model.drain(start..start + expected);
        }
        Step::Keep(start, count) => {
            list.keep_range(start, count);
            *model = model.iter().skip(start).take(count).cloned().collect();
        }
        Step::RemoveEqual(text, limit, back) => {
            let mut equal: Vec<usize> = (0..len).filter(|&at| model[at] == text).collect();
            if back {
                equal.reverse();
            }
            equal.truncate(limit);
            assert_eq!(list.remove_equal(&text, limit, end(back)), equal.len());
            equal.sort_unstable();
            equal.iter().rev().for_each(|&at| drop(model.remove(at)));
        }
        Step::Insert(..) | Step::Set(..) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(STEPS.0))]
    #[test]
    fn behaves_like_a_vector(
        steps in prop::collection::vec(step(), 0..STEPS.1),
        fill in prop_oneof![Just(-1i64), Just(-2), 1i64..6, Just(40)],
        depth in 0u16..4,
        plain in prop_oneof![Just(PLAIN_THRESHOLD), 1u32..40],
    ) {
        let (mut list, mut model) = (Quicklist::new(Fill::new(fill), depth), Vec::new());
        list.set_plain_threshold(plain);
        for step in steps {
            apply(&mut list, &mut model, step);
            check(&list);
            prop_assert_eq!(list.len(), model.len());
        }
        prop_assert_eq!(texts_of(&list.clone()), model.clone());
        for start in 0..model.len() {
            let mut backwards = Vec::new();
            list.visit(start, End::Back, |item| {
                backwards.push(item.to_vec());
                if backwards.len() == 9 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            prop_assert!(model[..=start].iter().rev().take(9).eq(backwards.iter()));
            prop_assert_eq!(list.with(start, |item| item.to_vec()), Some(model[start].clone()));
        }
    }
}
