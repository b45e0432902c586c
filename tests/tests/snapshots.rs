//! Snapshots while the server runs: SAVE, BGSAVE, save points, what follows from failures.

use std::fs;

use ochre_tests::{Client, Directory, Reply, wait_until};

fn fill(c: &mut Client, keys: usize) {
    let calls: Vec<_> =
        (0..keys).map(|n| vec!["SET".to_owned(), format!("key:{n}"), format!("value:{n}")]).collect();
    assert!(c.pipeline(&calls).unwrap().iter().all(Reply::is_ok));
}

fn wait_for_snapshot(c: &mut Client) {
    wait_until("the snapshot has ended", || c.info("rdb_bgsave_in_progress") == "0");
}

#[test]
fn save_writes_the_file_and_nothing_else_and_counts() {
    let directory = Directory::new();
    let server = directory.start(&[]);
    let mut c = server.connect();
    fill(&mut c, 100);
    assert_eq!(c.info("rdb_changes_since_last_save"), "100");
    let before = c.run("LASTSAVE").integer().unwrap();
    assert!(c.run("SAVE").is_ok());
    assert_eq!(directory.names(), ["dump.rdb"]);
    assert!(fs::read(directory.file("dump.rdb")).unwrap().starts_with(b"REDIS00"));
    assert_eq!(c.info("rdb_changes_since_last_save"), "0");
    assert_eq!(c.info("rdb_saves"), "1");
    assert!(c.run("LASTSAVE").integer().unwrap() >= before);
    assert!(server.log().contains("DB saved on disk"));
    assert!(c.run("SAVE now").is_error());
}

