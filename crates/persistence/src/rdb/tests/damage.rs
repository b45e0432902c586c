//! Damaged and hostile bytes: an error or something sound, never a panic.

use super::*;
use proptest::prelude::*;

fn sample() -> (Bench, Vec<u8>) {
    let mut bench = at_level(Level::V7_2);
    for line in [
        "SET a b",
        "RPUSH l a b c",
        "SADD s 1 2",
        "SADD t a b",
        "HSET h f v",
        "ZADD z 1 a 2 b",
        "XADD x 1-1 f v",
        "XGROUP CREATE x g 0",
        "XREADGROUP GROUP g c STREAMS x >",
    ] {
        bench.run(&line.split(' ').collect::<Vec<_>>());
    }
    let file = saved(&mut bench, |options| options.checksum = false);
    (bench, file)
}

#[test]
fn a_file_cut_anywhere_is_refused_with_the_place() {
    let (bench, file) = sample();
    for len in 0..file.len() {
        let error = loaded(&file[..len], &bench.settings).err().expect("a part is no file");
        assert!(matches!(error.fault, Fault::Short), "{len}: {error}");
        assert!(error.offset <= len as u64);
    }
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let (bench, mut file) = sample();
    let end = file.len();
    file[end - 1] = 1;
    let error = loaded(&file, &bench.settings).err().unwrap();
    assert!(matches!(error.fault, Fault::Checksum { stored: 0x0100_0000_0000_0000, .. }), "{error}");
}

#[test]
fn errors_name_type_and_key() {
    let (bench, _) = sample();
    let file = b"REDIS0012\xfe\x00\x18\x03keyrest";
    let error = loaded(file, &bench.settings).err().unwrap();
    assert_eq!(
        error.to_string(),
        "values of type 24 (hash-hashtable-md) are not supported at offset 16, \
         in a value of type 24 (hash-hashtable-md), key 'key'"
    );
    for (file, wanted) in [
        (&b"RUBIS0001"[..], "wrong signature"),
        (b"REDIS0000", "version 0"),
        (b"REDIS0013", "version 13"),
        (b"REDIS00x1", "version 0"),
        (b"REDIS0011\xc8\x01kv", "Unknown RDB encoding type 200"),
        (b"REDIS0011\x00\x01k\x01v\x00\x01k\x01v", "duplicated key"),
    ] {
        let error = loaded(file, &bench.settings).err().unwrap().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn lengths_that_lie_take_no_memory() {
    let (bench, _) = sample();
    let huge = b"\x81\xff\xff\xff\xff\xff\xff\xff\xff";
    for value_type in 0u8..22 {
        let mut file = b"REDIS0011".to_vec();
        file.extend_from_slice(&[0xfb, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
        file.extend_from_slice(&[value_type, 1, b'k']);
        file.extend_from_slice(huge);
        assert!(loaded(&file, &bench.settings).is_err());
    }
    // A compressed string that claims to be of 1 GB.
    let bomb = b"REDIS0011\x00\x01k\xc3\x05\x80\x40\x00\x00\x00\x01aa\xe0\x00\xff";
    assert!(loaded(bomb, &bench.settings).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((9usize..300, any::<u8>()), 1..4)) {
        let (bench, mut file) = sample();
        for (at, byte) in changes {
            let at = at % file.len();
            file[at.max(9)] = byte;
        }
        if let Ok((mut back, _)) = loaded(&file, &bench.settings) {
            use_everything(&mut back);
        }
    }
}

/// Reads, changes and saves everything, as a later user would.
pub(super) fn use_everything(bench: &mut Bench) {
    let _ = digest(bench);
    let _ = saved(bench, |_| ());
    for key in ["a", "l", "s", "t", "h", "z", "x"] {
        for line in [
            "APPEND @ x",
            "RPUSH @ 1 2 3",
            "LPOP @",
            "LREM @ 0 a",
            "SADD @ z 99 y",
            "SPOP @",
            "SREM @ a 1",
            "HSET @ q 1 w 2",
            "HDEL @ f",
            "HRANDFIELD @ 3",
            "ZADD @ 5 q 6 r",
            "ZREM @ a",
            "ZRANGE @ 0 -1 WITHSCORES",
            "ZPOPMIN @",
            "XADD @ * a b",
            "XRANGE @ - +",
            "XINFO STREAM @ FULL",
            "XDEL @ 1-1",
            "XTRIM @ MAXLEN 1",
            "XACK @ g 1-1",
            "XAUTOCLAIM @ g d 0 0",
            "XGROUP DELCONSUMER @ g c",
            "OBJECT ENCODING @",
            "COPY @ @2",
            "DEL @",
        ] {
            bench.run(&line.replace('@', key).split(' ').collect::<Vec<_>>());
        }
    }
}
