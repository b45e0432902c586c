//! The facts about the process that do not change while the server runs.

use crate::config::Supervised;
use rand::Rng;
use std::path::PathBuf;

/// The facts about the process that do not change while the server runs.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The program as it was called (`argv[0]`).
    pub program: Vec<u8>,
    /// The absolute path of the program.
    pub executable: PathBuf,
    /// The configuration file, if there is one.
    pub config_file: Option<PathBuf>,
    /// The pid file, if there is one.
    pub pid_file: Option<PathBuf>,
    /// The supervisor of the process.
    pub supervised: Supervised,
    /// The permission bits that new files are created without.
    pub umask: u32,
    /// 40 hexadecimal digits that no other run has.
    pub run_id: String,
}

impl Identity {
    /// The identity of a program called by this name, with a fresh run id.
    pub fn new(program: Vec<u8>) -> Identity {
        Identity {
            program,
            executable: std::env::current_exe().unwrap_or_default(),
            config_file: None,
            pid_file: None,
            supervised: Supervised::No,
            umask: super::daemon::umask(),
            run_id: random_id(),
        }
    }
}

/// 40 random hexadecimal digits.
pub fn random_id() -> String {
    let mut rng = rand::rng();
    (0..40).map(|_| char::from(b"0123456789abcdef"[rng.random_range(0..16)])).collect()
}
