//! A log of commands, read, checked and replayed: no bytes may panic, and the reader and the checker agree about
//! what is whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::testing::Bench;
use ochre_persistence::aof::{Checker, End, LogError, LogReader};

fuzz_target!(|input: &[u8]| {
    let mut bench = Bench::new();
    bench.caller.trusted = true;
    let mut reader = LogReader::new(input, 0, input.len() as u64);
    let ended = loop {
        match reader.next(64) {
            Ok(Some(commands)) => {
                for at in 0..commands.len() {
                    let words: Vec<&[u8]> = commands.args(at).iter().collect();
                    let name = String::from_utf8_lossy(words[0]).to_ascii_lowercase();
                    if ochre_engine::commands::all().any(|command| command.meta.name == name) {
                        bench.run_raw(&words);
                    }
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let mut checker = Checker::default();
    let verdict = checker.check(input, 0, "fuzz").expect("memory can be read");
    assert!(verdict.valid <= input.len() as u64);
    // The checker also knows about transactions, so it may find less; an annotation may end anywhere for it.
    let is_whole = verdict.valid == input.len() as u64 && input.ends_with(b"\n");
    if verdict.end == End::Here && checker.error.is_none() && is_whole {
        assert!(!matches!(ended, Err(LogError::Truncated)), "the checker calls a cut-off log whole");
    }
});
