//! Requests: any bytes in any pieces give commands or an error, the same however they are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_resp::request::{Batch, Limits, Parser};

type Commands = Vec<Vec<Vec<u8>>>;

/// Feeds `input` in pieces of `step` bytes; the commands, and whether it ended in an error.
fn parse(input: &[u8], step: usize) -> (Commands, bool) {
    let (mut parser, mut batch, limits) = (Parser::new(), Batch::new(), Limits::default());
    let (mut buffer, mut commands) = (Vec::new(), Vec::new());
    for piece in input.chunks(step) {
        let mut piece = piece;
        if let Some(large) = parser.large() {
            let taken = large.append(piece);
            piece = &piece[taken..];
        }
        buffer.extend_from_slice(piece);
        loop {
            let progress = parser.parse(&buffer, &limits, &mut batch);
            for at in 0..batch.len() {
                commands.push(batch.args(at, &buffer).iter().map(<[u8]>::to_vec).collect());
            }
            match progress {
                Ok(progress) => {
                    buffer.drain(..progress.consumed);
                    if !progress.more {
                        break;
                    }
                }
                Err(_) => return (commands, true),
            }
        }
    }
    (commands, false)
}

fuzz_target!(|input: &[u8]| {
    let whole = parse(input, input.len().max(1));
    assert_eq!(parse(input, 1), whole);
});
