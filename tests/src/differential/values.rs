//! Values for arguments, chosen by the names that the documentation gives to arguments.
//!
//! The values are few and small, so that calls meet the same keys and members again and again. Now and then a value is
//! at a limit: lengths around 64, numbers around the ends of i64, not-quite numbers, binary bytes.

use super::docs::Argument;
use crate::Rng;

/// A word.
pub type Word = Vec<u8>;

/// Key names by type; several per type so that commands on many keys find different contents.
const KEYS: &[(&str, &[&str])] = &[
    ("string", &["s1", "s2", "s3"]),
    ("bitmap", &["s1", "b1", "b2"]),
    ("hyperloglog", &["p1", "p2", "s1"]),
    ("list", &["l1", "l2", "l3"]),
    ("set", &["t1", "t2", "t3"]),
    ("sorted-set", &["z1", "z2", "z3"]),
    ("geo", &["g1", "g2", "z1"]),
    ("hash", &["h1", "h2", "h3"]),
    ("stream", &["x1", "x2"]),
];

const MEMBERS: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "1", "2", "3", "10", "-5", "aa", "ab", "B"];
const SMALL: &[&str] = &["0", "1", "2", "3", "4", "5", "-1", "-2", "-3", "10", "100"];
const SCORES: &[&str] = &["0", "1", "2", "3", "1.5", "-1", "2.25", "1e3", "inf", "-inf", "0.1", "-0", "3.0"];
const BAD_NUMBERS: &[&str] = &[
    "abc",
    "",
    " 1",
    "1 ",
    "+1",
    "01",
    "1.0",
    "0x10",
    "1e2",
    "nan",
    "--1",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999",
];
const LIMITS: &[&str] = &[
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775806",
    "4294967296",
    "2147483647",
    "2147483648",
    "-2147483649",
    "65536",
    "-9223372036854775807",
    "1000000",
];
const IDS: &[&str] = &[
    "0",
    "0-0",
    "0-1",
    "1",
    "1-1",
    "1-2",
    "1-3",
    "2-0",
    "2-1",
    "3-3",
    "5-5",
    "10-1",
    "18446744073709551615",
    "18446744073709551615-18446744073709551615",
    "1-*",
    "-",
    "+",
    "(1-1",
    "(2-1",
    "$",
    ">",
    "a-b",
    "1-",
];
const ADD_IDS: &[&str] = &[
    "1-1", "1-2", "1-3", "2-1", "2-2", "3-1", "4-1", "5-1", "6-*", "7-*", "8-1", "9-9", "10-*", "11-1",
    "12-*", "13-1", "20-*", "0-0", "abc", "30-5", "40-*", "50-1",
];
/// Bytes that are no text: not UTF-8, line ends, NUL, two characters of two bytes.
pub const NASTY: &[&[u8]] = &[
    b"\xff",
    b"a\0b",
    b"\0",
    b"x\r\ny",
    b"z\r\n",
    b"\n",
    b"\x80\xfe'\n\"",
    "\u{e9}\u{20ac}".as_bytes(),
    b"\x01\x1b[0m",
];
const RANGES: &[&str] =
    &["0", "1", "2", "(1", "(2", "-inf", "+inf", "inf", "-1", "1.5", "(1.5", "3", "100", "nan", "abc"];
const LEX: &[&str] = &["-", "+", "[a", "(a", "[c", "(d", "[f", "[", "(", "a", "[aa"];

/// A key, mostly one that `group` works on.
pub fn key(group: &str, rng: &mut Rng) -> Word {
    let own = KEYS.iter().find(|(name, _)| *name == group).filter(|_| rng.chance(92));
    let names = own.map_or_else(|| rng.pick(KEYS).1, |(_, names)| names);
    match rng.below(60) {
        0 => b"".to_vec(),
        1 => b"bin\0\r\n\xff".to_vec(),
        2 => b"none".to_vec(),
        _ => rng.pick(names).as_bytes().to_vec(),
    }
}

