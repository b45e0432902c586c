//! What a process is and was started with: it does not change while the server runs.

use crate::config::Supervised;
use rand::Rng;
use std::path::PathBuf;

/// What the process is and was started with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The program as it was called.
    pub program: Vec<u8>,
    /// Its absolute path.
    pub executable: PathBuf,
    /// The configuration file, if there is one.
    pub config_file: Option<PathBuf>,
    /// The pid file, if there is one.
    pub pid_file: Option<PathBuf>,
    /// Who watches the process.
    pub supervised: Supervised,
    /// The bits new files are created without.
    pub umask: u32,
    /// 40 hexadecimal digits that no other run has.
    pub run_id: String,
}

impl Identity {
    /// A program called by this name, with a fresh run id.
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
