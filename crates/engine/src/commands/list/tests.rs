//! The list commands against replies, events and propagation of Redis.

use crate::command::effects::{Nothing, Propagation};
use crate::level::Level;
use crate::testing::Bench;

fn run(bench: &mut Bench, line: &str) -> String {
    bench.run(&line.split(' ').collect::<Vec<_>>())
}

/// What would be propagated instead of the last command.
fn propagated(bench: &Bench) -> Vec<String> {
    match &bench.fx.propagation {
        Propagation::Instead(commands) => {
            commands.iter().map(|words| String::from_utf8_lossy(&words.join(&b' ')).into_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// Runs each command of `lines` and compares its reply.
fn check(bench: &mut Bench, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        assert_eq!(run(bench, line), *reply, "{line}");
    }
}

#[test]
fn elements_go_in_and_out_at_both_ends() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("LPUSHX l a", ":0"),
            ("RPUSH l a b 3", ":3"),
            ("LPUSH l 0 x", ":5"),
            ("RPUSHX l z", ":6"),
            ("LRANGE l 0 -1", "*6 $1 x $1 0 $1 a $1 b $1 3 $1 z"),
            ("LLEN l", ":6"),
            ("LPOP l", "$1 x"),
            ("RPOP l 2", "*2 $1 z $1 3"),
            ("RPOP l 0", "*0"),
            ("LPOP l -1", "-ERR value is out of range, must be positive"),
            ("LPOP l x", "-ERR value is out of range, must be positive"),
            ("LPOP l 1 2", "-ERR wrong number of arguments for 'lpop' command"),
            ("LPOP l 9", "*3 $1 0 $1 a $1 b"),
            ("LPOP l", "$-1"),
            ("LPOP l 1", "*-1"),
            ("LLEN l", ":0"),
            ("SET s v", "+OK"),
            ("LPUSH s a", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("LLEN s", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ],
    );
}

#[test]
fn emptied_lists_are_deleted_with_both_events() {
    let mut bench = Bench::new();
    run(&mut bench, "RPUSH l a b");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["new", "rpush"], 2));
    run(&mut bench, "LPOP l 5");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["lpop", "del"], 2));
    run(&mut bench, "RPUSH l a a");
    run(&mut bench, "LREM l 0 a");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["lrem", "del"], 2));
    run(&mut bench, "RPUSH l a a");
    run(&mut bench, "LTRIM l 5 9");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["ltrim", "del"], 2));
}

#[test]
fn the_middle_is_read_and_changed() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("RPUSH l a b c b a", ":5"),
            ("LINDEX l -1", "$1 a"),
            ("LINDEX l 9", "$-1"),
            ("LINDEX l x", "-ERR value is not an integer or out of range"),
            ("LINDEX missing x", "$-1"),
            ("LSET l 2 C", "+OK"),
            ("LSET l 5 C", "-ERR index out of range"),
            ("LSET missing 0 C", "-ERR no such key"),
            ("LINSERT l before C 1", ":6"),
            ("LINSERT l AFTER C 2", ":7"),
            ("LINSERT l AFTER nowhere 2", ":-1"),
            ("LINSERT missing AFTER C 2", ":0"),
            ("LINSERT l beside C 2", "-ERR syntax error"),
            ("LRANGE l 1 5", "*5 $1 b $1 1 $1 C $1 2 $1 b"),
            ("LRANGE l 5 1", "*0"),
            ("LRANGE missing 0 -1", "*0"),
            ("LREM l -1 b", ":1"),
            ("LREM l 0 a", ":2"),
            ("LRANGE l 0 -1", "*4 $1 b $1 1 $1 C $1 2"),
            ("LTRIM l 1 -2", "+OK"),
            ("LRANGE l 0 -1", "*2 $1 1 $1 C"),
            ("LTRIM missing 1 -2", "+OK"),
        ],
    );
}

#[test]
fn positions_are_found_from_both_ends() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("RPUSH l a b c 1 2 3 c c", ":8"),
            ("LPOS l c", ":2"),
            ("LPOS l 1", ":3"),
            ("LPOS l d", "$-1"),
            ("LPOS l c RANK 2", ":6"),
            ("LPOS l c RANK -1", ":7"),
            ("LPOS l c COUNT 0", "*3 :2 :6 :7"),
            ("LPOS l c COUNT 2 RANK -1", "*2 :7 :6"),
            ("LPOS l c COUNT 0 MAXLEN 7", "*2 :2 :6"),
            ("LPOS l c COUNT 0 MAXLEN 2", "*0"),
            ("LPOS missing c COUNT 0", "*0"),
            ("LPOS missing c", "$-1"),
            ("LPOS l c COUNT -1", "-ERR COUNT can't be negative"),
            ("LPOS l c MAXLEN x", "-ERR MAXLEN can't be negative"),
            ("LPOS l c RANK", "-ERR syntax error"),
        ],
    );
    assert!(run(&mut bench, "LPOS l c RANK 0").starts_with("-ERR RANK can't be zero"));
    assert!(run(&mut bench, "LPOS l c RANK -9223372036854775808").contains("value must between"));
}

