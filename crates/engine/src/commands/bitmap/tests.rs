//! Tests of the bitmap commands.

use crate::level::Level;
use crate::testing::Bench;

#[test]
fn bits_are_set_read_counted_and_found() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SETBIT k 1 1", ":0"),
        ("SETBIT k 1 1", ":1"),
        ("GETBIT k 1", ":1"),
        ("GETBIT k 100", ":0"),
        ("SETBIT k 9 2", "-ERR bit is not an integer or out of range"),
        ("SETBIT k -1 1", "-ERR bit offset is not an integer or out of range"),
        ("SETBIT k 4294967296 1", "-ERR bit offset is not an integer or out of range"),
        ("SET s foobar", "+OK"),
        ("BITCOUNT s", ":26"),
        ("BITCOUNT s 1 1", ":6"),
        ("BITCOUNT s 5 30 BIT", ":17"),
        ("BITCOUNT s -2 -3", ":0"),
        ("BITCOUNT s 1", "-ERR syntax error"),
        ("BITCOUNT missing 1 x", ":0"),
        ("BITPOS s 1", ":1"),
        ("BITPOS s 0 1 1", ":8"),
        ("BITPOS s 2", "-ERR The bit argument must be 1 or 0."),
        ("SETRANGE full 0 \u{7f}", ":1"),
        ("BITPOS missing 0", ":0"),
        ("BITPOS missing 1", ":-1"),
    ]);
    bench.run_raw(&[&b"SET"[..], b"full", b"\xff\xff"]);
    bench.check(&[("BITPOS full 0", ":16"), ("BITPOS full 0 0 -1", ":-1"), ("BITPOS full 0 0", ":16")]);
    bench.settings.level = Level::V6_2;
    assert_eq!(bench.run(&["BITCOUNT", "s", "0", "1", "BIT"]), "-ERR syntax error");
}

#[test]
fn setting_a_bit_to_what_it_is_changes_nothing() {
    let mut bench = Bench::new();
    bench.run(&["SETBIT", "k", "7", "0"]);
    assert_eq!((bench.fx.dirty, bench.events()), (1, vec!["new", "setbit"]));
    bench.run(&["SETBIT", "k", "7", "0"]);
    assert_eq!((bench.fx.dirty, bench.events()), (0, vec![]));
}

#[test]
fn strings_are_combined_into_another() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET a abc b AB", "+OK"),
        ("BITOP OR to a b missing", ":3"),
        ("GET to", "$3 abc"),
        ("BITOP and to a b", ":3"),
        ("GET to", "$3 AB\0"),
        ("BITOP NOT to a b", "-ERR BITOP NOT must be called with a single source key."),
        ("BITOP NAND to a b", "-ERR syntax error"),
        ("BITOP XOR to missing", ":0"),
        ("EXISTS to", ":0"),
    ]);
}

#[test]
fn fields_are_read_set_and_incremented() {
    let mut bench = Bench::new();
    bench.check(
        &[
            ("BITFIELD k SET u8 0 255 GET u8 0 INCRBY u8 0 1", "*3 :0 :255 :0"),
            ("BITFIELD k SET u8 #1 7 GET u4 12", "*2 :0 :7"),
            ("BITFIELD k OVERFLOW SAT INCRBY i8 0 200 OVERFLOW FAIL INCRBY i8 0 1", "*2 :127 $-1"),
            (
                "BITFIELD k GET u64 0",
                "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
            ),
            ("BITFIELD k GET u8 -1", "-ERR bit offset is not an integer or out of range"),
            ("BITFIELD k OVERFLOW x", "-ERR Invalid OVERFLOW type specified"),
            ("BITFIELD k SET u8 0", "-ERR syntax error"),
            ("BITFIELD k", "*0"),
            ("BITFIELD_RO k GET i8 0", "*1 :127"),
            ("BITFIELD_RO k SET i8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand"),
            ("BITFIELD missing GET i64 100", "*1 :0"),
            ("EXISTS missing", ":0"),
        ],
    );
}
