//! PFADD: adds elements to a HyperLogLog.

use super::{encoding_of, store};
use crate::command::{
    Arg, Args, Command, Ctx, DENYOOM, EventClasses, FAST, Group, INSERT, Key, KeySpec, Outcome, RW, WRITE,
};
use crate::hyperloglog::{self as hll, Encoding};
use crate::keyspace::StrMut;

/// Declaration of `PFADD key [element ...]`.
pub static PFADD: Command = Command::new("pfadd", Group::HyperLogLog, -2, pfadd)
    .since("2.8.9")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | INSERT)])
    .summary("Adds elements to a HyperLogLog, creating it if it is missing.")
    .complexity("O(1) for each element.")
    .args(&[Arg::key("key"), Arg::string("element").multiple().optional()]);

fn pfadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let max_bytes = ctx.settings.hll_sparse_max_bytes;
    let elements = args.from(2);
    let found = match ctx.keys.edit_str(key)? {
        None => Found::Nothing,
        Some(mut value) => match encoding_of(&value.get())? {
            Encoding::Dense => Found::Dense { added: add_dense(&mut value, elements) },
            Encoding::Sparse => Found::Sparse(value.get().to_vec()),
        },
    };
    let (mut bytes, created) = match found {
        Found::Dense { added } => {
            report(ctx, key, added);
            return Ok(());
        }
        Found::Sparse(bytes) => (bytes, 0),
        Found::Nothing => (hll::new(), 1),
    };
    let (added, outcome) = add_all(&mut bytes, elements, max_bytes);
    if created + added > 0 {
        store(&mut ctx.keys, key, &bytes)?;
    }
    outcome?;
    report(ctx, key, created + added);
    Ok(())
}

/// What the key holds.
enum Found {
    Nothing,
    /// A dense value, changed in place.
    Dense {
        added: u64,
    },
    /// A copy of a sparse value, which changes its size.
    Sparse(Vec<u8>),
}

fn report(ctx: &mut Ctx<'_>, key: Key<'_>, updated: u64) {
    if updated > 0 {
        ctx.changed(key, EventClasses::STRING, "pfadd", updated);
    }
    ctx.reply.int(i64::from(updated > 0));
}

/// Adds elements until the registers prove corrupt; counts those that changed something.
fn add_all(value: &mut Vec<u8>, elements: Args<'_>, max_bytes: usize) -> (u64, Outcome) {
    let mut added = 0;
    for element in elements.iter() {
        match hll::add(value, element, max_bytes) {
            Ok(changed) => added += u64::from(changed),
            Err(corrupt) => return (added, Err(corrupt.into())),
        }
    }
    hll::invalidate(value);
    (added, Ok(()))
}

fn add_dense(value: &mut StrMut<'_>, elements: Args<'_>) -> u64 {
    let bytes = &mut *value.bytes_mut();
    let added = elements.iter().filter(|element| hll::add_dense(bytes, element)).count();
    if added > 0 {
        hll::invalidate(bytes);
    }
    added as u64
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;

    #[test]
    fn adding_tells_whether_the_estimate_may_change() {
        let mut bench = Bench::new();
        assert_eq!(bench.run(&["PFADD", "h"]), ":1");
        assert_eq!(bench.events(), ["new", "pfadd"]);
        assert_eq!(bench.run(&["PFADD", "h"]), ":0");
        assert_eq!(bench.run(&["PFADD", "h", "a", "b", "c"]), ":1");
        assert_eq!(bench.fx.dirty, 3);
        assert_eq!(bench.run(&["PFADD", "h", "a", "b"]), ":0");
        assert_eq!(bench.run(&["PFCOUNT", "h"]), ":3");
        assert_eq!(bench.fx.dirty, 1, "the estimate was cached");
        assert_eq!(bench.run(&["PFCOUNT", "h"]), ":3");
        assert_eq!(bench.fx.dirty, 0);
        assert_eq!(bench.run(&["PFDEBUG", "TODENSE", "h"]), ":1");
        assert_eq!(bench.run(&["PFADD", "h", "d"]), ":1");
        assert_eq!(bench.run(&["PFMERGE", "i", "h"]), "+OK");
        assert_eq!(bench.run(&["PFCOUNT", "h", "i", "none"]), ":4");
        assert_eq!(bench.run(&["PFDEBUG", "ENCODING", "i"]), "+dense");
    }

    #[test]
    fn other_strings_are_refused() {
        let mut bench = Bench::new();
        bench.run(&["SET", "s", "12345"]);
        bench.run(&["SET", "broken", "HYLL\x01\0\0\0\0\0\0\0\0\0\0\u{7f}\x00\x00"]);
        let refused = "-WRONGTYPE Key is not a valid HyperLogLog string value.";
        for call in [&["PFADD", "s", "a"][..], &["PFCOUNT", "s"], &["PFMERGE", "t", "s"]] {
            assert_eq!(bench.run(call), refused);
        }
        assert_eq!(bench.run(&["PFADD", "broken", "a"]), "-INVALIDOBJ Corrupted HLL object detected");
        assert_eq!(bench.run(&["PFCOUNT", "broken", "s"]), "-INVALIDOBJ Corrupted HLL object detected");
    }
}
