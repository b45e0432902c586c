//! The hash table of keys, fields and members: 64-byte buckets in segments that grow in small steps.
