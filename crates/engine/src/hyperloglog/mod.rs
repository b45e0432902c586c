//! HyperLogLog registers, sparse and dense, byte for byte as Redis keeps them.
