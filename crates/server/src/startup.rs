//! The start of the process, in Redis's order: scripts and tests wait for its log lines.
//!
//! ```text
//! arguments -> configuration -> daemon -> log -> sockets -> pid file, title, logo -> data -> event loop
//! ```

use crate::clock::Clock;
use crate::commands;
use crate::config::{self, Arguments, Config, Invocation, LoadError, Loaded, Supervised};
use crate::net::Listening;
use crate::persistence::aof::check as check_aof;
use crate::persistence::check_rdb;
use crate::persistence::snapshot::temporary_name;
use crate::process::signals::Signals;
use crate::process::{Abort, Identity, about, crash, daemon, failed, kernel, limits, supervise, title};
use crate::server::Server;
use crate::worker;
use crate::{log, log_notice, log_warning};
use ochre_engine::level::Level;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;

/// Runs the program with the arguments of the process until it ends.
pub fn run() -> Result<(), Abort> {
    let mut args = std::env::args_os().map(OsStringExt::into_vec);
    let program = args.next().unwrap_or_else(|| b"ochre-server".to_vec());
    let args = args.collect::<Vec<_>>();
    if check_rdb::is_named(&program) {
        return check_rdb::run(&program, &args);
    }
    if check_aof::is_named(&program) {
        return check_aof::run(&program, &args);
    }
    let arguments = understand(&program, &args)?;
    let mut loaded = load(&arguments)?;
    let mut identity = Identity::new(program);
    identity.config_file = arguments.file.clone();
    refuse_what_is_missing(&loaded)?;

    log::configure(&loaded.config);
    loaded.warnings.iter().for_each(|warning| log_warning!("{warning}"));
    kernel::check(&loaded.config);
    go_to_background(&loaded.config, &mut identity)?;
    announce(&loaded.config, &identity, arguments.is_bare);
    let network = &mut loaded.config.network;
    network.maxclients = limits::make_room(network.maxclients).map_err(|reason| failed(reason.0))?;
    title::prepare();
    // Only CONFIG SET turns the watchdog on (server.c: initServer).
    loaded.config.process.watchdog_period = 0;

    let (server, poll) = open(loaded, identity)?;
    crash::configure(&server.shared.config);
    let temporary = temporary_name(std::process::id());
    let signals = Signals::install(&server.ending, &temporary).map_err(failed)?;
    log_notice!("Server initialized");
    worker::run(server, poll, signals, ready)
}

/// Answers what is not a call of the server, and otherwise what it was called with.
fn understand(program: &[u8], args: &[Vec<u8>]) -> Result<Arguments, Abort> {
    let text = match config::understand(program, args) {
        Invocation::Run(arguments) => return Ok(arguments),
        Invocation::Refused(reason) => {
            // There is no other place to report a failure to.
            let _ = writeln!(io::stderr(), "{reason}");
            return Err(Abort::Failed);
        }
        Invocation::Version => about::version(Level::default()),
        Invocation::Help => about::USAGE.to_owned(),
    };
    let _ = io::stdout().write_all(text.as_bytes());
    Err(Abort::Done)
}

/// What the configuration is read from and checked against.
struct Surroundings;

impl config::Source for Surroundings {
    fn is_command(&self, name: &[u8]) -> bool {
        let mut data = commands::data().map(|spec| spec.meta.name);
        data.any(|known| known.as_bytes().eq_ignore_ascii_case(name))
            || commands::all().any(|spec| spec.meta.name.as_bytes().eq_ignore_ascii_case(name))
    }

    fn stdin(&mut self) -> io::Result<Vec<u8>> {
        log_notice!("Reading config from stdin");
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text)?;
        Ok(text)
    }
}

fn load(arguments: &Arguments) -> Result<Loaded, Abort> {
    config::load(arguments, &mut Surroundings).map_err(|error| match error {
        LoadError::Line(text) => {
            let _ = io::stderr().write_all(text.as_bytes());
            Abort::Failed
        }
        LoadError::File(text) => failed(text),
    })
}

