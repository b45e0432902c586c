//! Byte-level structures shared with Redis: listpack, intset, LZF, and the quicklist built of them.
