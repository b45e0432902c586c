//! Whole files, written and read back: by commands, by hand, and damaged.

mod damage;
mod old;
mod round_trip;

use super::*;
use crate::testing::{Filler, Later};
use ochre_engine::digest::Digest;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_engine::testing::Bench;
use ochre_engine::time::UnixMs;
use std::sync::atomic::AtomicU64;

fn saved(bench: &mut Bench, change: impl FnOnce(&mut SaveOptions<'_>)) -> Vec<u8> {
    let mut options = SaveOptions::new(&bench.settings, bench.now);
    change(&mut options);
    let mut file = Vec::new();
    let saved = save(bench.world.view(), &mut file, &options, |_| Ok(())).expect("vectors take everything");
    assert_eq!(saved.bytes, file.len() as u64);
    file
}

/// Loads a file into a fresh world, in both ways, which must do the same; the same thresholds decide.
fn loaded(file: &[u8], settings: &Settings) -> Result<(Bench, Loaded), LoadError> {
    let (mut bench, mut other) = (Bench::new(), Bench::new());
    bench.settings = *settings;
    let searched = AtomicU64::new(0);
    let options = LoadOptions {
        settings,
        seed: bench.world.seed(),
        now: bench.now,
        deep: Some(&searched),
        checksum: true,
    };
    let source = || Source::new(file, Some(file.len() as u64));
    let (mut filler, mut twin) = (Filler::new(&mut bench.world), Filler::new(&mut other.world));
    let result = load(&mut source(), &options, &mut filler);
    let mut decoders = Later::new(options.decoding());
    let ahead = load_ahead(&mut source(), &options, &mut twin, &mut decoders);
    assert_eq!(filler.empty, twin.empty);
    assert_eq!(filler.aux, twin.aux);
    match (&result, &ahead) {
        (Ok(loaded), Ok(ahead)) => assert_eq!(loaded, ahead),
        (Err(error), Err(ahead)) => assert_eq!(error.to_string(), ahead.to_string()),
        _ => panic!("{result:?} without, {ahead:?} with decoders"),
    }
    assert_eq!(Digest::of_world(bench.world.view()).hex(), Digest::of_world(other.world.view()).hex());
    result.map(|loaded| (bench, loaded))
}

fn at_level(level: Level) -> Bench {
    let mut bench = Bench::new();
    bench.settings.level = level;
    bench
}

fn digest(bench: &mut Bench) -> String {
    Digest::of_world(bench.world.view()).hex()
}

const NOW: UnixMs = UnixMs(1_700_000_000_000);
