//! Replies, events, encodings and propagation of the commands on sets.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::command::effects::Propagation;
use crate::entry::Kind;
use crate::level::Level;
use crate::testing::Bench;

/// The elements of a flat reply, sorted.
fn sorted(reply: &str) -> Vec<String> {
    let mut words: Vec<_> = reply.split(' ').skip(2).step_by(2).map(str::to_owned).collect();
    words.sort();
    words
}

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn members_are_added_asked_for_and_removed() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(&["SADD", "s", "a", "b", "a"]), ":2");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["new", "sadd"], 2));
    assert_eq!(bench.run(&["SADD", "s", "a"]), ":0");
    assert!(bench.events().is_empty());
    assert_eq!(bench.run(&["SCARD", "s"]), ":2");
    assert_eq!(bench.run(&["SISMEMBER", "s", "b"]), ":1");
    assert_eq!(bench.run(&["SMISMEMBER", "s", "b", "z"]), "*2 :1 :0");
    assert_eq!(bench.run(&["SMISMEMBER", "none", "b"]), "*1 :0");
    assert_eq!(bench.run(&["SREM", "s", "a", "z", "b"]), ":2");
    assert_eq!(bench.events(), ["srem", "del"]);
    assert_eq!(bench.run(&["SMEMBERS", "s"]), "*0");
}

#[test]
fn encodings_follow_members_thresholds_and_level() {
    let mut bench = Bench::new();
    bench.settings.set_max_intset_entries = 4;
    bench.settings.set_max_listpack_entries = 3;
    bench.settings.set_max_listpack_value = 5;
    let mut cases = vec![
        (&["1", "2", "3"][..], Kind::SetInt, Kind::SetInt),
        (&["1", "2", "x"], Kind::SetPacked, Kind::SetTable),
        (&["x", "2"], Kind::SetPacked, Kind::SetTable),
        (&["x", "a", "b", "c"], Kind::SetTable, Kind::SetTable),
        (&["123456", "x"], Kind::SetTable, Kind::SetTable),
        (&["1", "2", "3", "4", "5"], Kind::SetTable, Kind::SetTable),
        (&["1", "1", "1", "1", "1"], Kind::SetTable, Kind::SetInt),
    ];
    for (members, now, before) in cases.drain(..) {
        for (level, expected) in [(Level::V7_2, now), (Level::V7_0, before)] {
            bench.settings.level = level;
            bench.run(&[&["SADD", "s"], members].concat());
            assert_eq!(bench.kind("s"), Some(expected), "{members:?} at {level}");
            bench.run(&["DEL", "s"]);
        }
    }
}

#[test]
fn a_member_moves_between_sets() {
    let mut bench = Bench::new();
    bench.run(&["SADD", "a", "1", "x"]);
    assert_eq!(bench.run(&["SMOVE", "a", "b", "1"]), ":1");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["srem", "new", "sadd"], 2));
    assert_eq!(bench.run(&["SMOVE", "a", "a", "x"]), ":1");
    assert_eq!(bench.fx.dirty, 0);
    assert_eq!(bench.run(&["SMOVE", "a", "b", "nope"]), ":0");
    assert_eq!(bench.run(&["SMOVE", "a", "b", "x"]), ":1");
    assert_eq!(bench.events(), ["srem", "del", "sadd"]);
    bench.run(&["SET", "t", "v"]);
    assert_eq!(bench.run(&["SMOVE", "none", "t", "x"]), ":0");
    assert!(bench.run(&["SMOVE", "b", "t", "x"]).starts_with("-WRONGTYPE"));
    assert!(bench.run(&["SMOVE", "t", "b", "x"]).starts_with("-WRONGTYPE"));
    assert_eq!(bench.run(&["SCARD", "b"]), ":2");
}

