//! One file a subcommand: wires the edge and the core together.
