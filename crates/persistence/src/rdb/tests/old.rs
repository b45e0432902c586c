//! Files of old versions, made by hand from the description of the format.

use super::*;
use ochre_engine::encoding::listpack::Item;

fn string(bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 16384);
    let mut out = (bytes.len() as u16 | 0x4000).to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

fn file(version: u8, entries: &[(u8, &str, Vec<u8>)]) -> Vec<u8> {
    let mut out = format!("REDIS{version:04}").into_bytes();
    out.extend_from_slice(b"\xfe\x00");
    for (value_type, key, value) in entries {
        out.push(*value_type);
        out.extend_from_slice(&string(key.as_bytes()));
        out.extend_from_slice(value);
    }
    out.push(0xff);
    if version >= 5 {
        let crc = crc64::update(0, &out);
        out.extend_from_slice(&crc.to_le_bytes());
    }
    out
}

fn ziplist_of(texts: &[&str]) -> Vec<u8> {
    string(&ziplist::of(texts.iter().map(|text| match text.parse() {
        Ok(integer) => Item::Int(integer),
        Err(_) => Item::Str(text.as_bytes()),
    })))
}

fn settings() -> Settings {
    Settings::default()
}

fn show(file: &[u8], commands: &[&str]) -> Vec<String> {
    let (mut bench, _) = loaded(file, &settings()).unwrap_or_else(|error| panic!("{error}"));
    commands.iter().map(|line| bench.run(&line.split(' ').collect::<Vec<_>>())).collect()
}

#[test]
fn version_1_has_linked_values_and_expiries_in_seconds() {
    let mut bytes = b"REDIS0001\xfe\x00\xfd\x00\x00\x00\x70".to_vec();
    bytes.extend_from_slice(b"\x00\x01s\x05value");
    bytes.extend_from_slice(b"\x01\x01l\x02\x01a\xc0\x7b");
    bytes.extend_from_slice(b"\x02\x01t\x02\x01a\x01b");
    bytes.extend_from_slice(b"\x03\x01z\x03\x01a\x031.5\x01b\xfe\x01c\xff");
    bytes.extend_from_slice(b"\x04\x01h\x01\x01f\x01v\xff");
    assert_eq!(
        show(&bytes, &["PEXPIRETIME s", "LRANGE l 0 -1", "SCARD t", "ZRANGE z 0 -1 WITHSCORES", "HGET h f"]),
        [":1879048192000", "*2 $1 a $3 123", ":2", "*6 $1 c $4 -inf $1 a $3 1.5 $1 b $3 inf", "$1 v"]
    );
}

#[test]
fn small_collections_of_versions_2_to_9_become_listpacks() {
    let zipmap = string(b"\x02\x01a\x01\x00x\x02bb\x02\x01yy.\xff");
    let bytes = file(
        6,
        &[
            (9, "zipmap", zipmap),
            (10, "list", ziplist_of(&["a", "17", "-70000"])),
            (12, "zset", ziplist_of(&["m", "1", "n", "2.5"])),
            (13, "hash", ziplist_of(&["f", "v", "g", "12"])),
            (11, "ints", string(b"\x02\0\0\0\x02\0\0\0\x01\0\x05\0")),
        ],
    );
    assert_eq!(
        show(
            &bytes,
            &[
                "HGETALL zipmap",
                "LRANGE list 0 -1",
                "ZRANGE zset 0 -1 WITHSCORES",
                "HGETALL hash",
                "SMEMBERS ints",
                "OBJECT ENCODING zipmap",
                "OBJECT ENCODING list",
                "OBJECT ENCODING zset"
            ]
        ),
        [
            "*4 $1 a $1 x $2 bb $2 yy",
            "*3 $1 a $2 17 $6 -70000",
            "*4 $1 m $1 1 $1 n $3 2.5",
            "*4 $1 f $1 v $1 g $2 12",
            "*2 $1 1 $1 5",
            "$8 listpack",
            "$8 listpack",
            "$8 listpack",
        ]
    );
}

