//! Replies, events, encodings and propagation of the commands on hashes.

use crate::command::effects::Propagation;
use crate::entry::Kind;
use crate::level::Level;
use crate::testing::Bench;

#[test]
fn fields_are_set_read_and_removed() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(&["HSET", "h", "a", "1", "b", "x"]), ":2");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["new", "hset"], 2));
    assert_eq!(bench.run(&["HSET", "h", "a", "2", "c", ""]), ":1");
    assert_eq!(bench.run(&["HMSET", "h", "d", "4"]), "+OK");
    assert_eq!(bench.run(&["HMGET", "h", "a", "zz", "c"]), "*3 $1 2 $-1 $0");
    assert_eq!(bench.run(&["HGETALL", "h"]), "*8 $1 a $1 2 $1 b $1 x $1 c $0  $1 d $1 4");
    assert_eq!(bench.run(&["HSETNX", "h", "a", "9"]), ":0");
    assert_eq!(bench.fx.dirty, 0);
    assert_eq!(bench.run(&["HSTRLEN", "h", "b"]), ":1");
    assert_eq!(bench.run(&["HDEL", "h", "a", "a", "b"]), ":2");
    assert_eq!(bench.run(&["HLEN", "h"]), ":2");
    assert_eq!(bench.run(&["HDEL", "h", "c", "d"]), ":2");
    assert_eq!(bench.events(), ["hdel", "del"]);
    assert_eq!(bench.run(&["HGETALL", "h"]), "*0");
    assert_eq!(bench.run(&["HGET", "h", "a"]), "$-1");
}

#[test]
fn odd_arguments_and_other_types_are_errors() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(&["HSET", "h", "a", "1", "b"]), "-ERR wrong number of arguments for 'hset' command");
    assert_eq!(bench.run(&["HLEN", "h"]), ":0");
    bench.run(&["SET", "s", "1"]);
    for words in
        [&["HSET", "s", "a", "1"][..], &["HGET", "s", "a"], &["HMGET", "s", "a"], &["HSCAN", "s", "0"]]
    {
        assert!(bench.run(words).starts_with("-WRONGTYPE"), "{words:?}");
    }
}

#[test]
fn numbers_in_fields_are_added_to() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(&["HINCRBY", "h", "n", "5"]), ":5");
    assert_eq!(bench.run(&["HINCRBY", "h", "n", "-7"]), ":-2");
    assert_eq!(bench.run(&["HINCRBY", "h", "n", "x"]), "-ERR value is not an integer or out of range");
    assert_eq!(
        bench.run(&["HINCRBY", "h", "n", "-9223372036854775807"]),
        "-ERR increment or decrement would overflow"
    );
    bench.run(&["HSET", "h", "t", "text"]);
    assert_eq!(bench.run(&["HINCRBY", "h", "t", "1"]), "-ERR hash value is not an integer");
    assert_eq!(bench.run(&["HINCRBYFLOAT", "h", "t", "1"]), "-ERR hash value is not a float");
    assert_eq!(bench.run(&["HINCRBYFLOAT", "h", "n", "1.5"]), "$4 -0.5");
    let words = ["HSET", "h", "n", "-0.5"].map(|word| word.as_bytes().to_vec()).to_vec();
    assert_eq!(bench.fx.propagation, Propagation::Instead(vec![words]));
    assert_eq!(bench.run(&["HINCRBYFLOAT", "h", "n", "inf"]), "-ERR value is NaN or Infinity");
}

#[test]
fn thresholds_turn_a_listpack_into_a_table() {
    let mut bench = Bench::new();
    bench.settings.hash_max_listpack_entries = 3;
    bench.settings.hash_max_listpack_value = 5;
    bench.run(&["HSET", "h", "a", "1", "b", "2", "c", "3"]);
    assert_eq!(bench.kind("h"), Some(Kind::HashPacked));
    bench.run(&["HSET", "h", "d", "4"]);
    assert_eq!(bench.kind("h"), Some(Kind::HashTable));
    bench.run(&["HSET", "long", "a", "123456"]);
    assert_eq!(bench.kind("long"), Some(Kind::HashTable));
    let repeated = ["HSET", "many", "a", "1", "a", "1", "a", "1", "a", "1"];
    bench.run(&repeated);
    assert_eq!(bench.kind("many"), Some(Kind::HashTable), "7.2 counts the arguments");
    bench.run(&["DEL", "many"]);
    bench.settings.level = Level::V7_0;
    bench.run(&repeated);
    assert_eq!(bench.kind("many"), Some(Kind::HashPacked));
}

#[test]
fn random_fields_come_with_or_without_values() {
    let mut bench = Bench::new();
    bench.settings.hash_max_listpack_entries = 4;
    assert_eq!(bench.run(&["HRANDFIELD", "h"]), "$-1");
    assert_eq!(bench.run(&["HRANDFIELD", "h", "3"]), "*0");
    for fields in 1..9 {
        bench.run(&["HSET", "h", &format!("f{fields}"), "v"]);
        assert_eq!(bench.run(&["HRANDFIELD", "h", "100"]).matches("$2 f").count(), fields);
        assert_eq!(bench.run(&["HRANDFIELD", "h", "-20"]).matches("$2 f").count(), 20);
        let pairs = bench.run(&["HRANDFIELD", "h", "2", "WITHVALUES"]);
        assert_eq!(pairs.matches("$1 v").count(), fields.min(2));
    }
    for (words, error) in [
        (&["HRANDFIELD", "h", "1", "WITH"][..], "-ERR syntax error"),
        (&["HRANDFIELD", "h", "x"], "-ERR value is not an integer or out of range"),
        (&["HRANDFIELD", "h", "-9223372036854775807", "WITHVALUES"], "-ERR value is out of range"),
    ] {
        assert_eq!(bench.run(words), error);
    }
}

#[test]
fn a_scan_meets_every_field() {
    let mut bench = Bench::new();
    for n in 0..2000 {
        bench.run(&["HSET", "h", &format!("field{n}"), &n.to_string()]);
    }
    let (mut cursor, mut seen) = ("0".to_owned(), std::collections::BTreeSet::new());
    loop {
        let reply = bench.run(&["HSCAN", "h", &cursor, "MATCH", "f*", "COUNT", "50"]);
        let words: Vec<_> = reply.split(' ').collect();
        seen.extend(words.iter().filter(|word| word.starts_with("field")).map(|word| (*word).to_owned()));
        cursor = words[2].to_owned();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 2000);
    assert_eq!(bench.run(&["HSCAN", "none", "0", "BAD"]), "*2 $1 0 *0");
    assert_eq!(bench.run(&["HSCAN", "h", "x"]), "-ERR invalid cursor");
    assert_eq!(bench.run(&["HSCAN", "h", "0", "COUNT", "0"]), "-ERR syntax error");
}
