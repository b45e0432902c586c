//! Error replies that quote what a client sent, against a live redis-server 7.0: the bytes are the same
//! whatever they are.

use ochre_tests::differential::printed;
use ochre_tests::{Reply, Server};

/// Calls whose errors quote the argument `@`, and whose other words are as they stand.
const CALLS: &[&str] = &[
    "@",
    "@ @ @",
    "a@b c@ @d",
    "GETx@",
    "CONFIG @",
    "CONFIG SET @ 1",
    "CONFIG SET maxmemory @",
    "CONFIG SET maxmemory-policy @",
    "CONFIG SET appendonly @",
    "CONFIG SET save @",
    "CONFIG SET client-output-buffer-limit @",
    "CONFIG SET notify-keyspace-events @",
    "CLIENT @",
    "CLIENT KILL TYPE @",
    "CLIENT KILL @ @",
    "CLIENT LIST TYPE @",
    "CLIENT KILL USER @",
    "CLIENT REPLY @",
    "CLIENT SETNAME @",
    "CLIENT NO-EVICT @",
    "DEBUG @",
    "DEBUG ERROR @",
    "DEBUG ERROR ERR@",
    "DEBUG PROTOCOL @",
    "HELLO @",
    "HELLO 3 @",
    "HELLO 3 AUTH @ @",
    "AUTH @ @",
    "EXPIRE k 10 @",
    "XGROUP @ k g",
    "XGROUP CREATE k g $ @",
    "XGROUP CREATECONSUMER x @ c",
    "XINFO @ k",
    "XINFO STREAM x @",
    "XINFO CONSUMERS x @",
    "XCLAIM x @ c 0 1-1",
    "XCLAIM x g c 0 1-1 @",
    "XPENDING @ @",
    "XREADGROUP GROUP @ c STREAMS x >",
    "XAUTOCLAIM @ @ c 0 0",
    "GEOSEARCHx@ k",
    "OBJECT @ k",
    "OBJECT ENCODING @",
    "MEMORY @",
    "LATENCY @",
    "LATENCY GRAPH @",
    "SLOWLOG @",
    "SLOWLOG GET @",
    "SLOWLOG GET 1 @",
    "PUBSUB @",
    "COMMAND @",
    "COMMAND LIST FILTERBY @ x",
    "COMMAND GETKEYS @",
    "PFDEBUG @ p",
    "SELECT @",
    "FLUSHALL @",
    "SHUTDOWN @",
    "INCRBYFLOAT k @",
    "SETBIT k @ 1",
    "BITFIELD k GET @ 0",
    "ECHO @ @",
];

const WORDS: &[&[u8]] = &[
    b"plain",
    b"\xff\xfe",
    b"\0",
    b"a\0b",
    b"\r\n",
    b"a\r\n\r\n",
    b"\nb\rc",
    "\u{e9}\u{20ac}\u{1f600}".as_bytes(),
    &[0xc3; 200],
    &[b'y'; 127],
    b"",
];

#[test]
fn errors_quote_any_bytes_as_in_redis() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let (mut ours, mut theirs) = (subject.connect(), reference.connect());
    let mut differences = Vec::new();
    for c in [&mut ours, &mut theirs] {
        c.run("XGROUP CREATE x g $ MKSTREAM");
        c.run("PFADD p a");
    }
    for line in CALLS {
        for word in WORDS {
            let call: Vec<Vec<u8>> = line.split(' ').map(|part| fill(part, word)).collect();
            let (x, y) = (ours.call(&call), theirs.call(&call));
            // A directive's value ends at a NUL there; here no value holds one.
            let ends_early = line.starts_with("CONFIG SET") && y.is_ok() && word.contains(&0);
            if x != y && !(x.is_nil() && y.is_nil()) && !ends_early {
                differences.push(format!("{}\n  ours   {x:?}\n  theirs {y:?}", printed(&call)));
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn the_error_of_a_spoilt_transaction_quotes_any_bytes() {
    let server = Server::like_reference();
    let mut c = server.connect();
    c.run("MULTI");
    let Reply::Error(text) = c.call(&[b"no\xff".as_slice()]) else { panic!("an error") };
    assert_eq!(text.chars().map(|c| c as u8).filter(|byte| *byte == 0xff).count(), 1);
    assert!(c.run("EXEC").is_error());
}

fn fill(part: &str, word: &[u8]) -> Vec<u8> {
    match part.split_once('@') {
        Some((before, after)) => [before.as_bytes(), word, after.as_bytes()].concat(),
        None => part.as_bytes().to_vec(),
    }
}
