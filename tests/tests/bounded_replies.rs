//! Calls whose reply would be far larger than their request: the memory of the server stays bounded, others
//! are answered meanwhile, and what Redis refuses as out of range is refused with its words.

use std::time::Duration;

use ochre_tests::client::encode;
use ochre_tests::{Client, Reply, Server};

/// Calls that ask for repetitions without end.
const ENDLESS: &[&str] = &[
    "SRANDMEMBER words -9223372036854775807",
    "SRANDMEMBER numbers -9223372036854775807",
    "HRANDFIELD hash -9223372036854775807",
    "HRANDFIELD hash -4611686018427387903 WITHVALUES",
    "ZRANDMEMBER zset -9223372036854775807",
    "ZRANDMEMBER zset -4611686018427387903 WITHSCORES",
];

fn fill(c: &mut Client) {
    c.run("SADD words one two three");
    c.run("SADD numbers 1 2 3");
    c.run("HSET hash f v g w");
    c.run("ZADD zset 1 a 2.5 b");
    c.call(&["SET", "text", &"x".repeat(10_000)]);
    c.call(&["HSET", "texts", "f", &"x".repeat(10_000)]);
    c.call(
        &["RPUSH".to_owned(), "list".to_owned()]
            .into_iter()
            .chain((0..1000).map(|n| n.to_string()))
            .collect::<Vec<_>>(),
    );
}

/// Sends a call on a connection of its own and reads until the server closes it; what it sent.
fn read_all(server: &Server, call: &[String]) -> usize {
    let mut c = server.connect();
    c.send(&encode(call)).expect("the server takes a call");
    c.read_to_end().map_or(0, |bytes| bytes.len())
}

fn words(call: &str) -> Vec<String> {
    call.split(' ').map(str::to_owned).collect()
}

/// Calls with a long row of arguments that each ask for a large answer.
fn multiplying() -> Vec<Vec<String>> {
    let many = |head: &str, word: &str, count: usize| -> Vec<String> {
        words(head).into_iter().chain(std::iter::repeat_n(word.to_owned(), count)).collect()
    };
    let columns: Vec<String> =
        std::iter::repeat_n(["GET".to_owned(), "#".to_owned()], 20_000).flatten().collect();
    vec![
        many("MGET", "text", 100_000),
        many("HMGET texts", "f", 100_000),
        words("SORT list").into_iter().chain(columns).collect(),
    ]
}

#[test]
fn a_reply_beyond_the_output_limit_ends_with_its_client() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 32mb 0 0"]);
    let mut witness = server.connect();
    fill(&mut witness);
    let before = server.resident_bytes();
    for call in ENDLESS.iter().map(|call| words(call)).chain(multiplying()) {
        let name = call[0].clone();
        read_all(&server, &call);
        assert_eq!(witness.run("PING"), Reply::Simple("PONG".into()), "{name}");
        let grown = server.resident_bytes().saturating_sub(before);
        assert!(grown < 160 << 20, "{name}: {grown} bytes");
    }
    let count = ENDLESS.len() + multiplying().len();
    let log = server.log();
    assert_eq!(
        log.matches("scheduled to be closed ASAP for overcoming of output buffer limits").count(),
        count
    );
}

#[test]
fn repetitions_without_end_keep_nobody_waiting_even_without_a_limit() {
    let server = Server::start(&[]);
    let mut witness = server.connect();
    fill(&mut witness);
    let before = server.resident_bytes();
    for call in ENDLESS.iter().step_by(2) {
        let mut c = server.connect();
        c.send(&encode(&words(call))).expect("the server takes a call");
        std::thread::sleep(Duration::from_millis(20));
        // Within the time that a test client waits at most; a fraction of a second where nothing else runs.
        assert_eq!(witness.run("PING"), Reply::Simple("PONG".into()), "{call}");
        let _ = c.read_to_end();
        let grown = server.resident_bytes().saturating_sub(before);
        assert!(grown < 300 << 20, "{call}: {grown} bytes");
    }
    assert_eq!(witness.run("EXISTS words hash zset"), Reply::Integer(3));
}

#[test]
fn counts_out_of_range_are_refused_as_by_redis() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let mut sides = [subject.connect(), reference.connect()];
    sides.iter_mut().for_each(fill);
    for call in [
        "SRANDMEMBER words -9223372036854775808",
        "HRANDFIELD hash -9223372036854775808",
        "HRANDFIELD hash -4611686018427387905 WITHVALUES",
        "HRANDFIELD hash 4611686018427387905 WITHVALUES",
        "HRANDFIELD none -9223372036854775807 WITHVALUES",
        "ZRANDMEMBER zset -9223372036854775808",
        "ZRANDMEMBER zset -4611686018427387905 WITHSCORES",
        "ZRANDMEMBER zset 4611686018427387905 WITHSCORES",
        "SPOP words -1",
        "SPOP words 9223372036854775808",
        "LPOP list -1",
        "LPOP list 9223372036854775808",
        "LRANGE list -9223372036854775808 9223372036854775808",
        "LRANGE none -9223372036854775808 9223372036854775807",
        "LMPOP 9223372036854775807 list LEFT",
        "LMPOP 1 list LEFT COUNT -1",
        "ZPOPMIN zset -1",
        "ZMPOP 9223372036854775807 zset MIN",
        "LPOS list 1 COUNT -1",
        "LPOS list 1 RANK -9223372036854775808",
        "BITFIELD text GET u8 4294967296",
        "BITFIELD text GET u8 #9223372036854775807",
        "BITFIELD text SET u8 -1 0",
        "SETRANGE text 536870912 x",
        "SETBIT text 4294967296 1",
        "GETRANGE text -9223372036854775808 -9223372036854775807",
        "XRANGE none - + COUNT -9223372036854775808",
        "SCAN 0 COUNT -1",
        "SCAN 18446744073709551616",
        "GEOSEARCH none FROMLONLAT 0 0 BYRADIUS 1 m COUNT -1",
        "SORT list LIMIT -1 -1",
        "SINTERCARD 9223372036854775807 words",
        "ZRANGE zset 0 9223372036854775808",
        "LCS text text MINMATCHLEN -9223372036854775808",
        "OBJECT FREQ text",
        "MEMORY USAGE text SAMPLES -1",
    ] {
        let [ours, theirs] = sides.each_mut().map(|c| c.run(call));
        assert_eq!(ours, theirs, "{call}");
    }
}
