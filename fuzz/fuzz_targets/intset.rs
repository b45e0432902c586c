//! Intsets: hostile bytes are refused or behave as a set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::encoding::intset::Intset;

fuzz_target!(|input: &[u8]| {
    let Ok(mut set) = Intset::from_bytes(input) else { return };
    let before: Vec<i64> = set.iter().collect();
    assert!(before.is_sorted());
    for value in [i64::MIN, 0, i64::MAX] {
        set.insert(value);
        assert!(set.contains(value));
    }
    before.iter().for_each(|value| assert!(set.contains(*value)));
    before.iter().for_each(|value| {
        set.remove(*value);
        assert!(!set.contains(*value));
    });
});