#[test]
fn popped_members_are_propagated_as_removals() {
    let mut bench = Bench::new();
    bench.run(&["SADD", "s", "only"]);
    assert_eq!(bench.run(&["SPOP", "s"]), "$4 only");
    assert_eq!(bench.events(), ["spop", "del"]);
    assert_eq!(bench.fx.propagation, Propagation::Instead(vec![words(&["SREM", "s", "only"])]));
    assert_eq!(bench.run(&["SPOP", "s"]), "$-1");
    assert_eq!(bench.run(&["SPOP", "s", "2"]), "*0");
    bench.run(&["SADD", "s", "a", "b"]);
    assert_eq!(sorted(&bench.run(&["SPOP", "s", "7"])), ["a", "b"]);
    assert_eq!(bench.fx.propagation, Propagation::Instead(vec![words(&["DEL", "s"])]));
    assert_eq!(bench.fx.dirty, 2);
    assert_eq!(bench.run(&["SPOP", "s", "-1"]), "-ERR value is out of range, must be positive");
    assert_eq!(bench.run(&["SPOP", "s", "1", "2"]), "-ERR syntax error");
}

#[test]
fn results_are_stored_and_empty_results_delete() {
    let mut bench = Bench::new();
    bench.run(&["SADD", "a", "1", "2", "x"]);
    bench.run(&["SADD", "b", "2", "1", "y"]);
    bench.run(&["SET", "r", "old"]);
    assert_eq!(bench.run(&["SINTERSTORE", "r", "a", "b"]), ":2");
    assert_eq!(bench.kind("r"), Some(Kind::SetInt), "only integers are common");
    assert_eq!(bench.run(&["SMEMBERS", "r"]), "*2 $1 1 $1 2");
    assert_eq!(bench.run(&["SUNIONSTORE", "r", "a", "b", "none"]), ":4");
    assert!(bench.events().ends_with(&["sunionstore"]));
    assert_eq!(bench.run(&["SDIFFSTORE", "r", "a", "a"]), ":0");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["del"], 1));
    assert_eq!(bench.run(&["SINTERSTORE", "r", "a", "none"]), ":0");
    assert_eq!(bench.fx.dirty, 0);
    assert!(bench.run(&["SINTER", "none", "t", "a"]).starts_with("*0"));
    bench.run(&["SET", "t", "v"]);
    assert!(bench.run(&["SINTER", "none", "t"]).starts_with("-WRONGTYPE"));
}

