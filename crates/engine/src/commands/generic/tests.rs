//! Tests of the commands on whole keys.

use crate::keyspace::DbIndex;
use crate::settings::MaxmemoryPolicy;
use crate::testing::Bench;

#[test]
fn keys_are_deleted_and_counted() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET a 1 b 2 c 3", "+OK"),
        ("EXISTS a a missing", ":2"),
        ("TOUCH a b missing", ":2"),
        ("DEL a missing a", ":1"),
        ("UNLINK b c", ":2"),
    ]);
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["del", "del"], 2));
}

#[test]
fn expiry_is_kept_as_an_absolute_time() {
    let mut bench = Bench::new();
    bench.run(&["SET", "k", "v"]);
    bench.check(&[("EXPIRE k 100", ":1")]);
    assert_eq!(bench.propagated(), ["PEXPIREAT k 1700000100000"]);
    bench.check(&[
        ("TTL k", ":100"),
        ("PTTL k", ":100000"),
        ("EXPIRETIME k", ":1700000100"),
        ("PEXPIRETIME k", ":1700000100000"),
        ("TTL missing", ":-2"),
        ("PERSIST k", ":1"),
        ("PERSIST k", ":0"),
        ("TTL k", ":-1"),
        ("EXPIRE missing 1", ":0"),
        ("EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command"),
        ("EXPIRE k x", "-ERR value is not an integer or out of range"),
    ]);
    bench.run(&["PEXPIRE", "k", "10"]);
    bench.now.0 += 10;
    assert_eq!(bench.run(&["EXISTS", "k"]), ":1");
    bench.now.0 += 1;
    assert_eq!(bench.run(&["EXISTS", "k"]), ":0");
    assert_eq!(bench.events(), ["expired", "keymiss"]);
}

#[test]
fn a_time_in_the_past_deletes() {
    let mut bench = Bench::new();
    bench.run(&["SET", "k", "v"]);
    assert_eq!(bench.run(&["EXPIRE", "k", "-1"]), ":1");
    assert_eq!((bench.propagated(), bench.events()), (vec!["DEL k".to_owned()], vec!["del"]));
    bench.caller.trusted = true;
    bench.run(&["SET", "k", "v"]);
    bench.run(&["PEXPIREAT", "k", "1"]);
    assert_eq!(bench.events(), ["expire"]);
}

#[test]
fn conditions_compare_with_the_present_expiry() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SET k v", "+OK"),
        ("EXPIRE k 100 XX", ":0"),
        ("EXPIRE k 100 GT", ":0"),
        ("EXPIRE k 100 LT", ":1"),
        ("EXPIRE k 200 LT", ":0"),
        ("EXPIRE k 200 NX", ":0"),
        ("EXPIRE k 200 XX GT", ":1"),
        ("EXPIRE k 1 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible"),
        ("EXPIRE k 1 GT LT", "-ERR GT and LT options at the same time are not compatible"),
        ("EXPIRE k 1 what", "-ERR Unsupported option what"),
    ]);
}

#[test]
fn keys_are_found_by_pattern_cursor_and_chance() {
    let mut bench = Bench::new();
    assert_eq!(bench.run(&["RANDOMKEY"]), "$-1");
    bench.run(&["MSET", "one", "1", "two", "2"]);
    bench.run(&["SET", "old", "x", "PX", "1"]);
    bench.now.0 += 2;
    bench.check(&[
        ("KEYS o*", "*1 $3 one"),
        ("KEYS nothing", "*0"),
        ("SCAN 0 COUNT 100 MATCH t*", "*2 $1 0 *1 $3 two"),
        ("SCAN 0 COUNT 100 TYPE list", "*2 $1 0 *0"),
        ("SCAN 0 COUNT 0", "-ERR syntax error"),
        ("SCAN 0 COUNT", "-ERR syntax error"),
        ("SCAN x", "-ERR invalid cursor"),
    ]);
    for _ in 0..20 {
        let found = bench.run(&["RANDOMKEY"]);
        assert!(found == "$3 one" || found == "$3 two", "{found}");
    }
}

#[test]
fn values_move_with_their_expiry() {
    let mut bench = Bench::new();
    bench.check(&[
        ("RENAME a b", "-ERR no such key"),
        ("SET a 1 EX 100", "+OK"),
        ("SET b other", "+OK"),
        ("RENAMENX a b", ":0"),
        ("RENAME a a", "+OK"),
        ("RENAMENX a a", ":0"),
        ("RENAME a b", "+OK"),
        ("GET b", "$1 1"),
        ("TTL b", ":100"),
        ("EXISTS a", ":0"),
        ("MOVE b 0", "-ERR source and destination objects are the same"),
        ("MOVE b 16", "-ERR DB index is out of range"),
        ("MOVE b x", "-ERR value is not an integer or out of range"),
        ("MOVE b 9", ":1"),
        ("EXISTS b", ":0"),
    ]);
    bench.db = DbIndex(9);
    bench.check(&[("GET b", "$1 1"), ("TTL b", ":100"), ("MOVE missing 0", ":0")]);
    bench.run(&["RENAME", "b", "c"]);
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["new", "rename_from", "rename_to"], 1));
}

