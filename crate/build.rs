//! Lets cells and tests call tch, too.
//!
//! Of the static libraries in a dylib, rustc exports nothing: a cell that is linked to this crate's would not find
//! libtorch's functions in C, which tch's generic functions call from wherever they are used. Not every linker takes
//! a second list of what to export; that of Rust on this platform does.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=c-symbols.map");
    if env::var("TARGET").as_deref() == Ok("x86_64-unknown-linux-gnu") {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg=-Wl,--version-script={folder}/c-symbols.map");
    }
}
