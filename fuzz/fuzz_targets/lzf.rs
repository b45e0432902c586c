//! LZF: hostile bytes never reach beyond the declared length; what is compressed comes back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::encoding::lzf;

fuzz_target!(|input: &[u8]| {
    let _ = lzf::decompress(input, input.len() * 4);
    if let Some(packed) = lzf::compress(input, input.len()) {
        assert_eq!(lzf::decompress(&packed, input.len()).expect("own output"), input);
    }
});
