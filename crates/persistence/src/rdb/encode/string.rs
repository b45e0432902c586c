//! Strings: as integers where they are some, compressed where that saves something.

use super::Encoder;
use ochre_engine::encoding::listpack::Item;
use ochre_engine::text::parse_i64;
use ochre_engine::value::StrRef;

/// Strings up to this length may be integers (Redis: rdb.c, rdbSaveRawString).
const LONGEST_INTEGER: usize = 11;
/// Strings up to this length are not compressed.
const SHORTEST_COMPRESSED: usize = 20;
/// The least number of bytes that compression has to save, as the two lengths take some.
const MIN_SAVING: usize = 4;

impl Encoder<'_> {
    /// A string as an entry holds it.
    #[inline]
    pub(super) fn stored_string(&mut self, string: &StrRef<'_>) {
        match string {
            StrRef::Int(integer) => self.integer(*integer),
            StrRef::Bytes(bytes) => self.string(bytes),
            StrRef::Heap(bytes) => self.string(bytes),
        }
    }

    /// An element of a collection.
    #[inline]
    pub(super) fn item(&mut self, item: Item<'_>) {
        match item {
            Item::Int(integer) => self.integer(integer),
            Item::Str(bytes) => self.string(bytes),
        }
    }

    /// The text of an integer.
    #[inline]
    pub fn integer(&mut self, integer: i64) {
        if let Ok(integer) = i32::try_from(integer) {
            return self.small_integer(integer);
        }
        self.plain(itoa::Buffer::new().format(integer).as_bytes());
    }

    #[inline]
    fn small_integer(&mut self, integer: i32) {
        if let Ok(integer) = i8::try_from(integer) {
            self.out.bytes(&[0xC0, integer as u8]);
        } else if let Ok(integer) = i16::try_from(integer) {
            let [low, high] = integer.to_le_bytes();
            self.out.bytes(&[0xC1, low, high]);
        } else {
            let [a, b, c, d] = integer.to_le_bytes();
            self.out.bytes(&[0xC2, a, b, c, d]);
        }
    }

    /// A string in the form that saves most.
    #[inline]
    pub fn string(&mut self, bytes: &[u8]) {
        if bytes.len() > SHORTEST_COMPRESSED {
            return self.long_string(bytes);
        }
        if bytes.len() <= LONGEST_INTEGER
            && let Some(integer) = parse_i64(bytes).and_then(|integer| i32::try_from(integer).ok())
        {
            return self.small_integer(integer);
        }
        self.plain(bytes);
    }

    /// A string as it is.
    #[inline]
    fn plain(&mut self, bytes: &[u8]) {
        self.out.length(bytes.len() as u64);
        self.out.bytes(bytes);
    }

    fn long_string(&mut self, bytes: &[u8]) {
        if !self.encoding.compression {
            return self.plain(bytes);
        }
        let compressor = self.compressor.get_or_insert_default();
        self.scratch.clear();
        if compressor.compress(bytes, bytes.len() - MIN_SAVING, &mut self.scratch) {
            self.out.compressed(&self.scratch, bytes.len());
        } else {
            self.plain(bytes);
        }
    }
}
