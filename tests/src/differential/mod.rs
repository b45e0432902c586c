//! The differential test: the same random calls to two servers, every reply compared.
//!
//! ```text
//! docs ──> generate ──> hazard ──> pair ──> compare ──> shrink ──> a minimal sequence to replay
//!          (values)                 ├─ state: every key, now and then
//!                                   └─ events: keyspace notifications in their order
//! ```
//!
//! What may be called, and with what kinds of arguments, comes from the tested server's own
//! COMMAND DOCS, so a command declared there is tested here without being named again. Only the
//! meaning of argument names (`values`), calls whose outcome depends on chance or time (`hazard`)
//! and replies without a promised order (`compare`) are written down.
//!
//! An *episode* starts from empty servers with random thresholds and depends on its seed only.

pub mod compare;
pub mod docs;
pub mod events;
pub mod generate;
pub mod hazard;
pub mod pair;
pub mod shrink;
pub mod state;
pub mod values;

/// Calls per pipeline.
pub const BATCH: usize = 40;

/// One call: its words, command name first.
pub type Call = Vec<Vec<u8>>;

/// The first word of a call in capitals.
pub fn name_of(call: &Call) -> String {
    call.first().map(|w| String::from_utf8_lossy(w).to_ascii_uppercase()).unwrap_or_default()
}

/// A word of a call in capitals, empty when there is none.
pub fn word(call: &Call, index: usize) -> String {
    call.get(index).map(|w| String::from_utf8_lossy(w).to_ascii_uppercase()).unwrap_or_default()
}

/// Whether any word after the name is `token`, in any case.
pub fn has_token(call: &Call, token: &str) -> bool {
    call.iter().skip(1).any(|w| w.eq_ignore_ascii_case(token.as_bytes()))
}

/// The word at `index` as an integer.
pub fn number(call: &Call, index: usize) -> Option<i64> {
    std::str::from_utf8(call.get(index)?).ok()?.parse().ok()
}

/// A call as a line for redis-cli.
pub fn printed(call: &Call) -> String {
    call.iter().map(|w| printed_word(w)).collect::<Vec<_>>().join(" ")
}

fn printed_word(word: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_:.*~=+([#>?$@/".contains(b);
    if !word.is_empty() && word.iter().all(plain) {
        return String::from_utf8_lossy(word).into_owned();
    }
    format!("\"{}\"", word.escape_ascii())
}
