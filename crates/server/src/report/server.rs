//! The section about the program: its version, its process, its configuration.

use super::field::{Family, Section, derived, gauge, text};
use super::process;
use super::{Unit, Value};
use crate::config::{Choice, Config};
use crate::process::{Identity, about};
use std::path::Path;

/// The facts that the section shows.
pub struct ServerFacts<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The facts about the process.
    pub identity: &'a Identity,
    /// Seconds since the start.
    pub uptime: u64,
    /// The time in microseconds since 1970.
    pub unix_us: i64,
    /// Runs of the cron per second.
    pub hz: u64,
    /// Whether there is a listening unix socket, and the number of other listening sockets.
    pub listens: (bool, usize),
}

static LISTENER: Family = Family { prefix: "listener", metric: "listener", label: "listener" };

/// Fills the section.
pub fn describe(facts: &ServerFacts<'_>, section: &mut Section) {
    let (config, identity) = (facts.config, facts.identity);
    let level = config.process.compat_version;
    section.extend([
        text("redis_version", level.version()),
        text("redis_git_sha1", "00000000"),
        text("redis_git_dirty", 0),
        text("redis_build_id", format!("{:x}", about::build_id())),
        text("redis_mode", if config.cluster.enabled { "cluster" } else { "standalone" }),
        text("os", process::system()),
        text("arch_bits", usize::BITS),
        text("monotonic_clock", "processor counter"),
        text("multiplexing_api", "epoll"),
        text("atomicvar_api", "rust"),
        text("gcc_version", "0.0.0"),
        text("process_id", std::process::id()),
        text("process_supervised", identity.supervised.name()),
        text("run_id", identity.run_id.clone()),
        text("tcp_port", if config.network.port != 0 { config.network.port } else { config.tls.port }),
    ]);
    times(facts, section);
    let config_file = identity.config_file.as_deref().unwrap_or(Path::new(""));
    section.extend([
        text("executable", identity.executable.display().to_string()),
        text("config_file", config_file.display().to_string()),
        gauge("io_threads_active", Unit::Count, 0),
    ]);
    listeners(facts, section);
    section.extend([text("ochre_version", about::OCHRE_VERSION), text("compat_version", level.name())]);
}

fn times(facts: &ServerFacts<'_>, section: &mut Section) {
    let uptime = facts.uptime;
    section.extend([
        gauge("server_time_usec", Unit::Microseconds, facts.unix_us),
        gauge("uptime_in_seconds", Unit::Seconds, uptime),
        derived("uptime_in_days", Unit::Count, uptime / 86_400),
        gauge("hz", Unit::Count, facts.hz),
        gauge("configured_hz", Unit::Count, facts.config.process.hz),
        gauge("lru_clock", Unit::Seconds, (facts.unix_us / 1_000_000) & 0xff_ffff),
    ]);
}

fn listeners(facts: &ServerFacts<'_>, section: &mut Section) {
    let network = &facts.config.network;
    let (unix, tcp) = facts.listens;
    if tcp > 0 {
        let addresses = network.bind.0.iter();
        let bind = addresses.map(|address| text("bind", String::from_utf8_lossy(address).into_owned()));
        let fields = std::iter::once(text("name", "tcp")).chain(bind).chain([text("port", network.port)]);
        section.row(&LISTENER, "0", fields.collect());
    }
    if unix {
        let path = Value::from(network.unix_socket.lossy().into_owned());
        section.row(&LISTENER, "1", vec![text("name", "unix"), text("bind", path)]);
    }
}