#[test]
fn quicklists_of_ziplists_keep_their_nodes() {
    let mut value = vec![3];
    value.extend(ziplist_of(&["a", "b"]));
    value.extend(ziplist_of(&[]));
    value.extend(ziplist_of(&["3"]));
    let bytes = file(8, &[(14, "list", value)]);
    assert_eq!(
        show(&bytes, &["LRANGE list 0 -1", "OBJECT ENCODING list"]),
        ["*3 $1 a $1 b $1 3", "$9 quicklist"]
    );
}

#[test]
fn collections_beyond_the_thresholds_become_tables() {
    let long = "x".repeat(65);
    let fields: Vec<String> = (0..1200).map(|at| at.to_string()).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut zipmap = vec![1, 1, b'f', 65, 0];
    zipmap.extend_from_slice(long.as_bytes());
    zipmap.push(0xff);
    let bytes = file(
        7,
        &[
            (9, "zipmap", string(&zipmap)),
            (13, "hash", ziplist_of(&fields)),
            (12, "zset", ziplist_of(&fields)),
        ],
    );
    assert_eq!(
        show(
            &bytes,
            &[
                "OBJECT ENCODING zipmap",
                "OBJECT ENCODING hash",
                "OBJECT ENCODING zset",
                "HLEN hash",
                "ZSCORE zset 1198"
            ]
        ),
        ["$9 hashtable", "$9 hashtable", "$8 skiplist", ":600", "$4 1199"]
    );
}

#[test]
fn a_ziplist_of_scores_out_of_order_is_sorted() {
    let bytes = file(6, &[(12, "zset", ziplist_of(&["b", "2", "a", "1"]))]);
    assert_eq!(show(&bytes, &["ZRANGE zset 0 -1"]), ["*2 $1 a $1 b"]);
}

#[test]
fn empty_collections_are_left_out() {
    let bytes = file(
        10,
        &[
            (1, "a", vec![0]),
            (2, "b", vec![0]),
            (3, "c", vec![0]),
            (4, "d", vec![0]),
            (5, "e", vec![0]),
            (10, "f", ziplist_of(&[])),
            (12, "g", ziplist_of(&[])),
            (13, "h", ziplist_of(&[])),
            (14, "i", vec![0]),
            (18, "j", vec![0]),
            (16, "k", string(b"\x07\0\0\0\0\0\xff")),
            (17, "l", string(b"\x07\0\0\0\0\0\xff")),
            (0, "m", vec![1, b'v']),
        ],
    );
    let (_, told) = loaded(&bytes, &settings()).unwrap();
    assert_eq!((told.keys, told.empty_keys), (1, 12));
}

#[test]
fn members_that_are_there_twice_are_corruption() {
    let twice = || ziplist_of(&["a", "1", "a", "2"]);
    for (value_type, value) in [
        (2, b"\x02\x01a\x01a".to_vec()),
        (4, b"\x02\x01a\x01b\x01a\x01c".to_vec()),
        (3, b"\x02\x01a\x011\x01a\x012".to_vec()),
        (9, string(b"\x02\x01a\x01\x00b\x01a\x01\x00c\xff")),
        (12, twice()),
        (13, twice()),
    ] {
        let error = loaded(&file(6, &[(value_type, "k", value)]), &settings()).err().unwrap();
        let text = error.to_string();
        let words = ["Duplicate", "dup elements", "integrity check failed"];
        assert!(words.iter().any(|word| text.contains(word)), "{value_type}: {error}");
    }
}

#[test]
fn data_of_modules_beside_the_keys_is_skipped() {
    let mut bytes = b"REDIS0009\xf7\x81".to_vec();
    bytes.extend_from_slice(&[7; 8]);
    bytes.extend_from_slice(b"\x02\x01\x05\x02hi\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0");
    assert_eq!(show(&bytes, &["GET k"]), ["$1 v"]);
    // A key of a module cannot be left out: that would lose data.
    let key = file(9, &[(7, "k", vec![0x81, 7, 7, 7, 7, 7, 7, 7, 7, 0])]);
    assert!(loaded(&key, &settings()).err().unwrap().to_string().contains("module"));
}

#[test]
fn slot_hints_are_read_over() {
    let bytes = b"REDIS0011\xf4\x05\x01\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0";
    assert_eq!(show(bytes, &["GET k"]), ["$1 v"]);
}
