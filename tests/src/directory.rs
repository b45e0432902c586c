//! A directory that several servers use one after another, and waiting for a condition.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::server::scratch_directory;
use crate::{Client, Server};

/// A new directory, removed with all its files when dropped.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// An empty directory.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(scratch_directory())
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of the files in it, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the directory exists");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Arguments that let a server keep its files here, and what `more` says.
    pub fn args(&self, more: &[&str]) -> Vec<String> {
        let base = ["--dir", self.0.to_str().expect("a path of ASCII"), "--enable-debug-command", "yes"];
        base.iter().chain(more).map(|&arg| arg.to_owned()).collect()
    }

    /// Starts a server that keeps its files here.
    pub fn start(&self, more: &[&str]) -> Server {
        let args = self.args(more);
        Server::start(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waits until something holds; panics with `what` if it takes longer than ten seconds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(10));
    }
}

impl Client {
    /// The value of a field of INFO.
    pub fn info(&mut self, field: &str) -> String {
        let text = self.run("INFO everything").text();
        let prefix = format!("{field}:");
        let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {field} in INFO")).to_owned()
    }
}
