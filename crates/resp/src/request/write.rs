//! Commands on their way out: into a log on disk, to a replica, to another server.
//!
//! A command is a header line with the count of its words, then each word behind a header line with its length,
//! as [`super::Parser`] and [`super::parse_log`] read them.

use super::Args;
use crate::digits::Line;

/// Appends the header of a command of `words` words, the name included.
#[inline]
pub fn push_count(out: &mut Vec<u8>, words: usize) {
    Line::new(b'*', words as i64).append_to(out);
}

/// Appends a word of a command.
#[inline]
pub fn push_word(out: &mut Vec<u8>, word: &[u8]) {
    out.reserve(word.len() + Line::MAX + 2);
    Line::new(b'$', word.len() as i64).append_to(out);
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

/// Appends a number as a word.
#[inline]
pub fn push_number(out: &mut Vec<u8>, number: i64) {
    push_word(out, itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a whole command.
pub fn push_command(out: &mut Vec<u8>, words: &[&[u8]]) {
    push_count(out, words.len());
    words.iter().for_each(|word| push_word(out, word));
}

/// Appends a command as it came in.
#[inline]
pub fn push_args(out: &mut Vec<u8>, args: Args<'_>) {
    push_count(out, args.len());
    args.iter().for_each(|word| push_word(out, word));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Batch, OwnedArgs, parse_log};
    use proptest::prelude::*;

    #[test]
    fn a_command_has_the_form_redis_gives_it() {
        let mut out = Vec::new();
        push_command(&mut out, &[b"SELECT", b"10"]);
        push_count(&mut out, 1);
        push_number(&mut out, -5);
        assert_eq!(out, b"*2\r\n$6\r\nSELECT\r\n$2\r\n10\r\n*1\r\n$2\r\n-5\r\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]
        #[test]
        fn what_is_written_is_read(words in prop::collection::vec(any::<Vec<u8>>(), 1..5)) {
            let args: OwnedArgs = words.iter().collect();
            let (mut out, mut batch) = (Vec::new(), Batch::new());
            push_args(&mut out, args.args());
            let progress = parse_log(&out, 2, &mut batch).unwrap();
            prop_assert_eq!(progress.consumed, out.len());
            let read: Vec<&[u8]> = batch.args(0, &out).iter().collect();
            prop_assert_eq!(read, words);
        }
    }
}
