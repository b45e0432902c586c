//! One walk through every data type and the behaviours between clients, as a first user would
//! take it. Details of each command belong to the official suite and the differential test.

use std::time::{Duration, Instant};

use ochre_tests::{Client, Reply, Server, wait_until};

/// Runs lines of `command => printed reply`.
fn script(c: &mut Client, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (command, expected) = line.split_once(" => ").expect("command => reply");
        assert_eq!(format!("{:?}", c.run(command)).trim_end(), expected, "{command}");
    }
}

#[test]
fn strings_and_bits() {
    let server = Server::start(&[]);
    script(
        &mut server.connect(),
        r#"
        SET k 10 => +OK
        OBJECT ENCODING k => "int"
        INCRBY k 5 => :15
        INCRBYFLOAT k 0.5 => "15.5"
        APPEND k x => :5
        OBJECT ENCODING k => "raw"
        SET k v NX => (nil)
        SET k v XX GET => "15.5x"
        GETRANGE k 0 -1 => "v"
        SETBIT b 7 1 => :0
        BITCOUNT b => :1
        BITFIELD b GET u8 0 INCRBY u8 0 254 => [:1, :255]
        PFADD p a b c => :1
        PFCOUNT p => :3
        MGET k none b => ["v", (nil), "\xff"]
        INCR k => -ERR value is not an integer or out of range
        LPUSH k v => -WRONGTYPE Operation against a key holding the wrong kind of value
        GET => -ERR wrong number of arguments for 'get' command
        "#,
    );
}

#[test]
fn lists_sets_and_hashes() {
    let server = Server::start(&[]);
    script(
        &mut server.connect(),
        r#"
        RPUSH l a b c d => :4
        LRANGE l 1 -2 => ["b", "c"]
        LMOVE l m LEFT RIGHT => "a"
        LPOS l c => :1
        LREM l 0 c => :1
        LPOP l 5 => ["b", "d"]
        EXISTS l => :0
        SADD s 1 2 3 => :3
        OBJECT ENCODING s => "intset"
        SADD s x => :1
        SISMEMBER s x => :1
        SINTERCARD 2 s s LIMIT 2 => :2
        HSET h f1 v1 f2 v2 => :2
        HGETALL h => ["f1", "v1", "f2", "v2"]
        HINCRBY h n 5 => :5
        HDEL h f1 n => :2
        HRANDFIELD h => "f2"
        "#,
    );
}

