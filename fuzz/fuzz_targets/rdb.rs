//! Whole RDB files: hostile bytes are refused or load into a world that can be saved and loaded again.
//!
//! The first byte is the version; what follows the signature comes behind it. The checker reads the
//! same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::digest::Digest;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{DbIndex, World};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_persistence::rdb::check::check;
use ochre_persistence::rdb::{LoadOptions, Refusal, SaveOptions, Sink, Source, load, save};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

struct Filler {
    world: World,
    db: DbIndex,
}

impl Sink for Filler {
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

    fn size_hint(&mut self, keys: u64, _: u64) {
        self.world.shards_mut()[0].db_or_new(self.db).table.reserve(keys as usize);
    }
}

fn loaded(file: &[u8], settings: &Settings) -> Option<World> {
    let seed = Seed::new(1, 2);
    let options = LoadOptions { settings, seed, now: NOW, deep: true, checksum: false };
    let mut filler = Filler { world: World::new(1, settings.databases, seed), db: DbIndex(0) };
    load(&mut Source::new(file, Some(file.len() as u64)), &options, &mut filler).ok()?;
    Some(filler.world)
}

fuzz_target!(|input: &[u8]| {
    let Some((version, rest)) = input.split_first() else { return };
    let mut file = format!("REDIS{:04}", version % 13).into_bytes();
    file.extend_from_slice(rest);
    let _ = check(&mut Source::new(&file[..], None), NOW, &mut std::io::sink());
    let settings = Settings::default();
    let Some(world) = loaded(&file, &settings) else { return };
    let mut saved = Vec::new();
    save(&world, &mut saved, &SaveOptions::new(&settings, NOW), |_| Ok(()))
        .expect("a vector takes everything");
    let again = loaded(&saved, &settings).expect("what was saved is loaded");
    assert!(Digest::of_world(&again) == Digest::of_world(&world));
});
