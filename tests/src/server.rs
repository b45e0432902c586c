//! Starts and stops the server under test.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{Client, Reply};

/// Ports for tests: below the range the system takes for outgoing connections, and apart from
/// those of the official suite (20,100 up).
const PORTS: std::ops::Range<u32> = 11_000..19_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Options for starting a server. [`Server::start`] is the usual case.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The path of the program.
    pub binary: PathBuf,
    /// Arguments after the ones every test server gets.
    pub args: Vec<String>,
    /// Lines of a configuration file, passed as the first argument.
    pub config: Option<String>,
    /// Variables added to its environment.
    pub env: Vec<(String, OsString)>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { binary: binary_under_test(), args: Vec::new(), config: None, env: Vec::new() }
    }
}

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    directory: PathBuf,
}

/// The server to test: `OCHRE_SERVER`, or what `cargo build --profile fast` made.
pub fn binary_under_test() -> PathBuf {
    if let Some(path) = std::env::var_os("OCHRE_SERVER") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("fast/ochre-server")
}

/// True if servers under test have several workers.
pub fn has_several_workers() -> bool {
    workers() != "1"
}

/// Number of workers that servers under test run with: `OCHRE_WORKERS`, or one.
fn workers() -> String {
    std::env::var("OCHRE_WORKERS").unwrap_or_else(|_| "1".to_owned())
}

/// Whether `binary` is a stock Redis, which knows no `compat-version`.
pub fn is_reference(binary: &Path) -> bool {
    binary.file_name() == Some(&OsString::from("redis-server"))
}

impl Server {
    /// Starts the server under test with extra arguments.
    pub fn start(args: &[&str]) -> Self {
        Self::start_with(ServerOptions {
            args: args.iter().map(|&a| a.to_owned()).collect(),
            ..ServerOptions::default()
        })
    }

    /// Starts a stock Redis 7.0: `REDIS_SERVER`, or the one of Debian.
    pub fn reference() -> Self {
        let binary = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "/usr/bin/redis-server".into());
        let args = ["--enable-debug-command", "yes"].map(str::to_owned).to_vec();
        Self::start_with(ServerOptions { binary: binary.into(), args, ..ServerOptions::default() })
    }

    /// Starts the server under test so that it answers as the reference does.
    pub fn like_reference() -> Self {
        if is_reference(&binary_under_test()) {
            return Self::reference();
        }
        Self::start(&["--compat-version", "7.0", "--enable-debug-command", "yes"])
    }

    /// Starts a server as described and waits until it answers, its data loaded.
    pub fn start_with(options: ServerOptions) -> Self {
        let mut log = String::new();
        for _ in 0..5 {
            let mut server = Self::spawn(&options);
            if server.wait_until_ready() {
                return server;
            }
            log = server.log();
        }
        panic!(
            "{} does not start; run `cargo build --profile fast -p ochre-server` first. Its log:\n{log}",
            options.binary.display()
        );
    }

    /// Starts a server without waiting for it.
    pub fn spawn(options: &ServerOptions) -> Self {
        let port = free_port();
        let directory = scratch_directory();
        let mut command = Command::new(&options.binary);
        if let Some(config) = &options.config {
            let path = directory.join("ochre.conf");
            fs::write(&path, config).expect("a writable scratch directory");
            command.arg(path);
        }
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        if !is_reference(&options.binary) {
            command.args(["--io-threads", &workers()]);
        }
        let log = fs::File::create(directory.join("log")).expect("a writable scratch directory");
        let child = command
            .args(&options.args)
            .envs(options.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", options.binary.display()));
        Self { child, port, directory }
    }

    /// A new connection.
    pub fn connect(&self) -> Client {
        Client::connect(self.port).expect("the server takes connections")
    }

    /// The TCP port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its working directory, removed with the server.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The log so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.directory.join("log")).unwrap_or_default()).into_owned()
    }

    /// Memory of the process that is in RAM, from /proc.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process exists");
        let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        kib.and_then(|n| n.parse::<u64>().ok()).expect("a size in kB") * 1024
    }

    /// Sends a signal, such as `libc::SIGTERM`.
    pub fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("process ids are positive");
        // SAFETY: kill takes no pointers; the child has not been waited for, so the id is its own.
        #[allow(unsafe_code)]
        let result = unsafe { libc::kill(pid, signal) };
        assert_eq!(result, 0, "the process exists");
    }

    /// Waits for the process to end, for at most `limit`.
    pub fn wait_for_exit(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return Some(status);
            }
            sleep(Duration::from_millis(5));
        }
        None
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn wait_until_ready(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && self.is_running() {
            // Another process that looks for a free port may listen on this one for a moment.
            let answer = Client::connect(self.port).and_then(|mut client| {
                client.send(b"PING\r\n")?;
                client.read()
            });
            if let Ok(answer) = answer
                && !answer.text().starts_with("LOADING")
            {
                // NOAUTH is an answer, too.
                return answer.is_error() || answer == Reply::Simple("PONG".into());
            }
            sleep(Duration::from_millis(2));
        }
        eprintln!("{}", self.log());
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("log of the server:\n{}", self.log());
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port that is free now. If another process takes the port first, the start of the server is tried again.
fn free_port() -> u16 {
    let span = PORTS.end - PORTS.start;
    loop {
        let n = std::process::id().wrapping_mul(101).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = (PORTS.start + n % span) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A new empty directory.
pub fn scratch_directory() -> PathBuf {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("ochre-test-{}-{n}", std::process::id()));
    fs::create_dir_all(&path).expect("a writable temporary directory");
    path
}
