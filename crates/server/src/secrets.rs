//! Secrets among the arguments of a command: the slow log and MONITOR must not show them.
//!
//! A command with passwords declares a function that finds them (`Meta::secret_finder`). Its common parts are here.

use crate::config::{Flags, find};
use ochre_resp::request::Args;

/// The text that is shown instead of a secret.
pub const REDACTED: &[u8] = b"(redacted)";

/// The indexes of passwords among the arguments of CONFIG SET.
pub fn of_directives(args: Args<'_>) -> Vec<usize> {
    let is_secret = |at: &usize| find(args.get(*at)).is_some_and(|directive| directive.has(Flags::SENSITIVE));
    (2..args.len()).step_by(2).filter(is_secret).map(|at| at + 1).collect()
}

/// The indexes of the `count` arguments behind a word, or of fewer if the call ends before.
pub fn behind(args: Args<'_>, word: &[u8], count: usize) -> Vec<usize> {
    let found = args.iter().position(|arg| arg.eq_ignore_ascii_case(word));
    found.map_or_else(Vec::new, |at| (at + 1..args.len().min(at + 1 + count)).collect())
}

#[cfg(test)]
mod tests {
    use ochre_engine::level::Level;
    use ochre_resp::request::OwnedArgs;

    #[test]
    fn passwords_are_found_where_they_are() {
        let commands = crate::commands::table(Level::Latest);
        let places = |name: &str, words: &str| {
            let args: OwnedArgs = words.split(' ').collect();
            let id = commands.find_full(name.as_bytes()).expect("the command exists");
            commands.get(id).meta.find_secrets(args.args())
        };
        assert_eq!(places("config|set", "config set maxmemory 1 masterauth x"), [5]);
        assert_eq!(places("auth", "auth bob pw"), [1, 2]);
        assert_eq!(places("hello", "hello 3 auth bob pw setname x"), [3, 4]);
        assert_eq!(places("migrate", "migrate h 1 k 0 5 AUTH2 bob pw"), [7, 8]);
        assert!(places("get", "get auth").is_empty());
    }
}
