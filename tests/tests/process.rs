//! The process around the data: command line, configuration file, signals, shutdown.

use std::process::{Command, Stdio};
use std::time::Duration;

use ochre_tests::server::{binary_under_test, scratch_directory};
use ochre_tests::{Reply, Server, ServerOptions};

const SOON: Duration = Duration::from_secs(10);

fn start_with_config(config: &str) -> Server {
    Server::start_with(ServerOptions { config: Some(config.to_owned()), ..ServerOptions::default() })
}

/// Runs the binary to its end and returns everything it printed.
fn output_of(args: &[&str]) -> (bool, String) {
    let output = Command::new(binary_under_test()).args(args).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_configuration_file_is_read_with_quotes_units_and_comments() {
    let server = start_with_config(
        "# a comment\n\nmaxmemory 100mb\n  hash-max-ziplist-entries 7\nrequirepass \"pass \\x41\"\n\
         client-output-buffer-limit pubsub 32mb 8mb 60\nproc-title-template '{title} {port}'\n",
    );
    let mut c = server.connect();
    assert_eq!(c.call(&["AUTH", "pass A"]), Reply::Simple("OK".into()));
    assert_eq!(c.run("CONFIG GET maxmemory"), ["maxmemory", "104857600"].into());
    assert_eq!(c.run("CONFIG GET hash-max-listpack-entries"), ["hash-max-listpack-entries", "7"].into());
    assert_eq!(c.run("CONFIG GET proc-title-template"), ["proc-title-template", "{title} {port}"].into());
    let limits = c.run("CONFIG GET client-output-buffer-limit").items()[1].text();
    assert!(limits.contains("pubsub 33554432 8388608 60"), "{limits}");
}

#[test]
fn options_on_the_command_line_override_the_file() {
    let server = Server::start_with(ServerOptions {
        config: Some("maxmemory 1mb\ntimeout 11\n".into()),
        args: vec!["--maxmemory".into(), "2mb".into()],
        ..ServerOptions::default()
    });
    let mut c = server.connect();
    assert_eq!(c.run("CONFIG GET maxmemory"), ["maxmemory", "2097152"].into());
    assert_eq!(c.run("CONFIG GET timeout"), ["timeout", "11"].into());
}

#[test]
fn included_files_are_read() {
    let directory = scratch_directory();
    let included = directory.join("more.conf");
    std::fs::write(&included, "timeout 77\n").unwrap();
    let server = start_with_config(&format!("include {}\n", included.display()));
    assert_eq!(server.connect().run("CONFIG GET timeout"), ["timeout", "77"].into());
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_renamed_command_answers_to_its_new_name_only() {
    let server = start_with_config("rename-command ECHO speak\nrename-command FLUSHALL \"\"\n");
    let mut c = server.connect();
    assert_eq!(c.run("speak hi"), "hi".into());
    assert!(c.run("ECHO hi").text().starts_with("ERR unknown command 'ECHO'"));
    assert!(c.run("FLUSHALL").text().starts_with("ERR unknown command 'FLUSHALL'"));
}

#[test]
fn a_faulty_configuration_stops_the_start_and_names_the_line() {
    let directory = scratch_directory();
    let path = directory.join("bad.conf");
    for (text, line, message) in [
        ("timeout 1\nno-such-thing yes\n", 2, "Bad directive or wrong number of arguments"),
        ("\n\ntimeout many\n", 3, "argument couldn't be parsed into an integer"),
        ("maxmemory-policy sometimes\n", 1, "argument(s) must be one of the following:"),
        ("timeout \"1\n", 1, "Unbalanced quotes in configuration line"),
        ("rename-command NOPE x\n", 1, "No such command in rename-command"),
    ] {
        std::fs::write(&path, text).unwrap();
        let (success, output) = output_of(&[path.to_str().unwrap()]);
        assert!(!success, "{text:?} is accepted");
        assert!(output.contains("*** FATAL CONFIG FILE ERROR"), "{output}");
        assert!(output.contains(&format!("Reading the configuration file, at line {line}\n")), "{output}");
        let offending = text.lines().nth(line - 1).unwrap();
        assert!(output.contains(&format!(">>> '{offending}'\n")), "{output}");
        assert!(output.contains(message), "{output}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn version_and_help_print_and_end() {
    for flag in ["--version", "-v"] {
        let (success, output) = output_of(&[flag]);
        assert!(success && output.contains("v="), "{output}");
    }
    let (_, output) = output_of(&["--help"]);
    assert!(output.contains("Usage: "), "{output}");
}

#[test]
fn config_set_is_atomic_and_rewrite_keeps_comments() {
    let server = start_with_config("# keep this\ntimeout 5\n# and this\nmaxmemory 1mb\n");
    let mut c = server.connect();
    assert_eq!(c.run("CONFIG SET timeout 9 maxmemory 3mb"), Reply::Simple("OK".into()));
    assert!(c.run("CONFIG SET timeout 10 maxmemory-policy wrong").is_error());
    assert_eq!(c.run("CONFIG GET timeout"), ["timeout", "9"].into());
    assert_eq!(c.run("CONFIG REWRITE"), Reply::Simple("OK".into()));
    let text = std::fs::read_to_string(server.directory().join("ochre.conf")).unwrap();
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what:?} in {text}"));
    assert!(at("# keep this") < at("timeout 9"));
    assert!(at("timeout 9") < at("# and this"));
    assert!(at("# and this") < at("maxmemory 3mb"));
}

#[test]
fn sigterm_and_sigint_end_the_server_in_order() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let mut server = Server::start(&[]);
        let mut c = server.connect();
        assert_eq!(c.run("PING"), Reply::Simple("PONG".into()));
        server.signal(signal);
        let status = server.wait_for_exit(SOON).expect("the server ends");
        assert!(status.success(), "{status}");
        assert!(server.log().contains("bye bye"), "{}", server.log());
        assert!(c.read().is_err());
    }
}

#[test]
fn sighup_is_ignored() {
    let mut server = Server::start(&[]);
    server.signal(libc::SIGHUP);
    std::thread::sleep(Duration::from_millis(100));
    assert!(server.is_running());
    assert_eq!(server.connect().run("PING"), Reply::Simple("PONG".into()));
}

#[test]
fn shutdown_ends_the_process_without_an_answer() {
    let mut server = Server::start(&[]);
    let mut c = server.connect();
    c.send(b"SHUTDOWN NOSAVE\r\n").unwrap();
    assert_eq!(c.read_to_end().unwrap(), b"");
    assert!(server.wait_for_exit(SOON).expect("the server ends").success());
}

#[test]
fn the_pid_file_exists_while_the_server_runs() {
    let mut server = Server::start(&["--pidfile", "server.pid"]);
    let path = server.directory().join("server.pid");
    let pid: u32 = std::fs::read_to_string(&path).unwrap().trim().parse().unwrap();
    assert_eq!(pid, server.pid());
    server.signal(libc::SIGTERM);
    server.wait_for_exit(SOON).expect("the server ends");
    assert!(!path.exists());
}

#[test]
fn connections_above_maxclients_are_turned_away() {
    let server = Server::start(&["--maxclients", "10"]);
    // The connection that found the server ready must be gone.
    std::thread::sleep(Duration::from_millis(100));
    let mut clients: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for c in &mut clients {
        assert_eq!(c.run("PING"), Reply::Simple("PONG".into()));
    }
    let mut extra = server.connect();
    assert_eq!(extra.read().unwrap(), Reply::Error("ERR max number of clients reached".into()));
    clients.pop();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.connect().run("PING"), Reply::Simple("PONG".into()));
}

