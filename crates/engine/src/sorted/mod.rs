//! The ordered index of a large sorted set: a counted B+tree over (score, member).