/// A member, field or value.
pub fn member(rng: &mut Rng) -> Word {
    match rng.below(40) {
        0 => Vec::new(),
        1 => vec![b'x'; rng.range(62, 66)],
        2 => vec![b'y'; *rng.pick(&[7, 8, 9, 20, 21, 43, 44, 45, 300])],
        3 => rng.pick(NASTY).to_vec(),
        4 => rng.pick(LIMITS).as_bytes().to_vec(),
        5 => rng.pick(BAD_NUMBERS).as_bytes().to_vec(),
        6 => rng.pick(SCORES).as_bytes().to_vec(),
        7..12 => rng.range(0, 600).to_string().into_bytes(),
        12..16 => format!("m{}", rng.below(200)).into_bytes(),
        _ => rng.pick(MEMBERS).as_bytes().to_vec(),
    }
}

/// A word for a value argument of `command` (lower case, subcommands with `|`).
pub fn value(argument: &Argument, kind: &str, command: &str, group: &str, rng: &mut Rng) -> Word {
    if kind == "key" {
        return key(group, rng);
    }
    if let Some(word) = by_name(argument.name.as_str(), command, group, rng) {
        return word.into_bytes();
    }
    match kind {
        "integer" => integer(rng).into_bytes(),
        "double" => double(rng).into_bytes(),
        "pattern" => pattern(rng).into_bytes(),
        "unix-time" => deadline(&argument.name, rng).into_bytes(),
        _ => member(rng),
    }
}

/// Arguments whose name or command says more than their type.
fn by_name(name: &str, command: &str, group: &str, rng: &mut Rng) -> Option<String> {
    let mut from = |list: &[&str]| Some((*rng.pick(list)).to_owned());
    match (name, command) {
        ("id", "xadd") => from(ADD_IDS),
        ("id" | "last-id" | "max_deleted_entry_id" | "lastid", _) if group == "stream" => from(IDS),
        ("start" | "end", "xrange" | "xrevrange" | "xpending" | "xautoclaim") => from(IDS),
        ("threshold", _) => from(&["0", "1", "3", "5", "10", "2-1", "5-5", "-1", "abc"]),
        ("group" | "groupname", _) => from(&["g1", "g2", "g1", "gx"]),
        ("consumer" | "consumername", _) => from(&["c1", "c2", "c3"]),
        ("min-idle-time" | "ms", _) => from(&["0", "0", "0", "3600000", "-1", "abc"]),
        ("min" | "max", _) if command.contains("lex") => from(LEX),
        ("min" | "max", _) => from(RANGES),
        ("start" | "stop", "zrange" | "zrangestore") => {
            if rng.chance(60) {
                Some(integer(rng))
            } else {
                Some((*rng.pick(RANGES)).to_owned())
            }
        }
        ("encoding", _) => {
            from(&["u8", "i8", "u1", "i5", "u16", "i16", "u63", "i64", "i32", "u64", "u0", "x8", "i65", "u4"])
        }
        ("offset", "bitfield" | "bitfield_ro") => {
            from(&["0", "1", "7", "8", "#0", "#1", "#2", "100", "-1", "#-1", "a", "31"])
        }
        ("offset", "setbit" | "getbit") => {
            from(&["0", "1", "7", "8", "9", "63", "100", "1000", "20000", "-1", "4294967296", "x"])
        }
        ("offset", "setrange") => {
            from(&["0", "1", "2", "5", "10", "60", "100", "2000", "-1", "536870912", "x"])
        }
        ("value", "setbit") => from(&["0", "1", "1", "2", "-1", "x"]),
        ("bit", _) => from(&["0", "1", "2", "-1", "x"]),
        ("operation", "bitop") => from(&["AND", "OR", "XOR", "NOT", "NAND", "and"]),
        ("type", "scan") => from(&["string", "list", "set", "zset", "hash", "stream", "STRING", "none"]),
        // Other cursors mean different positions in each server (COMPATIBILITY.md).
        ("cursor", _) => from(&["0", "0", "0", "0", "-1", "abc"]),
        ("count", _) if command.ends_with("scan") => from(&["1000000", "1000000", "10", "1", "0", "-1", "a"]),
        ("count", "spop") => from(&["1000000", "0", "-1", "abc", "9223372036854775807"]),
        ("count" | "num-matches" | "limit" | "rank", _) => {
            from(&["0", "1", "2", "3", "5", "100", "-1", "-2", "-5", "abc", "1"])
        }
        ("timeout", _) => from(&["0.001", "0.002", "-1", "abc", "nan", "inf"]),
        ("milliseconds", "xread" | "xreadgroup") => from(&["1", "2", "-1", "abc"]),
        ("seconds" | "milliseconds", _) => from(&[
            "100000",
            "200000",
            "300000",
            "1000000",
            "0",
            "-1",
            "-100",
            "abc",
            "9223372036854775807",
            "9223372036854775",
        ]),
        ("index" | "index1" | "index2" | "db" | "destination-db", c)
            if ["select", "swapdb", "move", "copy"].contains(&c) =>
        {
            from(&["0", "1", "0", "1", "2", "15", "16", "-1", "abc"])
        }
        _ => place_or_name(name, command, rng),
    }
}

