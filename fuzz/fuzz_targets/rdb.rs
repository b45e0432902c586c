//! Whole RDB files: hostile bytes are refused or load into a world that can be saved and loaded again.
//!
//! The first byte is the version; what follows the signature comes behind it. The checker reads the
//! same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::digest::Digest;
use ochre_engine::keyspace::World;
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_persistence::rdb::check::check;
use ochre_persistence::rdb::{LoadOptions, SaveOptions, Source, load, load_ahead, save};
use ochre_persistence::testing::{Filler, Later};
use std::sync::atomic::AtomicU64;

const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// Loads a file in both ways, which must do the same.
fn loaded(file: &[u8], settings: &Settings) -> Option<World> {
    let (seed, searched) = (Seed::new(1, 2), AtomicU64::new(0));
    let options = LoadOptions { settings, seed, now: NOW, deep: Some(&searched), checksum: false };
    let world = || World::new(1, settings.databases, seed);
    let source = || Source::new(file, Some(file.len() as u64));
    let (mut first, mut second) = (world(), world());
    let result = load(&mut source(), &options, &mut Filler::new(&mut first));
    let mut decoders = Later::new(options.decoding());
    let ahead = load_ahead(&mut source(), &options, &mut Filler::new(&mut second), &mut decoders);
    assert!(Digest::of_world(first.view()) == Digest::of_world(second.view()));
    match (result, ahead) {
        (Ok(loaded), Ok(ahead)) => assert!(loaded == ahead),
        (Err(error), Err(ahead)) => {
            assert!(error.to_string() == ahead.to_string());
            return None;
        }
        _ => panic!("only one way loads it"),
    }
    Some(first)
}

fuzz_target!(|input: &[u8]| {
    let Some((version, rest)) = input.split_first() else { return };
    let mut file = format!("REDIS{:04}", version % 13).into_bytes();
    file.extend_from_slice(rest);
    let _ = check(&mut Source::new(&file[..], None), NOW, &mut std::io::sink());
    let settings = Settings::default();
    let Some(mut world) = loaded(&file, &settings) else { return };
    let mut saved = Vec::new();
    save(world.view(), &mut saved, &SaveOptions::new(&settings, NOW), |_| Ok(()))
        .expect("a vector takes everything");
    let mut again = loaded(&saved, &settings).expect("what was saved is loaded");
    assert!(Digest::of_world(again.view()) == Digest::of_world(world.view()));
});
