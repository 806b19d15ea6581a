//! Lets cells and tests call tch, too, and names the code that determines results.
//!
//! Of the static libraries in a dylib, rustc exports nothing: a cell that is linked to this crate's would not find
//! libtorch's functions in C, which tch's generic functions call from wherever they are used. Not every linker takes
//! a second list of what to export; that of Rust on this platform does.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What determines the scores of a run: the training and the versions of what it uses, but no figure and no table.
const DETERMINE_RESULTS: [&str; 9] = [
    "src/augment",
    "src/data",
    "src/linalg",
    "src/nn",
    "src/rng.rs",
    "src/study/run.rs",
    "src/study/seeds.rs",
    "src/train",
    "../Cargo.lock",
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=c-symbols.map");
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    if env::var("TARGET").as_deref() == Ok("x86_64-unknown-linux-gnu") {
        let script = folder.join("c-symbols.map");
        println!("cargo::rustc-link-arg=-Wl,--version-script={}", script.display());
    }
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for path in DETERMINE_RESULTS {
        println!("cargo::rerun-if-changed={path}");
        add(&mut hash, &folder.join(path))?;
    }
    println!("cargo::rustc-env=HINGE_SOURCES={hash:016x}");
    Ok(())
}

/// Adds the lines of a file, or of all files in a folder, to an FNV-1a hash: it finds mistakes, not attacks. Comments
/// and tests change no result, and are left out.
fn add(hash: &mut u64, path: &Path) -> io::Result<()> {
    if path.is_dir() {
        let mut paths: Vec<_> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.sort();
        return paths.iter().try_for_each(|path| add(hash, path));
    }
    // A crate outside its workspace has no lock file.
    let text = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines =
        code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    for byte in lines.flat_map(|line| line.bytes().chain([b'\n'])) {
        *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    Ok(())
}
