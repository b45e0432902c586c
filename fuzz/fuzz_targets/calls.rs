//! Sequences of calls on a data set: no command may panic, whatever its arguments.
//!
//! The input is read as lines of words; the first word picks a command, so that the fuzzer soon
//! finds all of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_benches::Engine;
use ochre_engine::command::Command;

fuzz_target!(|input: &[u8]| {
    let commands: Vec<&'static Command> = ochre_engine::commands::all().collect();
    let mut engine = Engine::new();
    for line in input.split(|byte| *byte == b'\n').take(64) {
        let mut words: Vec<Vec<u8>> = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        let picked = words[0].first().map_or(0, |byte| *byte as usize) % commands.len();
        words[0] = commands[picked].meta.name.as_bytes().to_vec();
        engine.try_words(&words);
    }
});
