//! The configuration: the meaning and the value of every directive, and how directives are read and written.
//!
//! ```text
//! redis.conf, stdin, --arguments --> load ---> Config <--- set <-- CONFIG SET
//!                                               |   |
//!                      engine Settings <--------+   +--> get, rewrite
//! ```
//!
//! The directives are declared once, by topic, as rows of a [`directive::topic!`]: the field,
//! its type and default, its names, range and flags. Everything here derives from those rows.
//! A [`Config`] is a plain value: it can be compared, copied and put back, which is how CONFIG SET
//! rolls back.

mod arguments;
mod choices;
mod directive;
mod get;
mod lists;
mod load;
mod memory;
mod network;
mod persistence;
mod process;
mod rewrite;
mod set;
mod settings;
mod values;

#[cfg(test)]
mod tests;

pub use arguments::{Arguments, Invocation, understand};
pub use choices::{AppendFsync, Choice, OomScoreAdj, Protected, Supervised, SyslogFacility};
pub use directive::{Apply, Directive, Flags, Refusal, Setting};
pub use lists::{OutputLimit, Percentiles, SaveRule, ShutdownFlags};
pub use load::{LoadError, Loaded, Source, load};
pub use memory::{Memory, encodings::Encodings};
pub use network::{Network, tls::Tls};
pub use persistence::{Persistence, cluster::Cluster, replication::Replication};
pub use process::{Process, diagnostics::Diagnostics};
pub use rewrite::rewrite_file;
pub use set::{Circumstances, set};

/// The lowest and the highest rate of the periodic work, per second. Other values are moved to the nearest of the two.
pub const HZ: std::ops::RangeInclusive<i32> = 1..=500;

/// The value of every directive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The process and its surroundings.
    pub process: Process,
    /// The sockets that the server listens on, and the behaviour of connections.
    pub network: Network,
    /// Encryption of connections.
    pub tls: Tls,
    /// Limits, eviction, freeing.
    pub memory: Memory,
    /// The thresholds at which a value changes its encoding.
    pub encodings: Encodings,
    /// Slow log and latency monitor.
    pub diagnostics: Diagnostics,
    /// Snapshots and the append only file.
    pub persistence: Persistence,
    /// A primary and its replicas.
    pub replication: Replication,
    /// The cluster, of which this server could be a node.
    pub cluster: Cluster,
}

/// Every directive, in the order CONFIG GET shows them.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    let topics: [&'static [Directive]; 9] = [
        process::DIRECTIVES,
        network::DIRECTIVES,
        network::tls::DIRECTIVES,
        memory::DIRECTIVES,
        memory::encodings::DIRECTIVES,
        process::diagnostics::DIRECTIVES,
        persistence::DIRECTIVES,
        persistence::replication::DIRECTIVES,
        persistence::cluster::DIRECTIVES,
    ];
    topics.into_iter().flatten()
}

/// The directive with this name, which may be its older one; case does not matter.
pub fn find(name: &[u8]) -> Option<&'static Directive> {
    directives().find(|directive| directive.is_called(name))
}

impl Config {
    /// Adapts values that depend on each other, once all of them are known.
    fn settle(&mut self) {
        self.process.hz = self.process.hz.clamp(*HZ.start(), *HZ.end());
        if self.cluster.enabled {
            self.process.databases = 1;
        }
    }
}

/// The text of an error of the operating system, without Rust's error number.
pub(crate) fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
