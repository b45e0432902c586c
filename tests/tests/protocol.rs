//! The wire as a client sees it: framing, pipelines, splits, and what happens to bytes that are
//! not the protocol. The texts are those of Redis 7.0.15 (its networking source and live answers).

use std::thread::sleep;
use std::time::Duration;

use ochre_tests::client::encode;
use ochre_tests::{Client, Reply, Server};

fn ok() -> Reply {
    Reply::Simple("OK".into())
}

#[test]
fn inline_commands_are_split_and_unquoted() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let cases: &[(&str, Reply)] = &[
        ("PING\r\n", Reply::Simple("PONG".into())),
        ("PING\n", Reply::Simple("PONG".into())),
        ("  ECHO   padded  \r\n", "padded".into()),
        ("ECHO \"two words\"\r\n", "two words".into()),
        ("ECHO 'single \\' quote'\r\n", "single ' quote".into()),
        ("ECHO \"\\x41\\n\\\"\"\r\n", "A\n\"".into()),
        ("ECHO \"\"\r\n", "".into()),
    ];
    for (line, expected) in cases {
        c.send(line.as_bytes()).unwrap();
        assert_eq!(c.read().unwrap(), *expected, "{line:?}");
    }
}

#[test]
fn empty_requests_are_ignored() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    c.send(b"\r\n\n*0\r\n*-1\r\n*-7\r\nPING\r\n").unwrap();
    assert_eq!(c.read().unwrap(), Reply::Simple("PONG".into()));
}

#[test]
fn a_pipeline_of_ten_thousand_is_answered_in_order() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let calls: Vec<Vec<String>> = (0..10_000).map(|i| vec!["ECHO".into(), i.to_string()]).collect();
    for (i, reply) in c.pipeline(&calls).unwrap().into_iter().enumerate() {
        assert_eq!(reply, i.to_string().as_str().into());
    }
    let incr: Vec<Vec<&str>> = vec![vec!["INCR", "n"]; 10_000];
    assert_eq!(c.pipeline(&incr).unwrap().last(), Some(&Reply::Integer(10_000)));
}

#[test]
fn a_request_may_be_split_at_every_byte() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let bytes = encode(&["SET", "key", "a value\r\nwith a line end"]);
    for at in 1..bytes.len() {
        c.send(&bytes[..at]).unwrap();
        // Two writes within one read would not test anything.
        sleep(Duration::from_millis(1));
        c.send(&bytes[at..]).unwrap();
        assert_eq!(c.read().unwrap(), ok(), "split at {at}");
    }
    for byte in b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n" {
        c.send(&[*byte]).unwrap();
        sleep(Duration::from_micros(300));
    }
    assert_eq!(c.read().unwrap(), "a value\r\nwith a line end".into());
}

#[test]
fn protocol_errors_are_named_and_close_the_connection() {
    let server = Server::start(&[]);
    let long_line = "x".repeat(65 * 1024 + 1);
    let long_count = format!("*{}", "1".repeat(65 * 1024 + 1));
    let long_length = format!("*1\r\n${}", "1".repeat(65 * 1024 + 1));
    let cases: &[(&str, &str)] = &[
        ("*x\r\n", "invalid multibulk length"),
        ("*3000000000\r\n", "invalid multibulk length"),
        ("*1\r\nPING\r\n", "expected '$', got 'P'"),
        ("*1\r\n:1\r\n", "expected '$', got ':'"),
        ("*1\r\n\r\n", "expected '$', got '\r'"),
        ("*1\r\n$x\r\n", "invalid bulk length"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$2000000000\r\n", "invalid bulk length"),
        ("ECHO \"open\r\n", "unbalanced quotes in request"),
        ("ECHO \"a\"b\r\n", "unbalanced quotes in request"),
        (&long_line, "too big inline request"),
        (&long_count, "too big mbulk count string"),
        (&long_length, "too big bulk count string"),
    ];
    for (bytes, error) in cases {
        let mut c = server.connect();
        c.send(bytes.as_bytes()).unwrap();
        let answer = String::from_utf8(c.read_to_end().unwrap()).unwrap();
        // Redis turns line ends within an error into blanks.
        let expected = format!("-ERR Protocol error: {}\r\n", error.replace('\r', " "));
        assert_eq!(answer, expected, "{:?}", &bytes[..bytes.len().min(40)]);
    }
    assert_eq!(server.connect().run("PING"), Reply::Simple("PONG".into()));
}

#[test]
fn replies_before_a_protocol_error_still_arrive() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    c.send(b"PING\r\n*1\r\n$4\r\nPING\r\n*1\r\nbad\r\nPING\r\n").unwrap();
    let answer = String::from_utf8(c.read_to_end().unwrap()).unwrap();
    assert_eq!(answer, "+PONG\r\n+PONG\r\n-ERR Protocol error: expected '$', got 'b'\r\n");
}

