//! RDB: the whole data set in one file, and single values as payloads of DUMP.
//!
//! ```text
//! file     "REDIS" "0011" | aux .. | function .. | database .. | 0xFF | CRC64, 8 bytes LE
//! aux      0xFA  name  value                        both strings
//! function 0xF5  code                               a library, since version 10
//! database 0xFE  number | 0xFB  keys  volatile keys | entry ..      lengths
//! entry    [0xFC  ms, 8 bytes LE | 0xFD  s, 4 bytes LE]  [0xF8  idle s | 0xF9  freq, 1 byte]
//!          type, 1 byte | key | value
//! payload  type, 1 byte | value | version, 2 bytes LE | CRC64, 8 bytes LE
//! ```
//! Lengths ([`input`]'s and [`output`]'s business) have one of five forms, told by the top bits:
//!
//! ```text
//! 00llllll                     0 to 63
//! 01llllll llllllll            to 16383, big-endian
//! 10000000 + 4 bytes BE        10000001 + 8 bytes BE
//! 11eeeeee                     no length: a string in encoding e:
//!          0: 1 byte   1: 2 bytes LE   2: 4 bytes LE     a signed integer, whose text it is
//!          3: compressed length, plain length, LZF bytes
//! ```
//!
//! # How it is built
//!
//! - [`save()`] walks a world that nobody changes shard by shard, prefetching entries and values a batch ahead, and
//!   encodes ([`encode`]) into one reused buffer of [`output::Output`], over which the running CRC
//!   goes a block at a time. Nothing is allocated per key.
//! - [`load()`] cuts a stream into entries for a [`Sink`]. Its [`Source`] shows the bytes where they
//!   were read to; listpacks and intsets are copied from there once, into their final block, after
//!   they were checked.
//! - [`decode`] makes one value of bytes: a pure function of bytes and [`Decoding`].
//! - [`load_ahead`] lets several threads decode: [`extent`] finds the ends of values, [`RawBatch`]
//!   carries them.
//! - [`check`] reads a file as [`load()`] does, but tells what it finds (redis-check-rdb).
//! - [`payload`] is the same for single values with a footer.

pub mod check;
pub mod crc64;
pub mod decode;
pub mod encode;
mod error;
pub mod extent;
pub mod format;
pub mod input;
mod load;
pub mod output;
pub mod payload;
mod raw;
mod records;
mod save;
#[cfg(test)]
mod tests;
pub mod ziplist;
pub mod zipmap;

pub use decode::Decoding;
pub use error::{Fault, LoadError};
pub use input::Source;
pub use load::{Decoders, LoadOptions, Loaded, Refusal, Sink, load, load_ahead};
pub use raw::{Decoded, RawBatch};
pub use save::{Progress, SaveOptions, Saved, save};
