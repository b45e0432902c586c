//! Calls that are not made, because two correct servers may end up in different states.
//!
//! Each reason is one of: chance picks what changes; the time of the call matters; the order among
//! equals decides and is not promised; the reply or the value would be huge; the call would wait.

use super::{Call, has_token, name_of, number, word};

/// Commands on the key `zl`, whose scores stay equal.
const LEX_KEY: &[u8] = b"zl";
const LEX_COMMANDS: &[&str] =
    &["ZLEXCOUNT", "ZREMRANGEBYLEX", "ZREVRANGEBYLEX", "ZRANGEBYLEX", "ZRANGE", "ZADD"];

/// Why `call` must not be made; `None` if it may.
pub fn reason(call: &Call) -> Option<&'static str> {
    let name = name_of(call);
    if name == "COMMAND" {
        return None;
    }
    chance(&name, call)
        .or_else(|| time(&name, call))
        .or_else(|| order(&name, call))
        .or_else(|| size(&name, call))
}

fn chance(name: &str, call: &Call) -> Option<&'static str> {
    let pops_some = number(call, 2).is_none_or(|n| n > 0 && n < 1000);
    (name == "SPOP" && (call.len() == 2 || call.len() == 3 && pops_some))
        .then_some("random members are removed")
}

fn time(name: &str, call: &Call) -> Option<&'static str> {
    let any_number =
        |low: i64, high: i64| (1..call.len()).filter_map(|i| number(call, i)).any(|n| n >= low && n <= high);
    match name {
        "XADD" if call.iter().skip(2).any(|w| w == b"*") => Some("the id is the time"),
        "EXPIRE" | "PEXPIRE" | "SETEX" | "PSETEX" | "EXPIREAT" | "PEXPIREAT" if any_number(2, 99_999) => {
            Some("the key may expire")
        }
        "EXPIRE" | "PEXPIRE" | "SETEX" | "PSETEX" if any_number(1, 1) => Some("the key may expire"),
        "GETEX" | "SET"
            if number_after(call, "EX").is_some_and(soon) || number_after(call, "PX").is_some_and(soon) =>
        {
            Some("the key may expire")
        }
        "SET"
            if number_after(call, "EXAT").is_some_and(is_over)
                || number_after(call, "PXAT").is_some_and(is_over) =>
        {
            Some("the cycle that deletes expired keys comes at any time")
        }
        "XCLAIM" | "XAUTOCLAIM" if number(call, 4).is_some_and(|n| (1..1_000_000).contains(&n)) => {
            Some("idle time decides")
        }
        "XPENDING" if number_after(call, "IDLE").is_some_and(|n| (1..1_000_000).contains(&n)) => {
            Some("idle time decides")
        }
        _ => waits(name, call).then_some("the call would wait"),
    }
}

fn waits(name: &str, call: &Call) -> bool {
    let timeout = match name {
        "BLPOP" | "BRPOP" | "BZPOPMIN" | "BZPOPMAX" | "BLMOVE" | "BRPOPLPUSH" => call.last(),
        "BLMPOP" | "BZMPOP" => call.get(1),
        "XREAD" | "XREADGROUP" => return number_after(call, "BLOCK").is_some_and(|ms| ms == 0 || ms > 50),
        _ => return false,
    };
    let seconds = timeout.and_then(|t| std::str::from_utf8(t).ok()?.parse::<f64>().ok());
    seconds.is_some_and(|s| s == 0.0 || s > 0.05 || s.is_nan())
}

fn order(name: &str, call: &Call) -> Option<&'static str> {
    let is_lex = name.contains("LEX") || has_token(call, "BYLEX");
    let on_lex_key = call.iter().skip(1).any(|w| w == LEX_KEY);
    if is_lex != on_lex_key && !(on_lex_key && LEX_COMMANDS.contains(&name)) {
        return Some("lexicographic order needs equal scores");
    }
    match name {
        "SORT" if has_token(call, "STORE") && has_token(call, "BY") => {
            Some("equal weights are stored in any order")
        }
        "GEORADIUS" | "GEORADIUSBYMEMBER" | "GEOSEARCHSTORE"
            if has_token(call, "ANY") || stores_some(name, call) =>
        {
            Some("any or equally distant members are stored")
        }
        _ => None,
    }
}

/// A limited number of members is stored; among equally distant ones chance decides.
fn stores_some(name: &str, call: &Call) -> bool {
    let stores = name == "GEOSEARCHSTORE" || has_token(call, "STORE") || has_token(call, "STOREDIST");
    stores && has_token(call, "COUNT")
}

fn size(name: &str, call: &Call) -> Option<&'static str> {
    let largest = match name {
        "SETRANGE" => 2_000,
        "SETBIT" => 20_000,
        "BITFIELD" => 2_000,
        "HRANDFIELD" | "SRANDMEMBER" | "ZRANDMEMBER" => {
            return number(call, 2)
                .is_some_and(|n| (i64::MIN / 2..-1000).contains(&n))
                .then_some("the reply would be huge");
        }
        _ => return None,
    };
    let is_offset = |i: &usize| name != "SETRANGE" && name != "SETBIT" || *i == 2;
    let offset = |i: usize| number(call, i).or_else(|| word(call, i).strip_prefix('#')?.parse().ok());
    (2..call.len())
        .filter(is_offset)
        .filter_map(offset)
        .any(|n| n > largest && n <= 1 << 32)
        .then_some("the value would be huge")
}

/// Whether a relative time in seconds or milliseconds ends within an episode.
fn soon(time: i64) -> bool {
    (1..100_000).contains(&time)
}

/// Whether a point in time is long past.
fn is_over(time: i64) -> bool {
    (1..=1000).contains(&time)
}

/// The integer after a token.
fn number_after(call: &Call, token: &str) -> Option<i64> {
    let at = call.iter().position(|w| w.eq_ignore_ascii_case(token.as_bytes()))?;
    number(call, at + 1)
}