#[test]
fn unauthenticated_clients_get_small_limits() {
    let server = Server::start(&["--requirepass", "secret"]);
    for (bytes, error) in
        [("*11\r\n", "unauthenticated multibulk length"), ("*1\r\n$16385\r\n", "unauthenticated bulk length")]
    {
        let mut c = server.connect();
        c.send(bytes.as_bytes()).unwrap();
        let answer = String::from_utf8(c.read_to_end().unwrap()).unwrap();
        assert_eq!(answer, format!("-ERR Protocol error: {error}\r\n"));
    }
    let mut c = server.connect();
    assert_eq!(c.run("GET x"), Reply::Error("NOAUTH Authentication required.".into()));
    assert_eq!(c.run("AUTH secret"), ok());
    assert_eq!(c.call(&vec!["DEL"; 20]), Reply::Integer(0));
}

#[test]
fn requests_sent_before_the_end_of_input_are_answered() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    c.send(b"SET a 1\r\nGET a\r\n").unwrap();
    assert_eq!(c.read().unwrap(), ok());
    c.finish_sending();
    assert_eq!(c.read_to_end().unwrap(), b"$1\r\n1\r\n");
}

#[test]
fn hello_switches_the_protocol() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let two = c.run("HELLO 2");
    assert!(matches!(two, Reply::Array(_)));
    assert_eq!(two.get("proto"), Some(Reply::Integer(2)));
    c.run("HSET h f v");
    assert_eq!(c.run("HGETALL h"), ["f", "v"].into());
    assert_eq!(c.run("GET none"), Reply::NilBulk);
    let three = c.run("HELLO 3");
    assert!(matches!(three, Reply::Map(_)));
    assert_eq!(c.run("HGETALL h"), Reply::Map(vec![("f".into(), "v".into())]));
    assert_eq!(c.run("GET none"), Reply::Null);
    c.run("ZADD z 1.5 m");
    assert_eq!(c.run("ZSCORE z m"), Reply::Double("1.5".into()));
    c.run("SADD s m");
    assert_eq!(c.run("SMEMBERS s"), Reply::Set(vec!["m".into()]));
    assert!(matches!(c.run("INFO server"), Reply::Verbatim(_)));
    assert_eq!(c.run("HELLO 4"), Reply::Error("NOPROTO unsupported protocol version".into()));
}

#[test]
fn large_values_pass_whole_in_both_directions() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    for size in [1, 16 * 1024 - 1, 16 * 1024, 32 * 1024, 64 * 1024 + 1, 1 << 20, 20 << 20] {
        let value: Vec<u8> = (0..size).map(|i| (i * 7 + i / 256) as u8).collect();
        assert_eq!(c.call(&[b"SET".as_slice(), b"big", &value]), ok());
        assert!(c.run("GET big") == Reply::Bulk(value), "{size} bytes");
    }
}

#[test]
#[ignore = "takes 2 GB of memory"]
fn a_value_of_512_megabytes_passes() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let value = vec![b'v'; 512 << 20];
    assert_eq!(c.call(&[b"SET".as_slice(), b"big", &value]), ok());
    assert!(c.run("GET big") == Reply::Bulk(value));
}

#[test]
fn a_client_that_does_not_read_stalls_nobody() {
    let server = Server::start(&[]);
    let mut slow = server.connect();
    let mut other = server.connect();
    let value = vec![b'v'; 1 << 20];
    assert_eq!(slow.call(&[b"SET".as_slice(), b"big", &value]), ok());
    for _ in 0..64 {
        slow.start(&["GET", "big"]);
    }
    for _ in 0..100 {
        assert_eq!(other.run("PING"), Reply::Simple("PONG".into()));
    }
    for _ in 0..64 {
        assert!(slow.read().unwrap() == Reply::Bulk(value.clone()));
    }
}

#[test]
fn the_unix_socket_speaks_the_same_protocol() {
    use std::io::{Read, Write};
    let server = Server::start(&["--unixsocket", "ochre.sock", "--unixsocketperm", "700"]);
    let path = server.directory().join("ochre.sock");
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
    let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
    stream.write_all(b"ECHO hi\r\n").unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"$2\r\nhi\r\n");
}

#[test]
fn quit_answers_and_closes() {
    let server = Server::start(&[]);
    let mut c: Client = server.connect();
    c.send(b"QUIT\r\nPING\r\n").unwrap();
    assert_eq!(c.read_to_end().unwrap(), b"+OK\r\n");
    // Also if more follows than the server looks at in one go.
    let mut c: Client = server.connect();
    c.send(&[&b"QUIT\r\n"[..], &b"INCR n\r\n".repeat(1000)].concat()).unwrap();
    assert_eq!(c.read_to_end().unwrap(), b"+OK\r\n");
    assert!(server.connect().run("GET n").is_nil());
}
