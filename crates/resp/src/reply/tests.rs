//! Replies written and read back.

use std::io::IoSlice;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Output, Protocol, Reply};
use crate::value::Value;

fn written(protocol: Protocol, write: impl FnOnce(&mut Reply<'_>)) -> String {
    let mut out = Output::new();
    write(&mut Reply::new(&mut out, protocol));
    String::from_utf8(out.to_vec()).unwrap()
}

/// Sends the output in pieces of `step` bytes through small groups of slices.
fn drained(out: &mut Output, step: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    while !out.is_empty() {
        let mut slices = [IoSlice::new(&[]); 3];
        let count = out.slices(&mut slices);
        let piece: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
        assert!(!piece.is_empty());
        let piece = &piece[..piece.len().min(step)];
        sent.extend_from_slice(piece);
        let before = out.len();
        out.advance(piece.len());
        assert_eq!(out.len(), before - piece.len());
    }
    sent
}

#[test]
fn the_two_protocols_spell_their_values() {
    fn all(reply: &mut Reply<'_>) {
        reply.null();
        reply.null_array();
        reply.bool(true);
        reply.double("1.5");
        reply.big_number("123");
        reply.verbatim(b"txt", "abc");
        reply.map(1);
        reply.set(2);
        reply.push(3);
        if reply.attribute(1) {
            reply.int(7);
        }
    }
    let resp2 = "$-1\r\n*-1\r\n:1\r\n$3\r\n1.5\r\n$3\r\n123\r\n$3\r\nabc\r\n*2\r\n*2\r\n*3\r\n";
    let resp3 = "_\r\n_\r\n#t\r\n,1.5\r\n(123\r\n=7\r\ntxt:abc\r\n%1\r\n~2\r\n>3\r\n|1\r\n:7\r\n";
    assert_eq!(written(Protocol::Resp2, all), resp2);
    assert_eq!(written(Protocol::Resp3, all), resp3);
}

#[test]
fn errors_stay_on_one_line_whatever_bytes_they_hold() {
    let mut out = Output::new();
    let mut reply = Reply::new(&mut out, Protocol::Resp2);
    reply.error("ERR unknown command 'a\r\nb'\r\n");
    reply.error("WRONGTYPE Operation");
    reply.error(b"ERR \xff\0\n\r\n");
    assert_eq!(out.to_vec(), b"-ERR unknown command 'a  b'\r\n-WRONGTYPE Operation\r\n-ERR \xff\0\r\n");
}

#[test]
fn deferred_lengths_of_any_width_nest() {
    for (outer, inner) in [(1usize, 3usize), (12, 5), (3, 2000)] {
        let text = written(Protocol::Resp3, |reply| {
            let place = reply.deferred();
            for _ in 0..outer {
                let place = reply.deferred();
                (0..inner).for_each(|number| reply.int(number as i64));
                reply.set_set_len(place, inner);
            }
            reply.set_array_len(place, outer);
        });
        let element: String = (0..inner).map(|number| format!(":{number}\r\n")).collect();
        let expected = format!("*{outer}\r\n{}", format!("~{inner}\r\n{element}").repeat(outer));
        assert_eq!(text, expected);
    }
}

#[test]
fn a_reply_is_withdrawn_across_chunks_and_shared_values() {
    let mut out = Output::new();
    let mut reply = Reply::new(&mut out, Protocol::Resp2);
    reply.ok();
    let mark = reply.mark();
    for _ in 0..100 {
        reply.bulk([1; 10_000]);
        reply.bulk_shared(&Bytes::from(vec![2; 20_000]));
    }
    reply.rollback(mark);
    reply.int(5);
    assert_eq!(out.to_vec(), b"+OK\r\n:5\r\n");
    assert_eq!(out.len(), 9);
}

#[test]
fn large_values_are_referred_to() {
    let value = Bytes::from(vec![b'x'; Output::SHARED_FROM]);
    let mut out = Output::new();
    Reply::new(&mut out, Protocol::Resp2).bulk_shared(&value);
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(out.slices(&mut slices), 3);
    assert_eq!(slices[1].as_ptr(), value.as_ptr());
    assert!(out.memory_bytes() < 4096);
    out.advance(out.len());
    assert!(value.is_unique());
}

#[test]
fn an_idle_output_holds_no_memory() {
    let mut out = Output::new();
    assert!(out.give_buffer(Vec::with_capacity(100)).is_none());
    Reply::new(&mut out, Protocol::Resp2).ok();
    assert!(out.take_buffer().is_none());
    out.advance(5);
    assert_eq!(out.take_buffer().map(|buffer| (buffer.len(), buffer.capacity())), Some((0, 100)));
    assert_eq!(out.memory_bytes(), 0);
}

fn value() -> impl Strategy<Value = Value> {
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    let line = "[a-zA-Z0-9 .]{0,20}".prop_map(String::into_bytes);
    let leaf = prop_oneof![
        line.clone().prop_map(Value::Simple),
        line.clone().prop_map(Value::Error),
        any::<i64>().prop_map(Value::Int),
        bytes.clone().prop_map(Value::Bulk),
        (Output::SHARED_FROM..Output::SHARED_FROM + 99).prop_map(|len| Value::Bulk(vec![7; len])),
        Just(Value::Null),
        line.clone().prop_map(Value::Double),
        any::<bool>().prop_map(Value::Bool),
        line.prop_map(Value::BigNumber),
        bytes.prop_map(|text| Value::Verbatim(*b"txt", text)),
    ];
    leaf.prop_recursive(3, 60, 12, |inner| {
        let many = prop::collection::vec(inner.clone(), 0..12);
        let pairs = prop::collection::vec((inner.clone(), inner), 0..6);
        prop_oneof![
            many.clone().prop_map(Value::Array),
            many.clone().prop_map(Value::Set),
            many.prop_map(Value::Push),
            pairs.prop_map(Value::Map),
        ]
    })
}

fn write(reply: &mut Reply<'_>, value: &Value, deferred: bool) {
    match value {
        Value::Simple(text) => reply.simple(std::str::from_utf8(text).unwrap()),
        Value::Error(text) => reply.error(text),
        Value::Int(number) => reply.int(*number),
        Value::Bulk(bytes) => reply.bulk_shared(&Bytes::from(bytes.clone())),
        Value::Null => reply.null(),
        Value::Double(text) => reply.double(text),
        Value::Bool(value) => reply.bool(*value),
        Value::BigNumber(text) => reply.big_number(text),
        Value::Verbatim(format, text) => reply.verbatim(format, text),
        Value::Push(values) => {
            reply.push(values.len());
            values.iter().for_each(|value| write(reply, value, deferred));
        }
        Value::Array(values) | Value::Set(values) => write_many(reply, value, values, deferred),
        Value::Map(pairs) => {
            let place = deferred.then(|| reply.deferred());
            if !deferred {
                reply.map(pairs.len());
            }
            for (key, value) in pairs {
                write(reply, key, deferred);
                write(reply, value, deferred);
            }
            if let Some(place) = place {
                reply.set_map_len(place, pairs.len());
            }
        }
        Value::Attribute(..) => unreachable!("not generated"),
    }
}

fn write_many(reply: &mut Reply<'_>, value: &Value, values: &[Value], deferred: bool) {
    let is_array = matches!(value, Value::Array(_));
    let place = deferred.then(|| reply.deferred());
    match (deferred, is_array) {
        (true, _) => {}
        (false, true) => reply.array(values.len()),
        (false, false) => reply.set(values.len()),
    }
    values.iter().for_each(|value| write(reply, value, deferred));
    match (place, is_array) {
        (Some(place), true) => reply.set_array_len(place, values.len()),
        (Some(place), false) => reply.set_set_len(place, values.len()),
        (None, _) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 100 }))]

    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(value(), 1..20), deferred: bool, step in 1usize..100_000) {
        let mut out = Output::new();
        let mut reply = Reply::new(&mut out, Protocol::Resp3);
        values.iter().for_each(|value| write(&mut reply, value, deferred));
        let bytes = out.to_vec();
        let step = step.max(bytes.len() / 500);
        prop_assert_eq!(&drained(&mut out, step), &bytes);
        let mut rest = &bytes[..];
        for value in &values {
            let (read, len) = Value::parse(rest).unwrap().unwrap();
            prop_assert_eq!(&read, value);
            prop_assert_eq!(Value::parse(&rest[..len - 1]), Ok(None));
            rest = &rest[len..];
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn random_bytes_never_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Value::parse(&bytes);
    }
}
