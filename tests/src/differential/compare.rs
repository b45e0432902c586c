//! Whether two replies to the same call mean the same.

use super::{Call, has_token, name_of, number, word};
use crate::Reply;

/// Milliseconds by which clocks and scheduling may differ.
const SLACK_MS: i64 = 5_000;
const SLACK_SECONDS: i64 = 5;

/// Whether `a` and `b` are both right answers to `call` if one of them is.
pub fn same(call: &Call, a: &Reply, b: &Reply) -> bool {
    if a == b {
        return true;
    }
    if a.is_error() || b.is_error() {
        return false;
    }
    if word(call, 1) == "HELP" {
        // Help texts are in our own words.
        return std::mem::discriminant(a) == std::mem::discriminant(b);
    }
    match name_of(call).as_str() {
        "SMEMBERS" | "SINTER" | "SUNION" | "SDIFF" | "KEYS" | "HKEYS" | "HVALS" | "SPOP" => {
            same_members(a, b)
        }
        "HGETALL" => same_pairs(a, b),
        "SCAN" | "SSCAN" => same_scan(call, a, b, false),
        "HSCAN" | "ZSCAN" => same_scan(call, a, b, true),
        "SRANDMEMBER" | "HRANDFIELD" | "ZRANDMEMBER" | "RANDOMKEY" => same_shape(a, b),
        "GEORADIUS" | "GEORADIUS_RO" | "GEORADIUSBYMEMBER" | "GEORADIUSBYMEMBER_RO" | "GEOSEARCH" => {
            same_places(call, a, b)
        }
        "SORT" | "SORT_RO" => same_sorted(call, a, b),
        "TTL" | "EXPIRETIME" => close(a, b, SLACK_SECONDS),
        "PTTL" | "PEXPIRETIME" => close(a, b, SLACK_MS),
        // The small integers that all keys of Redis share have their own idea of when they were used.
        "OBJECT" if word(call, 1) == "IDLETIME" => same_shape(a, b),
        // Which small integers are shared is Redis's memory management: copies are not, ours look so.
        "OBJECT" if word(call, 1) == "REFCOUNT" => same_shape(a, b),
        "XPENDING" => same_pending(a, b),
        "XINFO" => same_timed(a, b),
        _ => false,
    }
}

/// The same elements in any order, in the same kind of collection.
pub fn same_members(a: &Reply, b: &Reply) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && sorted(a.items()) == sorted(b.items())
}

/// The same key-value pairs in any order.
pub fn same_pairs(a: &Reply, b: &Reply) -> bool {
    let sorted_pairs = |reply: &Reply| {
        let mut pairs: Vec<String> = reply.pairs().iter().map(|pair| format!("{pair:?}")).collect();
        pairs.sort_unstable();
        pairs
    };
    std::mem::discriminant(a) == std::mem::discriminant(b) && sorted_pairs(a) == sorted_pairs(b)
}

/// The same types and lengths.
pub fn same_shape(a: &Reply, b: &Reply) -> bool {
    let (x, y) = (a.items(), b.items());
    std::mem::discriminant(a) == std::mem::discriminant(b)
        && x.len() == y.len()
        && x.iter().zip(y).all(|(a, b)| same_shape(a, b))
}

/// A scan that returns everything at once returns the same; others only look alike.
fn same_scan(call: &Call, a: &Reply, b: &Reply, in_pairs: bool) -> bool {
    let ([cursor_a, a], [cursor_b, b]) = (a.items(), b.items()) else { return false };
    let cursor_at = if name_of(call) == "SCAN" { 1 } else { 2 };
    let is_whole = call.iter().any(|w| w == b"1000000") && number(call, cursor_at) == Some(0);
    if !is_whole {
        return true;
    }
    cursor_a == cursor_b && if in_pairs { same_pairs(a, b) } else { same_members(a, b) }
}

/// Results of GEO commands: neither unsorted nor equally distant ones have an order; with ANY, any results are right.
fn same_places(call: &Call, a: &Reply, b: &Reply) -> bool {
    if has_token(call, "COUNT") { a.items().len() == b.items().len() } else { same_members(a, b) }
}

/// Equal weights, and sets that are not sorted at all, come in any order.
fn same_sorted(call: &Call, a: &Reply, b: &Reply) -> bool {
    // ALPHA compares C's strings, for which nothing comes behind a NUL.
    let holds_nul = |reply: &Reply| reply.bytes().is_some_and(|bytes| bytes.contains(&0));
    let equal_texts = has_token(call, "ALPHA") && a.items().iter().chain(b.items()).any(holds_nul);
    if !has_token(call, "BY") && !equal_texts {
        return false;
    }
    if has_token(call, "LIMIT") { a.items().len() == b.items().len() } else { same_members(a, b) }
}

/// Integers that differ by at most `slack`, if both are above zero.
fn close(a: &Reply, b: &Reply, slack: i64) -> bool {
    match (a, b) {
        (Reply::Integer(a), Reply::Integer(b)) => *a >= 0 && *b >= 0 && a.abs_diff(*b) <= slack as u64,
        _ => false,
    }
}

/// The list form of XPENDING: id, consumer, idle time, deliveries.
fn same_pending(a: &Reply, b: &Reply) -> bool {
    let (a, b) = (a.items(), b.items());
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| match (a.items(), b.items()) {
            ([id_a, who_a, idle_a, n_a], [id_b, who_b, idle_b, n_b]) => {
                (id_a, who_a, n_a) == (id_b, who_b, n_b) && close(idle_a, idle_b, SLACK_MS)
            }
            _ => a == b,
        })
}

/// Equal but for idle times (by name) and points in time (by size).
fn same_timed(a: &Reply, b: &Reply) -> bool {
    const POINT_IN_TIME: i64 = 1_000_000_000_000;
    const NAMES: &[&str] = &["idle", "inactive"];
    if a == b {
        return true;
    }
    if let (Reply::Integer(x), Reply::Integer(_)) = (a, b) {
        return *x >= POINT_IN_TIME && close(a, b, SLACK_MS);
    }
    if let (Reply::Map(x), Reply::Map(y)) = (a, b) {
        return x.len() == y.len()
            && x.iter().zip(y).all(|((ka, va), (kb, vb))| {
                ka == kb
                    && (same_timed(va, vb) || NAMES.contains(&ka.text().as_str()) && close(va, vb, SLACK_MS))
            });
    }
    let (x, y) = (a.items(), b.items());
    !x.is_empty()
        && x.len() == y.len()
        && (0..x.len()).all(|i| {
            let is_idle = i > 0 && NAMES.contains(&x[i - 1].text().as_str());
            same_timed(&x[i], &y[i]) || is_idle && close(&x[i], &y[i], SLACK_MS)
        })
}

fn sorted(items: &[Reply]) -> Vec<String> {
    let mut all: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    all.sort_unstable();
    all
}
