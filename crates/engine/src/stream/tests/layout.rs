//! The bytes of nodes, compared with those in DUMP payloads of redis-server 7.0.15.

use crate::encoding::listpack::Listpack;

use super::*;

fn hex(log: &StreamLog) -> String {
    let nodes: Vec<_> = log.nodes().collect();
    assert_eq!(nodes.len(), 1);
    nodes[0].1.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn entries_with_the_fields_of_the_first_leave_them_out() {
    let mut log = StreamLog::new();
    add(&mut log, id(1, 1), &[b"a", b"1", b"b", b"hello"], LIMITS);
    add(&mut log, id(300, 1), &[b"a", b"2", b"b", b"world"], LIMITS);
    assert_eq!(
        hex(&log),
        "380000001200020100010201816102816202000102010001000101018568656c6c6f0605010201c12b0200\
         01020185776f726c64060501ff"
    );
}

#[test]
fn other_fields_are_written_out_and_deleted_entries_flagged() {
    let mut log = StreamLog::new();
    add(&mut log, id(1, 1), &[b"a", b"1", b"b", b"hello"], LIMITS);
    add(&mut log, id(300, 1), &[b"a", b"2", b"b", b"world"], LIMITS);
    add(&mut log, id(300, 2), &[b"c", b"x"], LIMITS);
    add(&mut log, id(70000, 0), &[b"a", b"-5-5-5", b"b", &[b'y'; 70]], LIMITS);
    add(&mut log, id(70000, 1), &[b"a", b"-5000", b"bb", b""], LIMITS);
    let tail = format!(
        "f26f110104dfff02862d352d352d3507e046{}4805010001f26f11010400010201816102f178ec03\
                        8262620380010801ff",
        "79".repeat(70)
    );
    assert_eq!(
        hex(&log),
        format!(
            "c00000002800050100010201816102816202000102010001000101018568656c6c6f0605010201c12b0200\
                 01020185776f726c640605010001c12b020101010181630281780206010201{tail}"
        )
    );
    assert!(log.delete(id(300, 1)));
    assert_eq!(
        hex(&log),
        format!(
            "c00000002800040101010201816102816202000102010001000101018568656c6c6f0605010301c12b0200\
                 01020185776f726c640605010001c12b020101010181630281780206010201{tail}"
        )
    );
    assert_eq!(log.trim(Trim { by: TrimBy::MaxLen(2), approximate: false, limit: 0 }), 2);
    assert_eq!(
        hex(&log),
        format!(
            "c00000002800020103010201816102816202000103010001000101018568656c6c6f0605010301c12b0200\
                 01020185776f726c640605010101c12b020101010181630281780206010201{tail}"
        )
    );
}

#[test]
fn differences_of_ids_wrap_and_number_texts_keep_their_form() {
    let mut log = StreamLog::new();
    add(&mut log, id(5, 5), &[b"7", b"v", b"-1", b"w"], LIMITS);
    add(&mut log, id(5, 6), &[b"7", b"v", b"-1", b"w"], LIMITS);
    add(&mut log, id(5, u64::MAX), &[b"07", b"v", b"-1", b"w"], LIMITS);
    add(&mut log, id(u64::MAX, 3), &[b"7", b"v", b"-1", b"w"], LIMITS);
    assert_eq!(
        hex(&log),
        "5800000021000401000102010701dfff02000102010001000181760281770205010201000101018176028177\
         02050100010001dffa02020182303703817602dfff0281770208010201dffa02dffe028176028177020501ff"
    );
    let ids: Vec<_> = log.range(StreamId::MIN, StreamId::MAX).map(|entry| entry.id()).collect();
    assert_eq!(ids, [id(5, 5), id(5, 6), id(5, u64::MAX), id(u64::MAX, 3)]);
}

#[test]
fn nodes_from_outside_are_checked() {
    let good = unhex(
        "380000001200020100010201816102816202000102010001000101018568656c6c6f0605010201c12b0200\
         01020185776f726c64060501ff",
    );
    let restore = |bytes: &[u8]| {
        let lp = Listpack::from_bytes(bytes).ok()?;
        let mut log = StreamLog::new();
        let live = log.restore_node(id(1, 1), lp)?;
        for entry in log.range(StreamId::MIN, StreamId::MAX) {
            read(entry);
        }
        Some(live)
    };
    assert_eq!(restore(&good), Some(2));
    let refused = [(6, 1), (6, 3), (8, 1), (10, 1), (10, 3), (18, 1), (20, 0), (35, 6), (22, 0x81)];
    for (at, byte) in refused {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_eq!(restore(&bad), None, "byte {at} set to {byte}");
    }
    assert_eq!(restore(&unhex("07000000000000ff")), None);
    for at in 0..good.len() {
        for byte in 0..=255 {
            let mut bad = good.clone();
            bad[at] = byte;
            restore(&bad);
        }
    }
}

#[test]
fn a_million_small_entries_fit_the_memory_target() {
    let mut log = StreamLog::new();
    let mut value = String::new();
    for n in 0..100_000u64 {
        value.clear();
        value.push_str("value:");
        value.push_str(itoa::Buffer::new().format(n + 900_000));
        add(&mut log, id(n + 1, 0), &[b"f", value.as_bytes()], LIMITS);
    }
    let per_entry = log.heap_bytes() as f64 / 100_000.0;
    assert!(per_entry <= 26.0, "{per_entry} bytes per entry");
}
