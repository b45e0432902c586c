//! What administrators call and configure, against a live redis-server 7.0: replies, refusals, the names of
//! INFO's fields and of the directives, and the configuration that Debian ships.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ochre_tests::server::binary_under_test;
use ochre_tests::{Client, Directory, Reply, Server, ServerOptions, wait_until};

/// Calls with one right answer, on a server where little has happened.
const CALLS: &[&str] = &[
    "CLIENT GETNAME",
    "CLIENT SETNAME x y",
    "CLIENT SETNAME ab",
    "CLIENT GETNAME",
    "CLIENT NO-EVICT on",
    "CLIENT NO-EVICT xx",
    "CLIENT NO-TOUCH on",
    "CLIENT REPLY foo",
    "CLIENT KILL",
    "CLIENT KILL x",
    "CLIENT KILL ID 0",
    "CLIENT KILL ID abc",
    "CLIENT KILL USER nobody",
    "CLIENT KILL SKIPME maybe",
    "CLIENT KILL ID 999 SKIPME yes",
    "CLIENT KILL MAXAGE 1",
    "CLIENT UNBLOCK 99",
    "CLIENT UNBLOCK x",
    "CLIENT UNBLOCK 9 foo",
    "CLIENT PAUSE x",
    "CLIENT PAUSE -1",
    "CLIENT PAUSE 1 foo",
    "CLIENT PAUSE 0 WRITE",
    "CLIENT UNPAUSE",
    "CLIENT UNPAUSE x",
    "CLIENT LIST TYPE",
    "CLIENT LIST TYPE pubsub",
    "CLIENT LIST TYPE replica",
    "CLIENT LIST ID",
    "CLIENT LIST ID abc",
    "CLIENT LIST ID 99",
    "CLIENT SETINFO lib-name x",
    "CLIENT ID x",
    "CLIENT",
    "MEMORY USAGE nokey",
    "MEMORY USAGE",
    "MEMORY USAGE nokey SAMPLES",
    "MEMORY USAGE nokey SAMPLES x",
    "MEMORY FOO",
    "MEMORY PURGE x",
    "LATENCY LATEST",
    "LATENCY HISTORY x",
    "LATENCY HISTORY",
    "LATENCY GRAPH x",
    "LATENCY RESET",
    "LATENCY RESET a b",
    "LATENCY HISTOGRAM nocommand",
    "LATENCY",
    "SLOWLOG GET -2",
    "SLOWLOG GET x",
    "SLOWLOG GET 1 2",
    "SLOWLOG RESET",
    "SLOWLOG LEN",
    "OBJECT ENCODING",
    "OBJECT FREQ k",
    "OBJECT IDLETIME k",
    "CONFIG GET",
    "CONFIG SET",
    "CONFIG SET a",
    "CONFIG SET maxmemory 1 maxmemory 2",
    "CONFIG SET port 99999",
    "CONFIG SET nope 1",
    "CONFIG SET hz 0 timeout x",
    "CONFIG SET databases 3",
    "CONFIG RESETSTAT x",
    "CONFIG REWRITE",
    "CONFIG REWRITE x",
    "LOLWUT VERSION x",
    "SWAPDB 0 16",
    "SWAPDB a 1",
    "SELECT 16",
    "SELECT x",
    "MOVE k 99",
    "TIME x",
    "DBSIZE x",
    "SHUTDOWN x",
    "SHUTDOWN ABORT",
    "SHUTDOWN SAVE NOSAVE",
    "FLUSHALL x",
    "FLUSHALL ASYNC x",
    "HELLO 3 x",
    "HELLO 4",
    "HELLO x",
    "HELLO 2 AUTH default",
    "HELLO 2 SETNAME",
    "PING a b",
    "ECHO",
    "RESET",
];

#[test]
fn administrative_calls_answer_as_in_redis() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let mut sides = [subject.connect(), reference.connect()];
    for call in CALLS {
        let [ours, theirs] = sides.each_mut().map(|c| c.run(call));
        assert_eq!(ours, theirs, "{call}");
    }
}

/// `section field` of everything that INFO tells.
fn fields(c: &mut Client) -> BTreeSet<String> {
    let text = c.run("INFO everything").text();
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(name) => section = name.to_owned(),
            None => drop(line.split_once(':').map(|(field, _)| found.insert(format!("{section} {field}")))),
        }
    }
    found
}

