//! The `ochre-server` program.

fn main() {}
