//! The command line: clap types, no behaviour.