#[test]
fn elements_move_between_lists() {
    let mut bench = Bench::new();
    run(&mut bench, "RPUSH a 1 2 3");
    assert_eq!(run(&mut bench, "LMOVE a b LEFT right"), "$1 1");
    assert_eq!((bench.events(), bench.fx.dirty), (vec!["new", "rpush", "lpop"], 1));
    check(
        &mut bench,
        &[
            ("RPOPLPUSH a b", "$1 3"),
            ("LRANGE b 0 -1", "*2 $1 3 $1 1"),
            ("LMOVE b b left right", "$1 3"),
            ("LRANGE b 0 -1", "*2 $1 1 $1 3"),
            ("RPOPLPUSH a a", "$1 2"),
            ("LMOVE a b up right", "-ERR syntax error"),
            ("SET s v", "+OK"),
            ("RPOPLPUSH a s", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("RPOPLPUSH s a", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("RPOPLPUSH missing s", "$-1"),
            ("LRANGE a 0 -1", "*1 $1 2"),
        ],
    );
    assert_eq!(run(&mut bench, "BRPOPLPUSH a b 0"), "$1 2");
    assert_eq!(propagated(&bench), ["RPOPLPUSH a b"]);
    assert_eq!(bench.events(), ["lpush", "rpop", "del"]);
    assert_eq!(run(&mut bench, "BLMOVE b a LEFT LEFT 1"), "$1 2");
    assert_eq!(propagated(&bench), ["LMOVE b a LEFT LEFT"]);
}

#[test]
fn several_lists_are_asked_in_order() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("RPUSH l a b c", ":3"),
            ("LMPOP 2 missing l RIGHT COUNT 2", "*2 $1 l *2 $1 c $1 b"),
            ("LMPOP 1 missing LEFT", "*-1"),
            ("LMPOP 0 l LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP 9 l LEFT", "-ERR syntax error"),
            ("LMPOP 1 l LEFT COUNT 0", "-ERR count should be greater than 0"),
            ("LMPOP 1 l LEFT COUNT 1 COUNT 1", "-ERR syntax error"),
            ("LMPOP 1 l LEFT COUNT", "-ERR syntax error"),
            ("BLPOP l x", "-ERR timeout is not a float or out of range"),
            ("BLPOP l -1", "-ERR timeout is negative"),
            ("BLPOP l 1e400", "-ERR timeout is out of range"),
        ],
    );
    assert_eq!(run(&mut bench, "BLMPOP 1 1 l LEFT COUNT 10"), "*2 $1 l *1 $1 a");
    assert_eq!(propagated(&bench), ["LPOP l 1"]);
    run(&mut bench, "RPUSH l a");
    assert_eq!(run(&mut bench, "BRPOP missing l 0.5"), "*2 $1 l $1 a");
    assert_eq!(propagated(&bench), ["RPOP l"]);
}

#[test]
fn commands_wait_when_there_is_nothing_and_they_may() {
    let mut bench = Bench::new();
    for (line, keys, timeout_ms) in [
        ("BLPOP a b 0.0015", 2, Some(2)),
        ("BRPOP a 0", 1, None),
        ("BLMPOP 3 2 a b LEFT", 2, Some(3000)),
        ("BLMOVE a b LEFT LEFT 0", 1, None),
        ("BRPOPLPUSH a b 1", 1, Some(1000)),
    ] {
        assert_eq!(run(&mut bench, line), "");
        let block = bench.fx.block.take().expect(line);
        assert_eq!((block.keys.len(), block.timeout_ms), (keys, timeout_ms), "{line}");
        assert_eq!(block.nothing, Nothing::NullArray);
    }
    bench.caller.no_blocking = true;
    check(
        &mut bench,
        &[
            ("BLPOP a 0", "*-1"),
            ("BLMPOP 0 1 a LEFT", "*-1"),
            ("BLMOVE a b LEFT LEFT 0", "$-1"),
            ("BRPOPLPUSH a b 0", "$-1"),
        ],
    );
}

#[test]
fn old_levels_know_neither_counts_nor_fractions() {
    let mut bench = Bench::new();
    bench.settings.level = Level::V5_0;
    check(
        &mut bench,
        &[
            ("LPOP l 1", "-ERR wrong number of arguments for 'lpop' command"),
            ("BLPOP l 0.5", "-ERR timeout is not an integer or out of range"),
        ],
    );
    bench.settings.level = Level::V6_2;
    check(&mut bench, &[("LPOP l 1", "*-1")]);
}
