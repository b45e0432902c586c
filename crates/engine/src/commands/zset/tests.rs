//! Whole commands on sorted sets; replies are those of redis-server 7.0.15 and 7.2.4.

use crate::level::Level;
use crate::testing::Bench;
use ochre_resp::reply::Protocol;

fn run(bench: &mut Bench, line: &str) -> String {
    bench.run(&line.split(' ').collect::<Vec<_>>())
}

/// Runs lines `command => reply`.
fn script(bench: &mut Bench, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        assert_eq!(run(bench, line), *reply, "{line}");
    }
}

/// Both encodings.
fn benches() -> [Bench; 2] {
    let mut big = Bench::new();
    big.settings.zset_max_listpack_entries = 0;
    [Bench::new(), big]
}

#[test]
fn zadd_counts_what_it_added_or_changed() {
    for mut bench in benches() {
        script(
            &mut bench,
            &[
                ("ZADD z 1 a 2 b", ":2"),
                ("ZADD z CH 1 a 3 b 4 c", ":2"),
                ("ZADD z NX 9 a 5 d", ":1"),
                ("ZADD z XX CH 9 a 5 e", ":1"),
                ("ZADD z GT CH 1 a 10 b", ":1"),
                ("ZADD z LT CH 1 a 100 b", ":1"),
                ("ZADD z INCR 2.5 a", "$3 3.5"),
                ("ZADD z INCR NX 2.5 a", "$-1"),
                ("ZADD none XX 1 a", ":0"),
                ("ZADD none XX INCR 1 a", "$-1"),
                ("ZINCRBY z 1 new", "$1 1"),
                ("ZRANGE z 0 -1 WITHSCORES", "*10 $3 new $1 1 $1 a $3 3.5 $1 c $1 4 $1 d $1 5 $1 b $2 10"),
                ("ZADD z 1", "-ERR wrong number of arguments for 'zadd' command"),
                ("ZADD z 1 a 2", "-ERR syntax error"),
                ("ZADD z x a", "-ERR value is not a valid float"),
                ("ZADD z 1 q nan a", "-ERR value is not a valid float"),
                ("ZSCORE z q", "$-1"),
                ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible"),
                ("ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
                ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
                ("ZADD z inf i", ":1"),
                ("ZINCRBY z -inf i", "-ERR resulting score is not a number (NaN)"),
                ("ZADD z (1 a", "-ERR value is not a valid float"),
            ],
        );
    }
}

#[test]
fn scores_print_as_at_the_level() {
    let mut bench = Bench::new();
    script(
        &mut bench,
        &[("ZADD z 0.1 a 1e17 b", ":2"), ("ZMSCORE z a b c", "*3 $3 0.1 $18 100000000000000000 $-1")],
    );
    bench.settings.level = Level::V7_0;
    script(&mut bench, &[("ZMSCORE z a b c", "*3 $19 0.10000000000000001 $5 1e+17 $-1")]);
    bench.protocol = Protocol::Resp3;
    script(&mut bench, &[("ZRANGE z 0 0 WITHSCORES", "*1 *2 $1 a ,0.10000000000000001")]);
}

#[test]
fn ranges_by_rank_score_and_text() {
    for mut bench in benches() {
        script(
            &mut bench,
            &[
                ("ZADD z 1 a 2 b 3 c 4 d", ":4"),
                ("ZRANGE z 1 2", "*2 $1 b $1 c"),
                ("ZRANGE z 0 1 REV", "*2 $1 d $1 c"),
                ("ZREVRANGE z -2 -1 WITHSCORES", "*4 $1 b $1 2 $1 a $1 1"),
                ("ZRANGE z 5 9", "*0"),
                ("ZRANGE z (1 3 BYSCORE", "*2 $1 b $1 c"),
                ("ZRANGE z 3 (1 BYSCORE REV", "*2 $1 c $1 b"),
                ("ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "*2 $1 b $1 c"),
                ("ZREVRANGEBYSCORE z +inf -inf LIMIT 1 -1", "*3 $1 c $1 b $1 a"),
                ("ZRANGEBYSCORE z -inf +inf LIMIT -1 2", "*0"),
                ("ZRANGEBYSCORE z (2 2", "*0"),
                ("ZCOUNT z (1 3", ":2"),
                (
                    "ZRANGE z 0 1 LIMIT 0 1",
                    "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
                ),
                ("ZRANGE z a b BYSCORE", "-ERR min or max is not a float"),
                ("ZRANGE z a b BYLEX", "-ERR min or max not valid string range item"),
                (
                    "ZRANGE z - + BYLEX WITHSCORES",
                    "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
                ),
                ("ZRANGE z a b", "-ERR value is not an integer or out of range"),
                ("ZRANGESTORE t z (1 +inf BYSCORE LIMIT 0 2", ":2"),
                ("ZRANGE t 0 -1 WITHSCORES", "*4 $1 b $1 2 $1 c $1 3"),
                ("ZRANGESTORE t none 0 -1", ":0"),
                ("ZCARD t", ":0"),
                ("ZADD l 0 a 0 b 0 c 0 d", ":4"),
                ("ZRANGEBYLEX l [b (d", "*2 $1 b $1 c"),
                ("ZREVRANGEBYLEX l + (b", "*2 $1 d $1 c"),
                ("ZLEXCOUNT l - [c", ":3"),
                ("ZRANK z c", ":2"),
                ("ZREVRANK z c WITHSCORE", "*2 :1 $1 3"),
                ("ZRANK z nobody", "$-1"),
                ("ZRANK z nobody WITHSCORE", "*-1"),
            ],
        );
    }
}

#[test]
fn removal_reports_the_end_of_the_key() {
    for mut bench in benches() {
        script(&mut bench, &[("ZADD z 1 a 2 b 3 c 4 d 5 e", ":5"), ("ZREM z a x", ":1")]);
        assert_eq!(bench.events(), ["zrem"]);
        script(
            &mut bench,
            &[
                ("ZREMRANGEBYRANK z 0 0", ":1"),
                ("ZREMRANGEBYSCORE z 3 3", ":1"),
                ("ZREMRANGEBYSCORE z 30 40", ":0"),
                ("ZREMRANGEBYLEX z [d [e", ":2"),
            ],
        );
        assert_eq!(bench.events(), ["zremrangebylex", "del"]);
        script(&mut bench, &[("ZCARD z", ":0"), ("ZREM z a", ":0")]);
    }
}

#[test]
fn unions_intersections_and_differences() {
    for mut bench in benches() {
        script(
            &mut bench,
            &[
                ("ZADD a 1 x 2 y 3 z", ":3"),
                ("ZADD b 10 y 20 z 30 w", ":3"),
                ("ZUNION 2 a b WITHSCORES", "*8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30"),
                ("ZINTER 2 a b WITHSCORES WEIGHTS 2 1 AGGREGATE MAX", "*4 $1 y $2 10 $1 z $2 20"),
                ("ZDIFF 2 a b", "*1 $1 x"),
                ("ZDIFF 2 a a", "*0"),
                ("ZUNIONSTORE t 2 a b AGGREGATE MIN", ":4"),
                ("ZRANGE t 0 -1 WITHSCORES", "*8 $1 x $1 1 $1 y $1 2 $1 z $1 3 $1 w $2 30"),
                ("ZINTERSTORE t 2 a none", ":0"),
                ("ZCARD t", ":0"),
                ("ZINTERCARD 2 a b", ":2"),
                ("ZINTERCARD 2 a b LIMIT 1", ":1"),
                ("ZINTERCARD 2 a b LIMIT -1", "-ERR LIMIT can't be negative"),
                ("ZUNION 0 a", "-ERR at least 1 input key is needed for 'zunion' command"),
                ("ZUNION 3 a b", "-ERR syntax error"),
                ("ZUNION 1 a WEIGHTS x", "-ERR weight value is not a float"),
                ("ZDIFF 1 a WEIGHTS 1", "-ERR syntax error"),
                ("ZUNIONSTORE t 1 a WITHSCORES", "-ERR syntax error"),
                ("ZADD i inf m", ":1"),
                ("ZADD j -inf m", ":1"),
                ("ZUNION 2 i j WITHSCORES", "*2 $1 m $1 0"),
                ("ZUNION 1 i WEIGHTS 0 WITHSCORES", "*2 $1 m $1 0"),
                ("ZDIFFSTORE a 1 a", ":3"),
            ],
        );
    }
}

#[test]
fn pops_from_either_end() {
    for mut bench in benches() {
        script(
            &mut bench,
            &[
                ("ZADD z 1 a 2 b 3 c 4 d 5 e", ":5"),
                ("ZPOPMIN z", "*2 $1 a $1 1"),
                ("ZPOPMAX z 2", "*4 $1 e $1 5 $1 d $1 4"),
                ("ZPOPMIN z 0", "*0"),
                ("ZPOPMIN z -1", "-ERR value is out of range, must be positive"),
                ("ZPOPMIN none", "*0"),
                ("BZPOPMIN none z 0", "*3 $1 z $1 b $1 2"),
            ],
        );
        assert!(format!("{:?}", bench.fx.propagation).contains("Instead"));
        script(
            &mut bench,
            &[
                ("ZADD z 1 a 2 b", ":2"),
                ("ZMPOP 2 none z MAX COUNT 2", "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2"),
                ("BZMPOP 0 1 z MIN", "*2 $1 z *1 *2 $1 a $1 1"),
                ("ZMPOP 1 z MIN", "*-1"),
                ("ZMPOP 0 z MIN", "-ERR numkeys should be greater than 0"),
                ("ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0"),
                ("ZMPOP 2 z MIN", "-ERR syntax error"),
                ("BZPOPMAX z 0", ""),
            ],
        );
        assert_eq!(bench.fx.block.as_ref().map(|block| block.keys.clone()), Some(vec![b"z".to_vec()]));
        bench.caller.no_blocking = true;
        script(&mut bench, &[("BZPOPMAX z 0", "*-1"), ("BZMPOP 0 1 z MAX", "*-1")]);
    }
}

#[test]
fn random_members_and_scans() {
    for mut bench in benches() {
        script(
            &mut bench,
            &[
                ("ZADD z 1.5 a", ":1"),
                ("ZRANDMEMBER z", "$1 a"),
                ("ZRANDMEMBER z -3 WITHSCORES", "*6 $1 a $3 1.5 $1 a $3 1.5 $1 a $3 1.5"),
                ("ZRANDMEMBER z 3 WITHSCORES", "*2 $1 a $3 1.5"),
                ("ZRANDMEMBER z 0", "*0"),
                ("ZRANDMEMBER none", "$-1"),
                ("ZRANDMEMBER none 3", "*0"),
                (
                    "ZRANDMEMBER z -9223372036854775808",
                    "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
                ),
                ("ZRANDMEMBER z -9223372036854775807 WITHSCORES", "-ERR value is out of range"),
                ("ZSCAN z 0", "*2 $1 0 *2 $1 a $3 1.5"),
                ("ZSCAN z 0 MATCH b*", "*2 $1 0 *0"),
                ("ZSCAN none 0", "*2 $1 0 *0"),
                ("ZSCAN z x", "-ERR invalid cursor"),
                ("ZADD z 2 b 3 c", ":2"),
            ],
        );
        assert!(run(&mut bench, "ZRANDMEMBER z 2").starts_with("*2 "));
    }
}

#[test]
fn a_sorted_set_becomes_big_at_its_thresholds() {
    let mut bench = Bench::new();
    bench.settings.zset_max_listpack_entries = 2;
    script(&mut bench, &[("ZADD z 1 a 2 b", ":2")]);
    assert!(is_packed(&mut bench, "z"));
    script(&mut bench, &[("ZADD z 3 c", ":1"), ("ZREM z a b", ":2")]);
    assert!(!is_packed(&mut bench, "z"));
    script(&mut bench, &[("ZUNIONSTORE u 1 z", ":1")]);
    assert!(is_packed(&mut bench, "u"));
    let long = "x".repeat(65);
    script(&mut bench, &[(&format!("ZADD l 1 {long}"), ":1")]);
    assert!(!is_packed(&mut bench, "l"));
}

fn is_packed(bench: &mut Bench, key: &str) -> bool {
    run(bench, &format!("OBJECT ENCODING {key}")) == "$8 listpack"
}
