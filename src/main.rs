//! argv to exit code, nothing else.

use std::process::ExitCode;

/// A plan becomes millions of small values, made in one thread and mostly freed at once: the system's allocators
/// take a fifth of the time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tollgate::command::main()
}
