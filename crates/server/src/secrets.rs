//! Which arguments of a command are secrets: the slow log and MONITOR must not show them.

use crate::config::{Flags, find};
use ochre_resp::request::Args;

/// What is shown in place of a secret.
pub const REDACTED: &[u8] = b"(redacted)";

/// The places of the secrets among the arguments of a command of this full name.
pub fn places(full_name: &str, args: Args<'_>) -> Vec<usize> {
    match full_name {
        "config|set" => (2..args.len())
            .step_by(2)
            .filter(|at| find(args.get(*at)).is_some_and(|directive| directive.has(Flags::SENSITIVE)))
            .map(|at| at + 1)
            .collect(),
        "auth" => (1..args.len()).collect(),
        "acl|setuser" => (2..args.len()).collect(),
        "hello" => behind(args, b"AUTH", 2),
        "migrate" => {
            let mut places = behind(args, b"AUTH", 1);
            places.extend(behind(args, b"AUTH2", 2));
            places
        }
        _ => Vec::new(),
    }
}

/// The places of the `count` arguments behind a word.
fn behind(args: Args<'_>, word: &[u8], count: usize) -> Vec<usize> {
    let found = args.iter().position(|arg| arg.eq_ignore_ascii_case(word));
    found.map_or_else(Vec::new, |at| (at + 1..args.len().min(at + 1 + count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ochre_resp::request::OwnedArgs;

    #[test]
    fn passwords_are_found_where_they_are() {
        let places = |name: &str, words: &str| {
            let mut args = OwnedArgs::new();
            words.split(' ').for_each(|word| args.push(word.as_bytes()));
            places(name, args.args())
        };
        assert_eq!(places("config|set", "config set maxmemory 1 masterauth x"), [5]);
        assert_eq!(places("acl|setuser", "acl setuser bob on"), [2, 3]);
        assert_eq!(places("hello", "hello 3 auth bob pw setname x"), [3, 4]);
        assert_eq!(places("migrate", "migrate h 1 k 0 5 AUTH2 bob pw"), [7, 8]);
        assert!(places("get", "get auth").is_empty());
    }
}
