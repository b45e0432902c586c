//! HyperLogLog: any bytes that SET may have stored are refused or safe.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::hyperloglog::{self as hll, Registers};

fuzz_target!(|input: &[u8]| {
    let mut value = b"HYLL".to_vec();
    value.extend_from_slice(input);
    if hll::check(&value).is_none() {
        return;
    }
    let _ = hll::count(&value);
    let mut merged = Registers::new();
    let _ = merged.merge(&value);
    let _ = merged.count();
    let _ = hll::add(&mut value, input, 3000);
    let _ = hll::to_dense(&mut value);
    let _ = hll::count(&value);
});
