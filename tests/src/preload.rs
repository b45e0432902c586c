//! Libraries that are preloaded into a server to change what the system does to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

static COMPILED: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// The library whose source is `c/<name>.c`, compiled into a directory once per process.
pub fn library(name: &str, directory: &Path) -> PathBuf {
    let mut compiled = COMPILED.lock().expect("a library that compiles");
    if let Some(library) = compiled.get(name) {
        return library.clone();
    }
    let library = directory.join(name).with_extension("so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c").join(name).with_extension("c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1"]).arg(source).args(["-ldl", "-o"]).arg(&library);
    assert!(compiler.status().expect("a C compiler").success(), "the library compiles");
    compiled.insert(name.to_owned(), library.clone());
    library
}