#[test]
fn sorted_sets_and_geo() {
    let server = Server::start(&[]);
    script(
        &mut server.connect(),
        r#"
        ZADD z 1 a 2 b 3 c => :3
        ZADD z XX CH 5 a 9 new => :1
        ZRANGE z 0 -1 WITHSCORES => ["b", "2", "c", "3", "a", "5"]
        ZRANGE z (2 +inf BYSCORE LIMIT 0 1 => ["c"]
        ZRANK z a => :2
        ZINCRBY z 0.5 b => "2.5"
        ZUNIONSTORE u 2 z z WEIGHTS 1 2 AGGREGATE MAX => :3
        ZSCORE u a => "10"
        ZPOPMIN z => ["b", "2.5"]
        GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => :2
        GEODIST g Palermo Catania km => "166.2742"
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 100 km => ["Catania"]
        "#,
    );
}

#[test]
fn streams_and_groups() {
    let server = Server::start(&[]);
    script(
        &mut server.connect(),
        r#"
        XADD x 1-1 f v => "1-1"
        XADD x 1-* f w => "1-2"
        XADD x 1-1 f v => -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XRANGE x - + COUNT 1 => [["1-1", ["f", "v"]]]
        XGROUP CREATE x g 0 => +OK
        XREADGROUP GROUP g c COUNT 1 STREAMS x > => [["x", [["1-1", ["f", "v"]]]]]
        XPENDING x g => [:1, "1-1", "1-1", [["c", "1"]]]
        XACK x g 1-1 => :1
        XTRIM x MAXLEN 1 => :1
        XLEN x => :1
        XREAD STREAMS x 1-1 => [["x", [["1-2", ["f", "w"]]]]]
        "#,
    );
}

#[test]
fn transactions_are_atomic_and_watched() {
    let server = Server::start(&[]);
    let (mut a, mut b) = (server.connect(), server.connect());
    script(&mut a, "WATCH k => +OK\nMULTI => +OK\nINCR k => +QUEUED");
    b.run("SET k 5");
    assert_eq!(a.run("EXEC"), Reply::NilArray);
    script(
        &mut a,
        "MULTI => +OK\nINCR k => +QUEUED\nLPUSH k x => +QUEUED\n\
         EXEC => [:6, -WRONGTYPE Operation against a key holding the wrong kind of value]\n\
         MULTI => +OK\nNOPE => -ERR unknown command 'NOPE', with args beginning with:\n\
         EXEC => -EXECABORT Transaction discarded because of previous errors.\n\
         EXEC => -ERR EXEC without MULTI",
    );
}

#[test]
fn blocked_clients_are_served_in_the_order_they_came() {
    let server = Server::start(&[]);
    let mut waiting: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for c in &mut waiting {
        c.start(&["BLPOP", "none", "queue", "0"]);
        std::thread::sleep(Duration::from_millis(30));
    }
    let mut pusher = server.connect();
    assert_eq!(pusher.run("RPUSH queue a b c d"), Reply::Integer(4));
    for (c, expected) in waiting.iter_mut().zip(["a", "b", "c"]) {
        assert_eq!(c.read().unwrap(), ["queue", expected].into());
    }
    assert_eq!(pusher.run("LRANGE queue 0 -1"), ["d"].into());
}

#[test]
fn a_block_ends_after_its_timeout() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let start = Instant::now();
    assert_eq!(c.run("BZPOPMIN none 0.2"), Reply::NilArray);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(200) && waited < Duration::from_secs(2), "{waited:?}");
}

#[test]
fn keys_expire_to_the_millisecond() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    script(&mut c, "SET k v PX 300 => +OK\nPERSIST k => :1\nPEXPIRE k 150 => :1\nPEXPIRE k 200 GT => :1");
    let ttl = c.run("PTTL k").integer().unwrap();
    assert!((1..=200).contains(&ttl), "{ttl}");
    std::thread::sleep(Duration::from_millis(220));
    assert_eq!(c.run("GET k"), Reply::NilBulk);
    assert_eq!(c.run("DBSIZE"), Reply::Integer(0));
}

#[test]
fn messages_reach_subscribers() {
    let server = Server::start(&["--notify-keyspace-events", "KEA"]);
    let (mut sub, mut publisher) = (server.connect(), server.connect());
    assert_eq!(format!("{:?}", sub.run("SUBSCRIBE news")), r#"["subscribe", "news", :1]"#);
    assert_eq!(format!("{:?}", sub.run("PSUBSCRIBE __key*__:*")), r#"["psubscribe", "__key*__:*", :2]"#);
    assert_eq!(publisher.run("PUBLISH news hello"), Reply::Integer(1));
    assert_eq!(sub.read().unwrap(), ["message", "news", "hello"].into());
    publisher.run("SET k v");
    assert_eq!(sub.read().unwrap(), ["pmessage", "__key*__:*", "__keyspace@0__:k", "set"].into());
    assert_eq!(sub.read().unwrap(), ["pmessage", "__key*__:*", "__keyevent@0__:set", "k"].into());
}

#[test]
fn databases_are_apart() {
    let server = Server::start(&[]);
    script(
        &mut server.connect(),
        r#"
        SET k zero => +OK
        SELECT 3 => +OK
        GET k => (nil)
        SET k three => +OK
        SWAPDB 0 3 => +OK
        GET k => "zero"
        MOVE k 5 => :1
        SELECT 5 => +OK
        GET k => "zero"
        SELECT 16 => -ERR DB index is out of range
        FLUSHALL => +OK
        DBSIZE => :0
        "#,
    );
}

#[test]
fn a_scan_sees_every_key_while_the_table_grows() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let set = |from: usize, to: usize| -> Vec<Vec<String>> {
        (from..to).map(|i| vec!["SET".into(), format!("key:{i}"), "v".into()]).collect()
    };
    c.pipeline(&set(0, 5000)).unwrap();
    let mut seen = std::collections::HashSet::new();
    let (mut cursor, mut grown) = ("0".to_owned(), 5000);
    loop {
        let reply = c.call(&["SCAN", &cursor, "COUNT", "100"]);
        seen.extend(reply.items()[1].items().iter().map(Reply::text));
        cursor = reply.items()[0].text();
        if cursor == "0" {
            break;
        }
        c.pipeline(&set(grown, grown + 200)).unwrap();
        grown += 200;
    }
    assert!((0..5000).all(|i| seen.contains(&format!("key:{i}"))));
}

#[test]
fn the_times_of_the_event_loop_grow() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let figure = |c: &mut ochre_tests::Client, name: &str| {
        let info = c.run("INFO debug").text();
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse::<u64>().ok()).expect("a number")
    };
    wait_until("the cron has used time", || figure(&mut c, "eventloop_duration_cron_sum") > 0);
    assert!(figure(&mut c, "eventloop_duration_max") > 0);
    assert!(figure(&mut c, "eventloop_cmd_per_cycle_max") > 0);
    assert_eq!((c.info("hz"), c.info("configured_hz")), ("10".to_owned(), "10".to_owned()));
}