#[test]
fn info_has_every_field_of_redis() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let [ours, theirs] = [&subject, &reference].map(|server| {
        let mut c = server.connect();
        c.run("SET k v");
        c.run("GET none");
        c.run("LPUSH k v");
        fields(&mut c)
    });
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_directive_of_redis_is_there_with_its_default() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    // What differs from server to server.
    let own = ["dir", "port", "io-threads"];
    let [ours, theirs] = [&subject, &reference].map(|server| server.connect().run("CONFIG GET *").pairs());
    for (name, value) in &theirs {
        // A switch for tests alone is not listed any more since 7.2.
        if name.text() == "aof-disable-auto-gc" {
            continue;
        }
        let own_value = ours.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        assert!(own_value.is_some(), "{name:?} is missing");
        assert!(own.contains(&name.text().as_str()) || own_value == Some(value), "{name:?}: {own_value:?}");
    }
}

/// The configuration of Debian's package, with files in `directory`; `None` where it is not installed.
fn debian_config(directory: &Path) -> Option<String> {
    let original = fs::read_to_string("/etc/redis/redis.conf").ok()?;
    let shown = directory.display();
    let line = |line: &str| match line.split(' ').next() {
        Some("port") => None,
        Some("bind") => Some("bind 127.0.0.1 -::1".to_owned()),
        Some("pidfile") => Some(format!("pidfile {shown}/server.pid")),
        Some("logfile") => Some(format!("logfile {shown}/server.log")),
        Some("dir") => Some(format!("dir {shown}")),
        Some("daemonize") => Some("daemonize no".to_owned()),
        _ => Some(line.to_owned()),
    };
    Some(original.lines().filter_map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_configuration_that_debian_ships_is_taken_and_rewritten_as_by_redis() {
    let directory = Directory::new();
    let Some(config) = debian_config(directory.path()) else { return };
    let start = |binary: PathBuf, args: &[&str]| {
        Server::start_with(ServerOptions {
            binary,
            args: args.iter().map(|&a| a.to_owned()).collect(),
            config: Some(config.clone()),
            ..ServerOptions::default()
        })
    };
    let subject = start(binary_under_test(), &["--compat-version", "7.0"]);
    let reference = start("/usr/bin/redis-server".into(), &[]);
    let [ours, theirs] = [&subject, &reference].map(|server| {
        let mut c = server.connect();
        for (name, value) in [
            ("maxmemory", "100mb"),
            ("save", "100 1 200 2"),
            ("client-output-buffer-limit", "pubsub 1mb 2mb 3"),
            ("notify-keyspace-events", "KEA"),
            ("appendfilename", "a b"),
            ("maxmemory-policy", "allkeys-lru"),
        ] {
            c.call(&["CONFIG", "SET", name, value]);
        }
        assert_eq!(c.run("CONFIG REWRITE"), Reply::Simple("OK".into()));
        let file = fs::read_dir(server.directory()).expect("a directory").flatten();
        let file = file.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "conf"));
        let text = fs::read_to_string(file.expect("the configuration")).expect("readable");
        // Their order at the end, what only one of them has, and empty lines do not matter.
        let own = ["port ", "compat-version ", "io-threads ", "user default "];
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.retain(|line| !line.is_empty() && !own.iter().any(|word| line.starts_with(word)));
        let end = lines.iter().position(|line| line == "# Generated by CONFIG REWRITE").expect("a mark");
        lines[end..].sort();
        lines
    });
    assert_eq!(ours, theirs);
}

#[test]
fn a_daemon_writes_its_log_and_its_pid_and_takes_the_pid_file_with_it() {
    let directory = Directory::new();
    let shown = directory.path().display();
    let socket = directory.file("socket");
    let config = format!(
        "port 0\nunixsocket {}\nunixsocketperm 700\ndaemonize yes\npidfile {shown}/pid\nlogfile {shown}/log\n\
         syslog-enabled yes\nsyslog-ident ochre-test\nsyslog-facility local0\ndir {shown}\nsave \"\"\n",
        socket.display()
    );
    let path = directory.file("daemon.conf");
    fs::write(&path, config).expect("a writable scratch directory");
    let status = Command::new(binary_under_test()).arg(&path).status();
    assert!(status.expect("the server starts").success());
    let log = || fs::read_to_string(directory.file("log")).unwrap_or_default();
    wait_until("it listens", || log().contains("Ready to accept connections"));
    let pid: i32 =
        fs::read_to_string(directory.file("pid")).expect("a pid file").trim().parse().expect("a number");
    assert!(
        log().lines().all(|line| line.starts_with(&format!("{pid}:M ")) || line.contains(":C ")),
        "{}",
        log()
    );
    // SAFETY: kill takes no pointers; the daemon is ours.
    #[allow(unsafe_code)]
    let result = unsafe { libc::kill(pid, libc::SIGTERM) };
    assert_eq!(result, 0);
    wait_until("it says good bye", || log().contains("bye bye"));
    wait_until("the pid file is gone", || !directory.file("pid").exists());
}