#[test]
fn bgsave_holds_the_data_of_the_moment_it_was_started() {
    let directory = Directory::new();
    let server = directory.start(&["--rdb-key-save-delay", "200"]);
    let mut c = server.connect();
    fill(&mut c, 1000);
    assert_eq!(c.run("BGSAVE"), Reply::Simple("Background saving started".into()));
    assert_eq!(c.info("rdb_bgsave_in_progress"), "1");
    assert_eq!(c.info("current_save_keys_total"), "1000");
    assert_eq!(c.run("BGSAVE"), Reply::Error("ERR Background save already in progress".into()));
    assert_eq!(c.run("SAVE"), Reply::Error("ERR Background save already in progress".into()));
    assert!(c.run("SET later x").is_ok());
    wait_for_snapshot(&mut c);
    assert_eq!(c.info("rdb_last_bgsave_status"), "ok");
    assert_eq!(c.info("rdb_changes_since_last_save"), "1");
    assert_eq!(c.info("total_forks"), "1");
    assert_ne!(c.info("latest_fork_usec"), "0");
    assert_ne!(c.info("rdb_last_cow_size"), "0");
    assert_eq!(directory.names(), ["dump.rdb"]);
    let log = server.log();
    for line in [
        "Background saving started by pid",
        "DB saved on disk",
        "Fork CoW for RDB",
        "Background saving terminated with success",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    drop(server);
    let server = directory.start(&[]);
    let mut c = server.connect();
    assert_eq!(c.run("DBSIZE"), 1000.into());
    assert_eq!(c.run("GET key:999"), "value:999".into());
    assert_eq!(c.run("EXISTS later"), 0.into());
}

#[test]
fn bgsave_inside_a_transaction_is_scheduled() {
    let directory = Directory::new();
    let server = directory.start(&[]);
    let mut c = server.connect();
    c.run("MULTI");
    c.run("SET a b");
    c.run("BGSAVE");
    assert_eq!(c.run("EXEC").items()[1], Reply::Simple("Background saving scheduled".into()));
    wait_until("the snapshot is there", || directory.file("dump.rdb").exists());
    assert!(c.run("BGSAVE sometime").is_error());
}

#[test]
fn a_child_reports_its_progress() {
    let directory = Directory::new();
    let server = directory.start(&["--rdb-key-save-delay", "1000"]);
    let mut c = server.connect();
    fill(&mut c, 3000);
    c.run("BGSAVE");
    wait_until("some keys are saved", || {
        c.info("current_save_keys_processed").parse::<u64>().unwrap() > 1000
    });
    assert_eq!(c.info("current_save_keys_total"), "3000");
    assert!(c.info("current_fork_perc").parse::<f64>().unwrap() > 30.0);
    assert!(c.run("FLUSHALL").is_ok());
    wait_for_snapshot(&mut c);
    assert!(server.log().contains("Background saving terminated by signal 10"));
    assert_eq!(c.info("rdb_last_bgsave_status"), "ok");
    assert!(directory.names().is_empty());
}

#[test]
fn save_points_save_and_count_what_changed_since() {
    let directory = Directory::new();
    let server = directory.start(&["--save", "1 3"]);
    let mut c = server.connect();
    fill(&mut c, 5);
    wait_until("a save point is reached", || server.log().contains("3 changes in 1 seconds. Saving..."));
    wait_for_snapshot(&mut c);
    assert_eq!(c.info("rdb_changes_since_last_save"), "0");
    assert!(c.run("FLUSHALL").is_ok());
    assert_eq!(c.info("rdb_changes_since_last_save"), "0");
    drop(server);
    assert_eq!(directory.start(&[]).connect().run("DBSIZE"), 0.into());
}

#[test]
fn a_killed_child_stops_writes_until_a_snapshot_succeeds() {
    let directory = Directory::new();
    let server = directory.start(&["--save", "3600 1", "--rdb-key-save-delay", "10000000"]);
    let mut c = server.connect();
    fill(&mut c, 10);
    c.run("BGSAVE");
    let log = server.log();
    let pid: i32 = log.split("started by pid ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    // SAFETY: kill takes numbers only; the pid is that of the server's child.
    #[allow(unsafe_code)]
    unsafe {
        libc::kill(pid, libc::SIGKILL)
    };
    wait_for_snapshot(&mut c);
    assert_eq!(c.info("rdb_last_bgsave_status"), "err");
    assert!(server.log().contains("Background saving terminated by signal 9"));
    assert!(c.run("SET x y").text().starts_with("MISCONF Redis is configured to save RDB snapshots"));
    assert!(c.run("PING").text().starts_with("MISCONF"));
    assert_eq!(c.run("GET key:1"), "value:1".into());
    c.run("MULTI");
    assert!(c.run("SET x y").text().starts_with("MISCONF"));
    assert!(c.run("EXEC").text().starts_with("EXECABORT"));
    assert!(c.run("CONFIG SET stop-writes-on-bgsave-error no").is_ok());
    assert!(c.run("SET x y").is_ok());
    assert!(c.run("CONFIG SET stop-writes-on-bgsave-error yes rdb-key-save-delay 0").is_ok());
    assert!(c.run("SET x y").is_error());
    assert_eq!(c.run("BGSAVE"), Reply::Simple("Background saving started".into()));
    wait_for_snapshot(&mut c);
    assert!(c.run("SET x y").is_ok());
    assert_eq!(directory.names(), ["dump.rdb"]);
}

#[test]
fn a_disk_that_refuses_leaves_the_old_file_and_no_other() {
    let directory = Directory::new();
    let server = directory.start(&[]);
    let mut c = server.connect();
    fill(&mut c, 10);
    // A directory in the place of the file: everything works until the last step.
    fs::create_dir(directory.file("dump.rdb")).unwrap();
    assert!(c.run("SAVE").is_error());
    assert!(server.log().contains("Error moving temp DB file temp-"), "{}", server.log());
    assert_eq!(c.info("rdb_changes_since_last_save"), "10");
    c.run("BGSAVE");
    wait_for_snapshot(&mut c);
    assert_eq!(c.info("rdb_last_bgsave_status"), "err");
    assert!(server.log().contains("Background saving error"));
    assert_eq!(directory.names(), ["dump.rdb"]);
    fs::remove_dir(directory.file("dump.rdb")).unwrap();
    assert!(c.run("SAVE").is_ok());
    // No directory at all.
    fs::remove_dir_all(directory.path()).unwrap();
    assert!(c.run("SAVE").is_error());
    assert!(server.log().contains("Failed opening the temp RDB file temp-"), "{}", server.log());
    assert_eq!(c.run("DBSIZE"), 10.into());
}

#[test]
fn clients_see_the_end_of_their_connection_while_a_child_has_their_socket() {
    let directory = Directory::new();
    let server = directory.start(&["--rdb-key-save-delay", "1000000"]);
    let (mut c, mut other) = (server.connect(), server.connect());
    fill(&mut c, 10);
    other.run("PING");
    c.run("BGSAVE");
    other.start(&["QUIT"]);
    assert!(other.read().unwrap().is_ok());
    assert_eq!(other.read_to_end().unwrap(), b"");
    assert_eq!(c.info("rdb_bgsave_in_progress"), "1");
}

#[test]
fn debug_reload_brings_everything_back() {
    let directory = Directory::new();
    let server = directory.start(&[]);
    let mut c = server.connect();
    fill(&mut c, 500);
    c.run("SELECT 3");
    c.run("SET other db EX 1000");
    c.run("SELECT 0");
    let digest = c.run("DEBUG DIGEST");
    assert!(c.run("DEBUG RELOAD").is_ok());
    assert_eq!(c.run("DEBUG DIGEST"), digest);
    c.run("SET key:1 changed");
    c.run("SET new key");
    assert!(c.run("DEBUG RELOAD NOSAVE NOFLUSH").is_error());
    assert!(c.run("DEBUG RELOAD NOSAVE NOFLUSH MERGE").is_ok());
    assert_eq!(c.run("GET key:1"), "value:1".into());
    assert_eq!(c.run("GET new"), "key".into());
    assert!(c.run("DEBUG RELOAD NOSAVE").is_ok());
    assert_eq!(c.run("DEBUG DIGEST"), digest);
    assert_eq!(
        c.run("DEBUG RELOAD SOMEHOW"),
        Reply::Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.".into())
    );
}
