//! What the tests of several crates share: a sink that keeps everything, and decoders without threads.

use crate::rdb::{Decoded, Decoders, Decoding, RawBatch, Refusal, Sink};
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{Batch, DbIndex, World};
use std::collections::VecDeque;

/// Takes everything into a world.
pub struct Filler<'a> {
    world: &'a mut World,
    batch: Batch,
    /// Names and values of the auxiliary fields.
    pub aux: Vec<(String, String)>,
    /// Codes of the function libraries.
    pub functions: Vec<Vec<u8>>,
    /// Keys that were left out because they are empty.
    pub empty: Vec<Vec<u8>>,
}

impl<'a> Filler<'a> {
    /// Fills this world.
    pub fn new(world: &'a mut World) -> Self {
        let batch = Batch::new(DbIndex(0));
        Filler { world, batch, aux: Vec::new(), functions: Vec::new(), empty: Vec::new() }
    }
}

impl Sink for Filler<'_> {
    fn select(&mut self, db: DbIndex) -> Result<(), Refusal> {
        self.batch.select(db);
        Ok(())
    }

    /// One by one, so that a duplicate is told where it is.
    fn entry(&mut self, entry: KeyEntry) -> Result<(), Refusal> {
        let _ = self.batch.push(self.world, entry);
        self.batch.insert(self.world, false).map_err(|_| Refusal::Duplicate).map(drop)
    }

    fn size_hint(&mut self, keys: u64, _volatile: u64) {
        self.world.reserve(self.batch.db(), keys as usize);
    }

    fn aux(&mut self, name: &[u8], value: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.aux.push((text(name), text(value)));
    }

    fn empty_key(&mut self, key: &[u8]) {
        self.empty.push(key.to_vec());
    }

    fn function(&mut self, code: &[u8]) -> Result<(), Refusal> {
        self.functions.push(code.to_vec());
        Ok(())
    }
}

/// Decodes later, on the same thread.
pub struct Later<'a> {
    decoding: Decoding<'a>,
    waiting: VecDeque<RawBatch>,
}

impl<'a> Later<'a> {
    /// Decodes by these rules.
    pub fn new(decoding: Decoding<'a>) -> Self {
        Later { decoding, waiting: VecDeque::new() }
    }
}

impl Decoders for Later<'_> {
    fn has_room(&self) -> bool {
        self.waiting.len() < 2
    }

    fn start(&mut self, batch: RawBatch) {
        self.waiting.push_back(batch);
    }

    fn finished(&mut self) -> Option<Decoded> {
        None
    }

    fn finish(&mut self) -> Option<Decoded> {
        Some(self.waiting.pop_front()?.decode(&self.decoding))
    }
}
