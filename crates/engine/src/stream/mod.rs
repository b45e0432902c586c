//! Streams: entries in listpacks under an ordered index, consumer groups, pending entries.