/// Arguments of GEO and of introspection commands.
fn place_or_name(name: &str, command: &str, rng: &mut Rng) -> Option<String> {
    let mut from = |list: &[&str]| Some((*rng.pick(list)).to_owned());
    match (name, command) {
        ("longitude", _) => {
            from(&["0", "1", "13.361389", "15.087269", "-179", "180", "181", "12.5", "abc", "2.349014"])
        }
        ("latitude", _) => {
            from(&["0", "1", "38.115556", "37.502669", "-85", "85.05112878", "86", "48.864716", "abc"])
        }
        ("radius" | "width" | "height", _) => {
            from(&["1", "100", "200", "1000", "5000", "0", "-1", "abc", "20000", "0.5"])
        }
        ("subcommand", "pfdebug") => from(&["getreg", "decode", "encoding", "todense", "nope"]),
        ("section", _) => from(&["server"]),
        ("clientname" | "connection-name", _) => from(&["name", "na me"]),
        ("decrement" | "increment", _) if !command.ends_with("float") => Some(integer(rng)),
        _ => None,
    }
}

/// An integer, rarely at a limit or malformed.
pub fn integer(rng: &mut Rng) -> String {
    let list = match rng.below(30) {
        0 => BAD_NUMBERS,
        1 | 2 => LIMITS,
        _ => SMALL,
    };
    (*rng.pick(list)).to_owned()
}

fn double(rng: &mut Rng) -> String {
    match rng.below(40) {
        0 => (*rng.pick(BAD_NUMBERS)).to_owned(),
        1 => (*rng.pick(LIMITS)).to_owned(),
        2 => (*rng.pick(&[
            "1e300",
            "-1e300",
            "1e-300",
            "3.14159265358979",
            "1e17",
            "0.30000000000000004",
            "1e400",
        ]))
        .to_owned(),
        3 => format!("{}.{}", rng.below(1000), rng.below(100_000)),
        _ => (*rng.pick(SCORES)).to_owned(),
    }
}

fn pattern(rng: &mut Rng) -> String {
    const PATTERNS: &[&str] = &[
        "*", "a*", "?", "[a-c]", "[^a]*", "s*", "*1", "h?", "\\*", "[", "", "w_*", "h1->*", "#", "nosort",
        "o_*->f",
    ];
    (*rng.pick(PATTERNS)).to_owned()
}

/// A point in time that is long over or far ahead.
fn deadline(name: &str, rng: &mut Rng) -> String {
    let in_ms = name.contains("milli");
    let list: &[&str] = if in_ms {
        &["4102444800000", "4102444801234", "1000", "0", "-1", "abc", "9223372036854775807"]
    } else {
        &["4102444800", "4102444801", "1", "0", "-1", "abc", "9223372036854775807"]
    };
    (*rng.pick(list)).to_owned()
}
