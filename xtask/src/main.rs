//! Generators: `cargo xtask NAME`. Each is one file; their output is checked in.

fn main() {}
