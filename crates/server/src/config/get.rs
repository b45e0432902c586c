//! CONFIG GET: the directives that a request names, and their values.

use ochre_engine::text::glob::glob_match_nocase;

use super::{Config, Directive, Flags, directives, find};

impl Config {
    /// The names and values that CONFIG GET answers, each name once.
    ///
    /// A plain name is answered under the name that was asked for, older names included; a pattern
    /// is answered with every name that matches, and leaves hidden directives out.
    pub fn get<'a>(&self, patterns: impl Iterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut answers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for pattern in patterns {
            for (name, directive) in matches(pattern) {
                if !answers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    answers.push((name, directive.show(self)));
                }
            }
        }
        answers
    }
}

fn matches(pattern: &[u8]) -> Vec<(Vec<u8>, &'static Directive)> {
    let is_pattern = pattern.iter().any(|byte| b"[*?".contains(byte));
    if !is_pattern {
        return find(pattern).map(|directive| (pattern.to_vec(), directive)).into_iter().collect();
    }
    directives()
        .filter(|directive| !directive.has(Flags::HIDDEN))
        .flat_map(|directive| directive.names().map(move |name| (name, directive)))
        .filter(|(name, _)| glob_match_nocase(pattern, name.as_bytes()))
        .map(|(name, directive)| (name.as_bytes().to_vec(), directive))
        .collect()
}
