//! Whole files, written and read back: by commands, by hand, and damaged.

mod damage;
mod old;
mod round_trip;

use super::*;
use ochre_engine::digest::Digest;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{DbIndex, World};
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_engine::testing::Bench;
use ochre_engine::time::UnixMs;

/// Takes everything into a world.
struct Filler<'a> {
    world: &'a mut World,
    db: DbIndex,
    aux: Vec<(String, String)>,
    functions: Vec<Vec<u8>>,
    empty: usize,
}

impl<'a> Filler<'a> {
    fn new(world: &'a mut World) -> Self {
        Filler { world, db: DbIndex(0), aux: Vec::new(), functions: Vec::new(), empty: 0 }
    }
}

impl Sink for Filler<'_> {
    fn select(&mut self, db: DbIndex) -> Result<(), Refusal> {
        self.db = db;
        Ok(())
    }

    fn entry(&mut self, entry: KeyEntry) -> Result<(), Refusal> {
        let bytes = entry.key().to_vec();
        let key = self.world.locate(&bytes);
        let table = &mut self.world.shard_mut(key).db_or_new(self.db).table;
        if table.contains(key.hash, &bytes) {
            return Err(Refusal::Duplicate);
        }
        table.insert(key.hash, entry);
        Ok(())
    }

    fn size_hint(&mut self, keys: u64, _volatile: u64) {
        let shards = self.world.shards().len();
        for shard in self.world.shards_mut() {
            shard.db_or_new(self.db).table.reserve(keys as usize / shards);
        }
    }

    fn aux(&mut self, name: &[u8], value: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.aux.push((text(name), text(value)));
    }

    fn empty_key(&mut self, _key: &[u8]) {
        self.empty += 1;
    }

    fn function(&mut self, code: &[u8]) -> Result<(), Refusal> {
        self.functions.push(code.to_vec());
        Ok(())
    }
}

fn saved(bench: &Bench, change: impl FnOnce(&mut SaveOptions<'_>)) -> Vec<u8> {
    let mut options = SaveOptions::new(&bench.settings, bench.now);
    change(&mut options);
    let mut file = Vec::new();
    let saved = save(&bench.world, &mut file, &options, |_| Ok(())).expect("vectors take everything");
    assert_eq!(saved.bytes, file.len() as u64);
    file
}

/// Loads a file into a fresh world; the same thresholds decide.
fn loaded(file: &[u8], settings: &Settings) -> Result<(Bench, Loaded), LoadError> {
    let mut bench = Bench::new();
    bench.settings = *settings;
    let options = LoadOptions {
        settings: &bench.settings,
        seed: bench.world.seed(),
        now: bench.now,
        deep: true,
        checksum: true,
    };
    let result =
        load(&mut Source::new(file, Some(file.len() as u64)), &options, &mut Filler::new(&mut bench.world));
    result.map(|loaded| (bench, loaded))
}

fn at_level(level: Level) -> Bench {
    let mut bench = Bench::new();
    bench.settings.level = level;
    bench
}

fn digest(bench: &Bench) -> String {
    Digest::of_world(&bench.world).hex()
}

const NOW: UnixMs = UnixMs(1_700_000_000_000);
