//! DUMP and RESTORE as clients see them.

use ochre_engine::command::effects::{Propagation, Remark};
use ochre_engine::level::Level;
use ochre_engine::settings::{MaxmemoryPolicy, SanitizeDumpPayload};
use ochre_engine::testing::Bench;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.settings.level = Level::V7_0;
    bench.more = super::all().collect();
    bench
}

/// The payload of a key, as DUMP replies it.
fn dump(bench: &mut Bench, key: &str) -> Vec<u8> {
    let reply = bench.run_raw(&["DUMP", key]);
    let start = reply.iter().position(|byte| *byte == b'\n').expect("a bulk string") + 1;
    reply[start..reply.len() - 2].to_vec()
}

fn restore(bench: &mut Bench, key: &str, ttl: &str, payload: &[u8], options: &[&str]) -> String {
    let mut words = vec![b"RESTORE".to_vec(), key.into(), ttl.into(), payload.to_vec()];
    words.extend(options.iter().map(|word| word.as_bytes().to_vec()));
    bench.run(&words)
}

#[test]
fn payloads_are_those_of_redis() {
    let mut bench = bench();
    bench.run(&["SET", "foo", "bar"]);
    assert_eq!(dump(&mut bench, "foo"), b"\x00\x03bar\x0a\x00\xe6\xbeI`\xeef\xfd\x17");
    bench.run(&["SET", "n", "10"]);
    assert_eq!(dump(&mut bench, "n"), b"\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb");
    assert_eq!(bench.run(&["DUMP", "missing"]), "$-1");
}

#[test]
fn a_key_comes_back_under_another_name() {
    let mut bench = bench();
    bench.run(&["RPUSH", "list", "a", "1", "c"]);
    let payload = dump(&mut bench, "list");
    assert_eq!(restore(&mut bench, "copy", "0", &payload, &[]), "+OK");
    assert_eq!(bench.run(&["LRANGE", "copy", "0", "-1"]), "*3 $1 a $1 1 $1 c");
    assert_eq!(bench.fx.dirty, 0);
    assert_eq!(restore(&mut bench, "copy", "0", &payload, &[]), "-BUSYKEY Target key name already exists.");
    assert_eq!(restore(&mut bench, "copy", "5000", &payload, &["REPLACE"]), "+OK");
    assert_eq!(bench.fx.events.iter().map(|event| event.name).collect::<Vec<_>>(), ["new", "restore"]);
    let at = bench.now.0 + 5000;
    let Propagation::Instead(commands) = &bench.fx.propagation else { panic!("it is rewritten") };
    let [words] = &commands[..] else { panic!("one command") };
    assert_eq!(words[2], at.to_string().into_bytes());
    assert_eq!(words[4..], [b"REPLACE".to_vec(), b"ABSTTL".to_vec()]);
    assert_eq!(bench.run(&["PEXPIRETIME", "copy"]), format!(":{at}"));
}

#[test]
fn a_key_that_would_be_gone_at_once_only_deletes() {
    let mut bench = bench();
    bench.run(&["SET", "a", "b"]);
    let payload = dump(&mut bench, "a");
    assert_eq!(restore(&mut bench, "x", "1", &payload, &["ABSTTL"]), "+OK");
    assert_eq!((bench.run(&["EXISTS", "x"]).as_str(), bench.fx.dirty), (":0", 0));
    assert_eq!(restore(&mut bench, "a", "1", &payload, &["ABSTTL", "REPLACE"]), "+OK");
    assert_eq!(bench.fx.events[0].name, "del");
    assert_eq!(bench.fx.propagation, Propagation::Instead(vec![vec![b"DEL".to_vec(), b"a".to_vec()]]));
    assert_eq!(bench.run(&["EXISTS", "a"]), ":0");
}

#[test]
fn idle_time_and_frequency_are_set() {
    let mut bench = bench();
    bench.run(&["SET", "a", "b"]);
    let payload = dump(&mut bench, "a");
    restore(&mut bench, "idle", "0", &payload, &["IDLETIME", "1000"]);
    assert_eq!(bench.run(&["OBJECT", "IDLETIME", "idle"]), ":1000");
    bench.settings.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
    restore(&mut bench, "freq", "0", &payload, &["FREQ", "100"]);
    assert_eq!(bench.run(&["OBJECT", "FREQ", "freq"]), ":100");
}

#[test]
fn refusals_have_the_words_of_redis() {
    let mut bench = bench();
    bench.run(&["SET", "a", "b"]);
    let payload = dump(&mut bench, "a");
    for (ttl, options, wanted) in [
        ("0", &["bogus"][..], "-ERR syntax error"),
        ("0", &["IDLETIME"], "-ERR syntax error"),
        ("0", &["IDLETIME", "1", "FREQ", "1"], "-ERR syntax error"),
        ("0", &["IDLETIME", "-1"], "-ERR Invalid IDLETIME value, must be >= 0"),
        ("0", &["FREQ", "256"], "-ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("x", &[], "-ERR value is not an integer or out of range"),
        ("-1", &[], "-ERR Invalid TTL value, must be >= 0"),
    ] {
        assert_eq!(restore(&mut bench, "new", ttl, &payload, options), wanted);
    }
    let wrong = "-ERR DUMP payload version or checksum are wrong";
    assert_eq!(restore(&mut bench, "new", "0", b"short", &[]), wrong);
    assert_eq!(restore(&mut bench, "new", "0", &payload[2..], &[]), wrong);
    bench.settings.skip_checksum_validation = true;
    assert_eq!(restore(&mut bench, "new", "0", &payload[2..], &[]), "-ERR Bad data format");
}

#[test]
fn a_member_that_is_there_twice_is_found_if_that_is_asked_for() {
    let mut bench = bench();
    bench.settings.skip_checksum_validation = true;
    let twice = b"\x10\x0f\x0f\0\0\0\x04\0\x81a\x02\x01\x01\x81a\x02\x02\x01\xff\x0a\0........";
    let twice: Vec<u8> = [&[0x10, 17, 17][..], &twice[3..]].concat();
    assert_eq!(restore(&mut bench, "h", "0", &twice, &[]), "+OK");
    bench.settings.sanitize_dump_payload = SanitizeDumpPayload::Clients;
    assert_eq!(restore(&mut bench, "h", "0", &twice, &["REPLACE"]), "-ERR Bad data format");
    bench.caller.trusted = true;
    assert_eq!(restore(&mut bench, "h", "0", &twice, &["REPLACE"]), "+OK");
}

#[test]
fn the_first_level_is_told_the_time_of_expiry_in_a_command_of_its_own() {
    let mut bench = bench();
    bench.settings.level = Level::V4_0;
    bench.run(&["SET", "a", "b"]);
    let payload = dump(&mut bench, "a");
    assert_eq!(restore(&mut bench, "copy", "5000", &payload, &[]), "+OK");
    let Propagation::Instead(commands) = &bench.fx.propagation else { panic!("it is rewritten") };
    let at = (bench.now.0 + 5000).to_string().into_bytes();
    assert_eq!(commands[0][2], b"0");
    assert_eq!(commands[1], [b"PEXPIREAT".to_vec(), b"copy".to_vec(), at]);
}

#[test]
fn what_is_searched_deeply_is_counted() {
    let mut bench = bench();
    bench.settings.sanitize_dump_payload = SanitizeDumpPayload::Yes;
    bench.run(&["HSET", "h", "f", "v"]);
    let payload = dump(&mut bench, "h");
    assert_eq!(restore(&mut bench, "copy", "0", &payload, &[]), "+OK");
    assert_eq!(bench.fx.remarks, [Remark::Sanitized(1)]);
}