/// What a command looks up counts as often as in redis-server 7.0.
#[test]
fn lookups_count_as_in_redis() {
    const CALLS: &str = "GET s, GET none, GETEX s, GETEX s EX 100, GETEX s PERSIST, GETEX none, GETEX s EXAT 1, SET s v, \
        GETDEL s, SET s v, SET s w GET, GETSET s v, SETNX s v, APPEND s x, STRLEN s, GETRANGE s 0 1, SUBSTR s 0 1, INCR n, \
        MGET s none n, EXISTS s none, TYPE s, TTL s, TOUCH s none, OBJECT ENCODING s, RENAME s t, COPY t s, DUMP s, \
        LRANGE l 0 -1, LLEN l, LINDEX l 0, LPOS l a, LMOVE l m LEFT LEFT, LPOP none, SMEMBERS e, SISMEMBER e a, \
        SMISMEMBER e a b, SRANDMEMBER e, SINTER e e, SUNION e none, SINTERCARD 2 e e, HGET h f, HGETALL h, HMGET h f g, \
        HLEN h, HEXISTS h f, HRANDFIELD h, ZRANGE z 0 -1, ZSCORE z a, ZMSCORE z a b, ZCARD z, ZRANK z a, ZCOUNT z 0 9, \
        ZUNION 2 z z, ZINTERCARD 2 z z, ZRANDMEMBER z, XLEN x, XRANGE x - +, XREAD STREAMS x 0, PFCOUNT p, \
        GEOPOS g a, GEODIST g a b, BITCOUNT s, BITPOS s 1, GETBIT s 1, BITFIELD s GET u8 0, SORT l, SORT_RO l, SCAN 0, \
        PERSIST s, EXPIRE s 100, EXPIRETIME s, KEYS *, RANDOMKEY, DEL s, UNLINK t";
    let mut servers =
        [Server::reference(), Server::like_reference()].map(|server| (server.connect(), server));
    for (client, _) in &mut servers {
        for fill in [
            "SET s v",
            "SET n 1",
            "RPUSH l 1 2 3",
            "SADD e a b",
            "HSET h f v",
            "ZADD z 1 a 2 b",
            "XADD x 1-1 f v",
        ] {
            client.run(fill);
        }
        client.run("PFADD p a");
        client.run("GEOADD g 1 1 a 2 2 b");
    }
    for call in CALLS.split(", ") {
        let counts = servers.each_mut().map(|(client, _)| {
            let count = |client: &mut Client| {
                ["keyspace_hits", "keyspace_misses"].map(|name| client.info(name).parse::<u64>().unwrap())
            };
            let before = count(client);
            client.run(call);
            let after = count(client);
            [after[0] - before[0], after[1] - before[1]]
        });
        assert_eq!(counts[1], counts[0], "hits and misses of {call}");
    }
}
