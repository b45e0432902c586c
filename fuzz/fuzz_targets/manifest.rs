//! Manifests of the append-only file: any bytes are read or refused, and what was read is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_persistence::aof::Manifest;

fuzz_target!(|input: &[u8]| {
    let Ok(mut manifest) = Manifest::parse(input) else { return };
    let text = [b"#\n", &manifest.text()[..]].concat();
    // A name that has to be quoted may make a line too long.
    if let Ok(again) = Manifest::parse(&text) {
        assert_eq!(again, manifest);
    }
    manifest.new_base(b"appendonly.aof", true);
    manifest.new_incr(b"appendonly.aof");
    manifest.retire_incr(1);
    assert_eq!(manifest.incr.len(), 1);
});
