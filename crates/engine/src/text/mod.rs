//! Texts and numbers: integers, doubles and long doubles as Redis reads and prints them, glob patterns.
