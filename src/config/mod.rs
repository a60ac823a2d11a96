//! Configuration: `tollgate.toml`, typed, with spans.
