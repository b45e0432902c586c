//! LOLWUT: a landscape of ochre cliffs, different each time.

use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

pub(super) static LOLWUT: ServerCommand =
    ServerCommand::new("lolwut", Group::Server, -1, Handler::local(lolwut))
        .since("5.0.0")
        .flags(READONLY | FAST)
        .summary("Draws something, and tells the version.")
        .args(&[Arg::integer("version").token("VERSION").optional()]);

const COLUMNS: usize = 66;
const ROWS: i32 = 14;
/// Layers of rock, from the top down.
const LAYERS: [char; 6] = ['.', ':', '=', '+', '*', '#'];

fn lolwut(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    if let Some(word) = args.try_get(1).filter(|word| word.eq_ignore_ascii_case(b"version")) {
        let number = args.try_get(2).and_then(ochre_engine::text::parse_i64);
        if !word.is_empty() && number.is_none() && args.len() > 2 {
            return Err(Error::NOT_INTEGER);
        }
    }
    let mut text = landscape(&mut SmallRng::seed_from_u64(call.scope.state.tick.nanos()));
    text.push_str(&format!(
        "\nCliffs of ochre, worn by rain. Redis ver. {} (Ochre {})\n",
        call.scope.shared.settings.level.version(),
        crate::process::about::OCHRE_VERSION
    ));
    call.reply().verbatim(b"txt", text);
    Ok(())
}

/// Heights that wander from column to column, drawn as layers of rock.
fn landscape(rng: &mut SmallRng) -> String {
    let mut height = rng.random_range(4..10);
    let heights: Vec<i32> = (0..COLUMNS)
        .map(|_| {
            height = (height + rng.random_range(-2..=2)).clamp(1, ROWS - 2);
            height
        })
        .collect();
    let mut text = String::new();
    for row in (0..ROWS).rev() {
        let line: String = heights
            .iter()
            .map(|height| match height - row {
                ..=0 => ' ',
                depth => LAYERS[(depth as usize - 1) / 2 % LAYERS.len()],
            })
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
