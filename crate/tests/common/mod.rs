//! Where the reference values of the tests are.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// What a comparison with reference values returns.
pub type Checked = Result<(), Box<dyn Error>>;

/// Our copy of the file `name`, and all files of this name in the folder `HINGE_REFERENCE_DIR`, however deep.
pub fn reference_files(name: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut files = vec![ours.join(name)];
    let named = env::var_os("HINGE_REFERENCE_DIR").filter(|folder| !folder.is_empty());
    let mut folders: Vec<PathBuf> = named.into_iter().map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|file| file == name) {
                files.push(path);
            }
        }
    }
    Ok(files)
}