#[test]
fn objects_tell_how_they_are_kept() {
    let mut bench = Bench::new();
    let long = "x".repeat(45);
    bench.run(&["MSET", "int", "12", "short", "abc", "long", &long]);
    bench.check(&[
        ("OBJECT ENCODING int", "$3 int"),
        ("OBJECT ENCODING short", "$6 embstr"),
        ("OBJECT ENCODING long", "$3 raw"),
        ("OBJECT ENCODING missing", "$-1"),
        ("OBJECT REFCOUNT int", ":2147483647"),
        ("OBJECT REFCOUNT short", ":1"),
        ("TYPE int", "+string"),
        ("TYPE missing", "+none"),
    ]);
    bench.now.0 += 10_000;
    bench.check(&[("OBJECT IDLETIME int", ":10"), ("TOUCH int", ":1"), ("OBJECT IDLETIME int", ":0")]);
    assert!(
        bench.run(&["OBJECT", "FREQ", "int"]).starts_with("-ERR An LFU maxmemory policy is not selected")
    );
    bench.settings.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
    bench.run(&["SET", "fresh", "1"]);
    assert_eq!(bench.run(&["OBJECT", "FREQ", "fresh"]), ":5");
    assert!(
        bench.run(&["OBJECT", "IDLETIME", "int"]).starts_with("-ERR An LFU maxmemory policy is selected")
    );
}

#[test]
fn copies_keep_value_expiry_and_encoding() {
    let mut bench = Bench::new();
    bench.check(&[
        ("COPY a b", ":0"),
        ("SET a 1 EX 100", "+OK"),
        ("COPY a a", "-ERR source and destination objects are the same"),
        ("COPY a b", ":1"),
        ("TTL b", ":100"),
        ("COPY a b", ":0"),
        ("APPEND a 2", ":2"),
        ("COPY a b REPLACE", ":1"),
        ("GET b", "$2 12"),
        ("OBJECT ENCODING b", "$3 raw"),
        ("COPY a a DB 3", ":1"),
        ("COPY a b DB 99", "-ERR DB index is out of range"),
        ("COPY a b DB", "-ERR syntax error"),
        ("RPUSH l 1 2", ":2"),
        ("COPY l m", ":1"),
        ("RPUSH m 3", ":3"),
        ("LRANGE l 0 -1", "*2 $1 1 $1 2"),
    ]);
    let long = "x".repeat(10_000);
    bench.run(&["SET", "long", &long]);
    bench.run(&["COPY", "long", "other"]);
    bench.run(&["APPEND", "other", "y"]);
    bench.check(&[("STRLEN long", ":10000"), ("STRLEN other", ":10001")]);
}

#[test]
fn elements_are_sorted_by_number_text_or_other_keys() {
    let mut bench = Bench::new();
    bench.check(&[
        ("RPUSH l 3 10 -1 2.5", ":4"),
        ("SORT l", "*4 $2 -1 $3 2.5 $1 3 $2 10"),
        ("SORT l DESC LIMIT 1 2", "*2 $1 3 $3 2.5"),
        ("SORT l ALPHA", "*4 $2 -1 $2 10 $3 2.5 $1 3"),
        ("SORT l BY nosort", "*4 $1 3 $2 10 $2 -1 $3 2.5"),
        ("SORT l BY nosort DESC LIMIT 0 1", "*1 $3 2.5"),
        ("SORT l LIMIT 10 5", "*0"),
        ("SORT l LIMIT -5 1", "*1 $2 -1"),
        ("MSET w3 1 w10 0 w-1 5", "+OK"),
        ("SORT l BY w*", "*4 $2 10 $3 2.5 $1 3 $2 -1"),
        ("SORT l BY w* GET # GET w* LIMIT 0 2", "*4 $2 10 $1 0 $3 2.5 $-1"),
        ("SORT l BY w* GET fixed LIMIT 0 1", "*1 $-1"),
        ("SORT l STORE to GET w*", ":4"),
        ("LRANGE to 0 -1", "*4 $1 5 $0  $1 1 $1 0"),
        ("RPUSH texts b a", ":2"),
        ("SORT texts", "-ERR One or more scores can't be converted into double"),
        ("SORT_RO texts ALPHA", "*2 $1 a $1 b"),
        ("SORT_RO texts ALPHA STORE x", "-ERR syntax error"),
        ("SORT missing STORE to", ":0"),
        ("EXISTS to", ":0"),
        ("SORT w3", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("SORT l LIMIT 1", "-ERR syntax error"),
    ]);
}
