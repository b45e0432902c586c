//! Bytes from clients that mean harm or are broken: the server survives, answers others, and
//! answers each such client with an error or a closed connection.

use std::time::Duration;

use ochre_tests::client::encode;
use ochre_tests::{Reply, Rng, Server};

/// Requests to be mangled; together they touch parsing, every type and every reply form.
const SEEDS: &[&str] = &[
    "SET k v EX 100 NX GET",
    "MSET a 1 b 2 c 3",
    "ZADD z NX 1.5 a inf b -inf c",
    "ZRANGEBYSCORE z (1 +inf WITHSCORES LIMIT 0 10",
    "XADD x MAXLEN ~ 10 1-1 f v",
    "XREADGROUP GROUP g c COUNT 2 STREAMS x >",
    "BITFIELD k SET u8 #2 255 OVERFLOW SAT INCRBY i64 0 1",
    "GEOSEARCH z FROMLONLAT 1 1 BYRADIUS 10 km ASC COUNT 3 ANY",
    "SORT l BY w_* GET # GET o_*->f ALPHA LIMIT 0 10 STORE d",
    "PFADD p a b c",
    "SETRANGE k 10 abc",
    "LMPOP 2 a b LEFT COUNT 3",
    "HELLO 3 SETNAME x",
    "CLIENT LIST TYPE normal",
    "CONFIG GET max*",
    "COMMAND GETKEYS ZUNIONSTORE d 2 a b",
    "OBJECT ENCODING k",
    "SCAN 0 MATCH a* COUNT 10 TYPE string",
    "LCS a b IDX MINMATCHLEN 2",
    "MULTI",
    "EXEC",
];

/// Changes some bytes of a request: its framing, its lengths or its arguments.
fn mangle(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..rng.range(1, 4) {
        if bytes.is_empty() {
            break;
        }
        let at = rng.below(bytes.len());
        match rng.below(6) {
            0 => bytes[at] = rng.bits() as u8,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, *rng.pick(b"0129*$-+:\r\n\"'\0\xff")),
            3 => bytes.truncate(at),
            4 => {
                let number = rng.pick(&["-1", "0", "99999999999", "9223372036854775807", "1048577", "1e400"]);
                bytes.splice(at..at, number.bytes());
            }
            _ => {
                let copy = bytes[at..].to_vec();
                bytes.extend_from_slice(&copy);
            }
        }
    }
    bytes
}

#[test]
fn mangled_requests_never_bring_the_server_down() {
    let mut server = Server::start(&["--proto-max-bulk-len", "1mb", "--maxmemory", "200mb"]);
    let seed = 20_261_121;
    let mut rng = Rng::new(seed);
    let mut witness = server.connect();
    for round in 0..400 {
        let mut c = server.connect();
        c.set_read_timeout(Duration::from_secs(5));
        for _ in 0..rng.range(1, 20) {
            let line = rng.pick(SEEDS).split(' ').collect::<Vec<_>>();
            let bytes = if rng.chance(20) { encode(&line) } else { mangle(&mut rng, encode(&line)) };
            if c.send(&bytes).is_err() {
                break;
            }
        }
        if rng.chance(50) {
            c.finish_sending();
            let _ = c.read_to_end();
        }
        assert!(server.is_running(), "round {round}: the server is gone");
        assert_eq!(witness.run("PING"), Reply::Simple("PONG".into()), "round {round}");
    }
}

#[test]
fn random_bytes_never_bring_the_server_down() {
    let mut server = Server::start(&[]);
    let mut rng = Rng::new(7);
    for _ in 0..200 {
        let mut c = server.connect();
        let length = rng.range(1, 4000);
        let bytes: Vec<u8> = (0..length).map(|_| rng.bits() as u8).collect();
        let _ = c.send(&bytes);
        c.finish_sending();
        let _ = c.read_to_end();
        assert!(server.is_running());
    }
    assert_eq!(server.connect().run("PING"), Reply::Simple("PONG".into()));
}

#[test]
fn an_announced_length_takes_no_memory() {
    let server = Server::start(&[]);
    let mut clients: Vec<_> = (0..100).map(|_| server.connect()).collect();
    for c in &mut clients {
        // Half a gigabyte each, none of it sent.
        c.send(b"*1000000\r\n$536870911\r\nabc").unwrap();
    }
    assert_eq!(server.connect().run("PING"), Reply::Simple("PONG".into()));
    let resident = server.resident_bytes();
    assert!(resident < 200 << 20, "{resident} bytes resident");
}

#[test]
fn a_query_buffer_that_grows_without_end_closes_its_client() {
    let server = Server::start(&["--client-query-buffer-limit", "1mb"]);
    let mut c = server.connect();
    c.send(b"*2\r\n$3\r\nGET\r\n$100000000\r\n").unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let sent = (0..64).take_while(|_| c.send(&chunk).is_ok()).count();
    assert!(sent < 64, "the server read 64 MB into a buffer limited to 1 MB");
    assert_eq!(server.connect().run("PING"), Reply::Simple("PONG".into()));
}

#[test]
fn commands_out_of_memory_or_out_of_range_change_nothing() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    c.run("SET s value");
    c.run("RPUSH l a b c");
    for line in [
        "SETRANGE s 536870912 x",
        "SETRANGE s -1 x",
        "SETBIT s 4294967296 1",
        "INCR s",
        "INCRBYFLOAT s nan",
        "LSET l 10 x",
        "LINSERT l BETWEEN a b",
        "LPUSH s x",
        "EXPIRE s 9223372036854775807",
        "BITFIELD s SET u64 0 1",
    ] {
        assert!(c.run(line).is_error(), "{line}");
    }
    assert_eq!(c.run("GET s"), "value".into());
    assert_eq!(c.run("LRANGE l 0 -1"), ["a", "b", "c"].into());
    assert_eq!(c.run("TTL s"), Reply::Integer(-1));
}
