//! Keys and values as they are in a file, some together, on their way to a decoder.
//!
//! ```text
//! file   ... | type | key | value | expiry | type | key | value | ...
//! batch  bytes    | key | value | key | value | ...
//!        entries  | type, expiry, access clock, where it ends in both | ...
//! ```
//! [`RawBatch::decode`] is a pure function of the batch and [`Decoding`], for any thread. What it
//! refuses it refuses with the offset, type and key that reading the file in place would tell.

use super::decode::{self, Decoding};
use super::extent::{self, Extent};
use super::format::ValueType;
use super::input::{Input, Slice, Source};
use super::{Fault, LoadError};
use ochre_engine::entry::KeyEntry;
use ochre_engine::time::UnixMs;
use std::io::Read;

/// Bytes and entries that make a batch worth its passing from thread to thread.
const FULL_BYTES: usize = 64 * 1024;
const FULL_ENTRIES: usize = 512;

/// Larger values are not taken into a batch: they are decoded where they were read, so that what
/// is in flight stays bounded.
const LARGEST: usize = 16 << 20;

/// Memory that a batch keeps for the next ones.
const LARGEST_KEPT: usize = 1 << 20;

/// What is known of an entry besides its key and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The type of the value.
    pub value_type: ValueType,
    /// The time when the key expires.
    pub expiry: Option<UnixMs>,
    /// The access clock of the key.
    pub access: u32,
}

/// Entries that are not decoded yet.
#[derive(Debug, Default)]
pub struct RawBatch {
    bytes: Vec<u8>,
    entries: Vec<RawEntry>,
}

#[derive(Debug)]
struct RawEntry {
    head: Head,
    /// Where the entry ends among the bytes of the batch.
    end: usize,
    /// Where the entry ends in the file.
    offset: u64,
}

/// Entries that were decoded, in their order, up to the first that cannot be.
pub struct Decoded {
    /// The batch that the entries were decoded from.
    pub(super) raw: RawBatch,
    /// Empty collections are among the errors.
    pub(super) entries: Vec<Result<KeyEntry, Box<LoadError>>>,
}

impl RawBatch {
    /// Bytes of keys and values.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True if there is nothing to decode.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.entries.len() >= FULL_ENTRIES
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(LARGEST_KEPT);
        self.entries.clear();
    }

    /// Takes the key and value that come next in the source. False, and nothing is taken, if their end
    /// cannot be told or is too far away.
    #[inline]
    pub(super) fn take<R: Read>(&mut self, source: &mut Source<R>, head: Head) -> bool {
        let length = loop {
            match extent::of(source.window(), head.value_type) {
                Extent::Bytes(length) => break length,
                Extent::Cut if source.window().len() < LARGEST && source.widen() => {}
                _ => return false,
            }
        };
        let Ok(bytes) = Input::take(source, length) else { return false };
        self.bytes.extend_from_slice(bytes);
        self.entries.push(RawEntry { head, end: self.bytes.len(), offset: source.offset() });
        true
    }

    /// Decodes all entries, up to the first that cannot be.
    pub fn decode(self, decoding: &Decoding<'_>) -> Decoded {
        let (mut key, mut scratch) = (Vec::new(), Vec::new());
        let mut entries = Vec::with_capacity(self.entries.len());
        for at in 0..self.entries.len() {
            let outcome = self.decode_one(at, decoding, &mut key, &mut scratch);
            let is_last = outcome.as_ref().is_err_and(|error| !matches!(error.fault, Fault::Empty));
            entries.push(outcome);
            if is_last {
                break;
            }
        }
        Decoded { raw: self, entries }
    }

    #[inline]
    fn decode_one(
        &self,
        at: usize,
        decoding: &Decoding<'_>,
        key: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
    ) -> Result<KeyEntry, Box<LoadError>> {
        let (head, bytes) = (self.entries[at].head, self.bytes_of(at));
        let mut input = Slice::new(bytes);
        let read = input.string(scratch).map(|bytes| {
            key.clear();
            key.extend_from_slice(bytes);
        });
        let value_type = read.is_ok().then_some(head.value_type);
        let decoded = read.and_then(|()| {
            let attributes = (head.expiry, head.access);
            decode::entry(&mut input, head.value_type, key, attributes, decoding, scratch)
        });
        debug_assert!(decoded.is_err() || input.rest().is_empty(), "the extent is what is decoded");
        decoded.map_err(|fault| {
            let offset = self.entries[at].offset - bytes.len() as u64 + input.offset();
            let key = value_type.is_some().then(|| key.as_slice().into());
            Box::new(LoadError { offset, value_type, key, fault })
        })
    }

    fn bytes_of(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.entries[before].end);
        &self.bytes[start..self.entries[at].end]
    }

    /// Where an entry ends in the file.
    #[inline]
    pub(super) fn offset(&self, at: usize) -> u64 {
        self.entries[at].offset
    }

    /// The error for an entry that was decoded, but not wanted.
    #[cold]
    pub(super) fn refused(&self, at: usize, fault: Fault) -> LoadError {
        let mut scratch = Vec::new();
        let key = Slice::new(self.bytes_of(at)).string(&mut scratch).map(Into::into).ok();
        LoadError { offset: self.offset(at), value_type: Some(self.entries[at].head.value_type), key, fault }
    }
}