/// Stops the start if the configuration asks for what this server cannot do: silence would be worse.
fn refuse_what_is_missing(loaded: &Loaded) -> Result<(), Abort> {
    let config = &loaded.config;
    if !loaded.users.is_empty() || !config.network.aclfile.is_empty() {
        return Err(failed("Users other than the default one are not available."));
    }
    if config.tls.port != 0 || config.tls.replication || config.tls.cluster {
        return Err(failed("Failed finding TLS support."));
    }
    if config.cluster.enabled {
        return Err(failed("Cluster mode is not available."));
    }
    if config.replication.replicaof.0.is_some() {
        return Err(failed("Replication is not available."));
    }
    Ok(())
}

fn go_to_background(config: &Config, identity: &mut Identity) -> Result<(), Abort> {
    identity.supervised = supervise::detect(config);
    let background = config.process.daemonize && identity.supervised == Supervised::No;
    if background {
        daemon::daemonize().map_err(failed)?;
        log::claim();
        log::configure(config);
    }
    identity.pid_file = daemon::pid_file(config, background);
    Ok(())
}

fn announce(config: &Config, identity: &Identity, is_bare: bool) {
    let (version, pid) = (config.process.compat_version.version(), std::process::id());
    log_notice!("oO0OoO0OoO0Oo Ochre is starting oO0OoO0OoO0Oo");
    log_notice!(
        "Redis version={version}, bits={}, commit=00000000, modified=0, pid={pid}, just started",
        usize::BITS
    );
    let program = String::from_utf8_lossy(&identity.program);
    if is_bare {
        log_warning!(
            "Warning: no config file specified, using the default config. In order to specify a config \
             file use {program} /path/to/redis.conf"
        );
    } else {
        log_notice!("Configuration loaded");
    }
}

/// The server with its sockets open, and the poll they report to.
fn open(loaded: Loaded, identity: Identity) -> Result<(Server, mio::Poll), Abort> {
    log::claim();
    crate::alloc::start_purging(loaded.config.memory.jemalloc_bg_thread);
    let poll = mio::Poll::new().map_err(failed)?;
    let mut server =
        Server::new(loaded.config, identity, &Clock::new(), SmallRng::from_os_rng(), commands::build);
    for (old, new) in &loaded.renamed_commands {
        server.shared.commands.rename(old, new);
    }
    let config = &server.shared.config;
    let mut listening = Listening::new(poll.registry().try_clone().map_err(failed)?);
    if listening.reopen_tcp(config).is_err() {
        return Err(failed(format!("Failed listening on port {} (tcp), aborting.", config.network.port)));
    }
    if listening.open_unix(config).is_err() {
        return Err(failed("Failed listening on port 0 (unix), aborting."));
    }
    if listening.is_empty() {
        return Err(failed("Configured to not listen anywhere, exiting."));
    }
    server.shared.listening = listening;
    if let Some(path) = &server.shared.identity.pid_file {
        daemon::write_pid_file(path);
    }
    server.show_title();
    // Whoever waits for the logo may connect then: loading is not over, but there are answers.
    about::show_logo(&server.shared.config);
    kernel::check_backlog(&server.shared.config);
    server.shared.startup_memory = crate::alloc::used();
    Ok((server, poll))
}

/// Tells everybody that the server is ready.
pub fn ready(server: &Server) {
    let config = &server.shared.config;
    let (unix, tcp) = server.shared.listening.kinds();
    if tcp > 0 {
        log_notice!("Ready to accept connections tcp");
    }
    if unix {
        log_notice!("Ready to accept connections unix");
    }
    if server.shared.identity.supervised == Supervised::Systemd {
        supervise::notify("STATUS=Ready to accept connections\n");
        supervise::notify("READY=1\n");
    }
    let maxmemory = config.memory.maxmemory;
    if maxmemory > 0 && maxmemory < 1 << 20 {
        log_warning!(
            "WARNING: You specified a maxmemory value that is less than 1MB (current value is {maxmemory} \
             bytes). Are you sure this is what you really want?"
        );
    }
    // A failure is logged; the server can do without.
    let _ = kernel::set_oom_score(config, kernel::ProcessKind::Primary);
}
