//! The lengths of the actions' names, which the sources look for beside what the program's own build script makes.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let table = "../src/access/aws/data/actions.txt";
    println!("cargo::rerun-if-changed={table}");
    let text = fs::read_to_string(table)?;
    let names = text.rsplit("\n\n").next().unwrap_or_default();
    let lengths: io::Result<Vec<u8>> =
        names.lines().map(|name| u8::try_from(name.len()).map_err(io::Error::other)).collect();
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("action_lengths"), lengths?)
}
