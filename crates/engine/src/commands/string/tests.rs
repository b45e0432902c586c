//! Tests of the string commands: replies, effects and what is propagated.

use crate::level::Level;
use crate::testing::Bench;

#[test]
fn set_options_exclude_each_other_as_in_redis() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SET k v NX", "+OK"),
        ("SET k w NX", "$-1"),
        ("SET k w XX GET", "$1 v"),
        ("SET k x NX GET", "$1 w"),
        ("SET new x NX GET", "$-1"),
        ("GET new", "$1 x"),
        ("SET k v NX XX", "-ERR syntax error"),
        ("SET k v EX 1 PX 1", "-ERR syntax error"),
        ("SET k v EX 1 EX 2", "+OK"),
        ("TTL k", ":2"),
        ("SET k v KEEPTTL EX 1", "-ERR syntax error"),
        ("SET k v KEEPTTL", "+OK"),
        ("TTL k", ":2"),
        ("SET k v EX", "-ERR syntax error"),
        ("SET k v EX 0", "-ERR invalid expire time in 'set' command"),
        ("SET k v PX -1", "-ERR invalid expire time in 'set' command"),
        ("SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command"),
        ("SET k v EX x", "-ERR value is not an integer or out of range"),
        ("SET k v PERSIST", "-ERR syntax error"),
        ("SETEX k 0 v", "-ERR invalid expire time in 'setex' command"),
        ("PSETEX k 1500 v", "+OK"),
        ("PTTL k", ":1500"),
        ("SETNX k v", ":0"),
        ("GETSET k w", "$1 v"),
        ("TTL k", ":-1"),
    ]);
    bench.settings.level = Level::V6_2;
    assert_eq!(bench.run(&["SET", "k", "v", "NX", "GET"]), "-ERR syntax error");
    bench.settings.level = Level::V5_0;
    assert_eq!(bench.run(&["SET", "k", "v", "KEEPTTL"]), "-ERR syntax error");
}

#[test]
fn relative_times_are_propagated_as_absolute_ones() {
    let mut bench = Bench::new();
    bench.run(&["SET", "k", "v", "EX", "10", "GET"]);
    assert_eq!(bench.events(), ["keymiss", "new", "set", "expire"]);
    assert_eq!(bench.propagated(), ["SET k v PXAT 1700000010000"]);
    bench.run(&["SET", "k", "v", "GET"]);
    assert_eq!(bench.propagated(), ["SET k v"]);
    bench.run(&["SETEX", "k", "1", "v"]);
    assert_eq!(bench.propagated(), ["SET k v PXAT 1700000001000"]);
    bench.run(&["GETEX", "k", "PX", "5"]);
    assert_eq!(bench.propagated(), ["PEXPIREAT k 1700000000005"]);
    bench.run(&["GETEX", "k", "PERSIST"]);
    assert_eq!((bench.propagated(), bench.events()), (vec!["PERSIST k".to_owned()], vec!["persist"]));
    bench.run(&["GETEX", "k", "PERSIST"]);
    assert_eq!(bench.fx.dirty, 0);
    assert_eq!(bench.run(&["GETEX", "k", "EXAT", "1"]), "$1 v");
    assert_eq!((bench.propagated(), bench.events()), (vec!["DEL k".to_owned()], vec!["del"]));
    assert_eq!(bench.run(&["EXISTS", "k"]), ":0");
    bench.run(&["INCRBYFLOAT", "f", "1.50"]);
    assert_eq!(bench.propagated(), ["SET f 1.5 KEEPTTL"]);
}

#[test]
fn counters_check_type_range_and_form() {
    let mut bench = Bench::new();
    bench.check(&[
        ("INCR n", ":1"),
        ("INCRBY n 9223372036854775806", ":9223372036854775807"),
        ("INCR n", "-ERR increment or decrement would overflow"),
        ("DECRBY n -9223372036854775808", "-ERR decrement would overflow"),
        ("SET n -0", "+OK"),
        ("INCR n", "-ERR value is not an integer or out of range"),
        ("SET n 10.5", "+OK"),
        ("INCRBYFLOAT n 0.1", "$4 10.6"),
        ("INCRBYFLOAT n x", "-ERR value is not a valid float"),
        ("INCRBYFLOAT n inf", "-ERR increment would produce NaN or Infinity"),
        ("INCRBYFLOAT fresh 5.0e3", "$4 5000"),
        ("OBJECT ENCODING fresh", "$6 embstr"),
        ("SET n 5", "+OK"),
        ("INCRBYFLOAT n 1", "$1 6"),
        ("DECR n", ":5"),
        ("DECR other", ":-1"),
        ("EXPIRE n 100", ":1"),
        ("INCR n", ":6"),
        ("TTL n", ":100"),
    ]);
}

#[test]
fn parts_of_strings_are_read_and_overwritten() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SETRANGE k 0 ''", ":0"),
        ("EXISTS k", ":0"),
        ("SETRANGE k 3 abc", ":6"),
        ("GET k", "$6 \0\0\0abc"),
        ("SETRANGE k -1 x", "-ERR offset is out of range"),
        ("SETRANGE k 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
        ("SET k 1234", "+OK"),
        ("SETRANGE k 1 xy", ":4"),
        ("GETRANGE k 0 -1", "$4 1xy4"),
        ("GETRANGE k -1 -2", "$0"),
        ("GETRANGE k 2 1", "$0"),
        ("GETRANGE k -100 1", "$2 1x"),
        ("SUBSTR k 3 100", "$1 4"),
        ("GETRANGE missing 0 1", "$0"),
        ("APPEND k !", ":5"),
        ("OBJECT ENCODING k", "$3 raw"),
        ("APPEND n 12", ":2"),
        ("OBJECT ENCODING n", "$3 int"),
        ("APPEND n 3", ":3"),
        ("STRLEN n", ":3"),
        ("STRLEN missing", ":0"),
    ]);
}

#[test]
fn several_strings_at_once() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"),
        ("MSET a 1 b two", "+OK"),
        ("MGET a missing b", "*3 $1 1 $-1 $3 two"),
        ("MSETNX c 3 a 4", ":0"),
        ("EXISTS c", ":0"),
        ("MSETNX c 3 c 4", ":1"),
        ("GETDEL c", "$1 4"),
        ("GETDEL c", "$-1"),
    ]);
    bench.run(&["MSET", "a", "1", "b", "2"]);
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["set", "set"], 2));
}

#[test]
fn common_subsequences_answer_in_three_forms() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET a ohmytext b mynewtext", "+OK"),
        ("LCS a b", "$6 mytext"),
        ("LCS a b LEN", ":6"),
        ("LCS a b IDX MINMATCHLEN 4", "*4 $7 matches *1 *2 *2 :4 :7 *2 :5 :8 $3 len :6"),
        (
            "LCS a b IDX WITHMATCHLEN",
            "*4 $7 matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *3 *2 :2 :3 *2 :0 :1 :2 $3 len :6",
        ),
        ("LCS a missing", "$0"),
        ("LCS a b IDX LEN", "-ERR If you want both the length and indexes, please just use IDX."),
        ("LCS a b MINMATCHLEN", "-ERR syntax error"),
    ]);
}
