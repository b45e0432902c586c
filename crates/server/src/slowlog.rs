//! The slow log: the commands that took longest, newest first.
//!
//! An entry stays small: it has 32 arguments at most, of 128 bytes each (slowlog.h).

use crate::client::Client;
use crate::secrets::REDACTED;
use ochre_resp::request::Args;
use std::collections::VecDeque;

/// The most arguments of an entry; the last one then tells how many are missing.
const MAX_ARGS: usize = 32;
/// The most bytes of an argument, without the note of how many are missing.
const MAX_ARG_BYTES: usize = 128;

/// A slow command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number of the entry, from 0 at the start of the server.
    pub id: u64,
    /// The end of the command, in seconds since 1970.
    pub unix_seconds: i64,
    /// The duration in microseconds.
    pub micros: u64,
    /// The arguments as far as they are kept.
    pub args: Vec<Vec<u8>>,
    /// The address of the client.
    pub address: Box<str>,
    /// The name of the client.
    pub client_name: Box<[u8]>,
}

/// The slow log.
#[derive(Debug, Default)]
pub struct Slowlog {
    entries: VecDeque<Entry>,
    next_id: u64,
}

impl Slowlog {
    /// Adds a command, and removes the oldest entries beyond `max_len`.
    pub fn push(
        &mut self,
        client: &Client,
        args: Args<'_>,
        secrets: &[usize],
        unix_seconds: i64,
        micros: u64,
        max_len: u64,
    ) {
        let entry = Entry {
            id: self.next_id,
            unix_seconds,
            micros,
            args: cut(args, secrets),
            address: client.address.clone(),
            client_name: client.name.clone().unwrap_or_default(),
        };
        self.next_id += 1;
        self.entries.push_front(entry);
        self.trim(max_len);
    }

    /// Removes the oldest entries beyond `max_len`.
    pub fn trim(&mut self, max_len: u64) {
        self.entries.truncate(usize::try_from(max_len).unwrap_or(usize::MAX));
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entries, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

/// The arguments as the log keeps them, secrets left out.
fn cut(args: Args<'_>, secrets: &[usize]) -> Vec<Vec<u8>> {
    let kept = if args.len() > MAX_ARGS { MAX_ARGS - 1 } else { args.len() };
    let mut words: Vec<Vec<u8>> = (0..kept)
        .map(|at| if secrets.contains(&at) { REDACTED.to_vec() } else { cut_arg(args.get(at)) })
        .collect();
    if kept < args.len() {
        words.push(format!("... ({} more arguments)", args.len() - kept).into_bytes());
    }
    words
}

fn cut_arg(arg: &[u8]) -> Vec<u8> {
    if arg.len() <= MAX_ARG_BYTES {
        return arg.to_vec();
    }
    let rest = format!("... ({} more bytes)", arg.len() - MAX_ARG_BYTES);
    [&arg[..MAX_ARG_BYTES], rest.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ochre_resp::request::OwnedArgs;

    fn args(words: &[&[u8]]) -> OwnedArgs {
        let mut args = OwnedArgs::new();
        words.iter().for_each(|word| args.push(word));
        args
    }

    #[test]
    fn many_arguments_are_cut_to_32() {
        let args = args(&[b"x".as_slice(); 34]);
        let words = cut(args.args(), &[]);
        assert_eq!((words.len(), words[31].as_slice()), (32, b"... (3 more arguments)".as_slice()));
        let just = self::args(&[b"x".as_slice(); 32]);
        assert_eq!(cut(just.args(), &[]).len(), 32);
    }

    #[test]
    fn long_arguments_are_cut_and_secrets_left_out() {
        let long = [b'A'; 129];
        let args = args(&[b"config", b"secret", &long]);
        let words = cut(args.args(), &[1]);
        assert_eq!(words[1], REDACTED);
        assert!(words[2].ends_with(b"A... (1 more bytes)"));
    }
}
