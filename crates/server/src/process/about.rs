//! The texts about the program: version, usage, logo.

use std::io::IsTerminal;

use crate::config::Config;
use crate::log::{self, LogLevel};

/// The version of Ochre.
pub const OCHRE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The allocator as `--version` and INFO name it.
pub fn allocator() -> String {
    format!("jemalloc-{}", crate::alloc::version())
}

/// The line of `--version`, in the format of redis-server so that tools find the version in it.
pub fn version(level: ochre_engine::level::Level) -> String {
    format!(
        "Redis server v={} sha=00000000:0 malloc={} bits={} build={:x} (Ochre {OCHRE_VERSION})\n",
        level.version(),
        allocator(),
        usize::BITS,
        build_id()
    )
}

/// A number that differs between versions of Ochre.
pub fn build_id() -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    // The keys of this hasher are fixed, so the number is the same in every run.
    let mut hasher = DefaultHasher::new();
    hasher.write(OCHRE_VERSION.as_bytes());
    hasher.finish()
}

/// The text of `--help`.
pub const USAGE: &str = "\
Usage: ochre-server [/path/to/redis.conf] [options] [-]
       ochre-server - (read the configuration from the standard input)
       ochre-server -v or --version
       ochre-server -h or --help

Any directive of redis.conf is an option:
       ochre-server --port 7777
       ochre-server --port 7777 --replicaof 127.0.0.1 8888
       ochre-server /etc/redis.conf --loglevel verbose
       ochre-server /etc/redis.conf --compat-version 6.2
       echo 'maxmemory 128mb' | ochre-server -
";

/// Logs the logo if the log is a terminal or `always-show-logo` is set, and one line otherwise.
pub fn show_logo(config: &Config) {
    let process = &config.process;
    let is_watched = !process.syslog_enabled && process.logfile.is_empty() && std::io::stdout().is_terminal();
    let mode = if config.cluster.enabled { "cluster" } else { "standalone" };
    let port = if config.network.port != 0 { config.network.port } else { config.tls.port };
    if !is_watched && !process.always_show_logo {
        crate::log_notice!("Running mode={mode}, port={port}.");
        return;
    }
    log::write_raw(LogLevel::Notice, &logo(process.compat_version.version(), mode, port));
}

fn logo(version: &str, mode: &str, port: u16) -> String {
    let bits = usize::BITS;
    let pid = std::process::id();
    format!(
        r"
        ______
     .-'      '-.        Ochre {OCHRE_VERSION}, as Redis {version}, {bits} bit
    /  .------.  \
   |  /  ____  \  |      Running in {mode} mode
   | |  |____|  | |      Port: {port}
   |  \        /  |      PID: {pid}
    \  '------'  /
     '-.______.-'

"
    )
}