#[test]
fn many_connections_are_served_together() {
    let server = Server::start(&[]);
    let mut clients: Vec<_> = (0..400).map(|_| server.connect()).collect();
    for round in 0..3 {
        for c in &mut clients {
            c.start(&["INCR", "n"]);
        }
        let mut answers: Vec<_> = clients.iter_mut().map(|c| c.read().unwrap().integer().unwrap()).collect();
        answers.sort_unstable();
        let expected: Vec<i64> = (round * 400 + 1..=round * 400 + 400).collect();
        assert_eq!(answers, expected);
    }
}

#[test]
fn a_stall_longer_than_the_watchdog_allows_leaves_a_trace_in_the_log() {
    let server = Server::start(&["--enable-debug-command", "yes", "--watchdog-period", "100"]);
    let mut c = server.connect();
    assert_eq!(c.run("CONFIG GET watchdog-period").pairs()[0].1.text(), "0");
    c.run("DEBUG SLEEP 0.3");
    assert!(!server.log().contains("WATCHDOG"));
    assert!(c.run("CONFIG SET watchdog-period 1").is_ok());
    assert_eq!(c.run("CONFIG GET watchdog-period").pairs()[0].1.text(), "200");
    c.run("DEBUG SLEEP 0.6");
    assert!(server.log().contains("WATCHDOG TIMER EXPIRED"));
    assert!(c.run("CONFIG SET watchdog-period 0").is_ok());
    let reports = server.log().matches("WATCHDOG").count();
    c.run("DEBUG SLEEP 0.4");
    assert_eq!(server.log().matches("WATCHDOG").count(), reports);
}