#[test]
fn sintercard_checks_its_numbers() {
    let mut bench = Bench::new();
    bench.run(&["SADD", "a", "1", "2", "3"]);
    assert_eq!(bench.run(&["SINTERCARD", "1", "a"]), ":3");
    assert_eq!(bench.run(&["SINTERCARD", "2", "a", "a", "LIMIT", "2"]), ":2");
    assert_eq!(bench.run(&["SINTERCARD", "1", "a", "limit", "0"]), ":3");
    for (words, error) in [
        (&["SINTERCARD", "0", "a"][..], "-ERR numkeys should be greater than 0"),
        (&["SINTERCARD", "x", "a"], "-ERR numkeys should be greater than 0"),
        (&["SINTERCARD", "2", "a"], "-ERR Number of keys can't be greater than number of args"),
        (&["SINTERCARD", "1", "a", "LIMIT"], "-ERR syntax error"),
        (&["SINTERCARD", "1", "a", "LIMIT", "-1"], "-ERR LIMIT can't be negative"),
        (&["SINTERCARD", "1", "a", "b", "1"], "-ERR syntax error"),
    ] {
        assert_eq!(bench.run(words), error);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 48 }))]

    #[test]
    fn set_algebra_agrees_with_a_model(
        sets in prop::collection::vec(prop::collection::btree_set("[0-9]|1[0-9]|[a-f]", 0..14), 2..5),
        packed in 0..20usize,
        ints in 0..12usize,
    ) {
        let mut bench = Bench::new();
        bench.settings.set_max_listpack_entries = packed;
        bench.settings.set_max_intset_entries = ints;
        let keys: Vec<String> = (0..sets.len()).map(|n| format!("k{n}")).collect();
        for (key, set) in keys.iter().zip(&sets) {
            for member in set {
                bench.run(&["SADD", key, member]);
            }
        }
        let expected = |combine: fn(&BTreeSet<String>, &BTreeSet<String>) -> BTreeSet<String>| {
            let first = sets[0].clone();
            let all = sets[1..].iter().fold(first, |all, set| combine(&all, set));
            all.into_iter().collect::<Vec<_>>()
        };
        for (command, result) in [
            ("SINTER", expected(|a, b| a & b)),
            ("SUNION", expected(|a, b| a | b)),
            ("SDIFF", expected(|a, b| a - b)),
        ] {
            let call: Vec<String> = [vec![command.to_owned()], keys.clone()].concat();
            prop_assert_eq!(sorted(&bench.run(&call)), result.clone(), "{}", command);
            let store: Vec<String> = [vec![format!("{command}STORE"), "r".to_owned()], keys.clone()].concat();
            prop_assert_eq!(bench.run(&store), format!(":{}", result.len()));
            prop_assert_eq!(sorted(&bench.run(&["SMEMBERS", "r"])), result);
        }
    }

    #[test]
    fn popping_and_picking_give_different_members(
        size in 1..60usize, count in 0..70usize, packed in 0..50usize, texts: bool,
    ) {
        let mut bench = Bench::new();
        bench.settings.set_max_listpack_entries = packed;
        let member = |n: usize| if texts { format!("m{n}") } else { n.to_string() };
        let all: BTreeSet<String> = (0..size).map(member).collect();
        for member in &all {
            bench.run(&["SADD", "s", member]);
        }
        let n = count.to_string();
        let picked: BTreeSet<String> = sorted(&bench.run(&["SRANDMEMBER", "s", &n])).into_iter().collect();
        prop_assert_eq!(picked.len(), count.min(size));
        prop_assert!(picked.is_subset(&all));
        let repeated = sorted(&bench.run(&["SRANDMEMBER", "s", &format!("-{}", count + 1)]));
        prop_assert_eq!(repeated.len(), count + 1);
        let popped: BTreeSet<String> = sorted(&bench.run(&["SPOP", "s", &n])).into_iter().collect();
        let rest: BTreeSet<String> = sorted(&bench.run(&["SMEMBERS", "s"])).into_iter().collect();
        prop_assert_eq!(popped.len(), count.min(size));
        prop_assert!(popped.is_disjoint(&rest));
        prop_assert_eq!(&popped | &rest, all);
    }
}

#[test]
fn a_scan_meets_every_member() {
    let mut bench = Bench::new();
    for n in 0..1000 {
        bench.run(&["SADD", "s", &n.to_string(), &format!("text{n}")]);
    }
    let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
    loop {
        let reply = bench.run(&["SSCAN", "s", &cursor, "COUNT", "30"]);
        let words: Vec<_> = reply.split(' ').collect();
        seen.extend(words.iter().skip(5).step_by(2).map(|word| (*word).to_owned()));
        cursor = words[2].to_owned();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 2000);
}

#[test]
fn a_missing_key_ended_the_search_for_common_members_until_6_2() {
    let mut bench = Bench::new();
    bench.run(&["SADD", "s", "a"]);
    bench.run(&["SET", "text", "x"]);
    let wrong_type = bench.run(&["SMEMBERS", "text"]);
    bench.settings.level = Level::V6_2;
    assert_eq!(bench.run(&["SINTER", "s", "none", "text"]), wrong_type);
    bench.settings.level = Level::V5_0;
    assert_eq!(bench.run(&["SINTER", "s", "none", "text"]), "*0");
    assert_eq!(bench.run(&["SINTER", "s", "text", "none"]), wrong_type);
    assert_eq!(bench.run(&["SINTERSTORE", "s", "none", "text"]), ":0");
    assert_eq!(bench.run(&["EXISTS", "s"]), ":0");
}
