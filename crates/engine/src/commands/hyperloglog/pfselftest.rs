//! PFSELFTEST: checks in the running server that registers keep their values and that estimates
//! are near the truth.

use crate::command::{ADMIN, Args, Command, Ctx, Error, Group, Outcome};
use crate::hyperloglog::{self as hll, Corrupt};
use rand::RngCore;

/// Declaration of `PFSELFTEST`.
pub static PFSELFTEST: Command = Command::new("pfselftest", Group::HyperLogLog, 1, pfselftest)
    .since("2.8.9")
    .flags(ADMIN)
    .summary("Tests the HyperLogLog implementation.")
    .complexity("O(1)")
    .system();

/// Elements added at most. Redis adds ten times as many, for seconds.
const ELEMENTS: u64 = 1_000_000;
/// The standard error of 16384 registers.
const STANDARD_ERROR: f64 = 1.04 / 128.0;

fn pfselftest(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let seed = ctx.rng.next_u64();
    let failed = |text: String| Error::new(format!("ERR TESTFAILED {text}"));
    match run(seed, ctx.settings.hll_sparse_max_bytes) {
        Ok(None) => {
            ctx.reply.ok();
            Ok(())
        }
        Ok(Some(text)) => Err(failed(text)),
        Err(Corrupt) => Err(failed("registers do not add up".to_owned())),
    }
}

/// What is wrong, if anything is.
fn run(seed: u64, sparse_max_bytes: usize) -> Result<Option<String>, Corrupt> {
    let (mut sparse, mut dense) = (hll::new(), hll::new());
    hll::to_dense(&mut dense)?;
    let mut checkpoint = 1;
    for n in 1..=ELEMENTS {
        let element = (n ^ seed).to_le_bytes();
        hll::add(&mut sparse, &element, sparse_max_bytes)?;
        hll::add_dense(&mut dense, &element);
        if n != checkpoint {
            continue;
        }
        let count = hll::count(&dense)?;
        if hll::count(&sparse)? != count {
            return Ok(Some("dense/sparse disagree".to_owned()));
        }
        let error = count.abs_diff(n);
        // Among ten elements two may collide, which is more than the standard error allows for.
        let allowed = if n == 10 { 1.0 } else { (6.0 * STANDARD_ERROR * n as f64).ceil() };
        if error as f64 > allowed {
            return Ok(Some(format!("Too big error. card:{n} abserr:{error}")));
        }
        checkpoint *= 10;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_implementation_passes() {
        for seed in [0, 0x1234_5678_9abc_def0] {
            assert_eq!(super::run(seed, 3000), Ok(None));
        }
    }
}
