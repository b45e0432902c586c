//! Compatibility levels from the outside: each level reports its version, knows the commands and
//! options of its time and no later ones, and uses that time's names of encodings.

use ochre_tests::{Client, Reply, Server};

/// Starts at a level; every test here is about Ochre alone.
fn at(level: &str) -> (Server, Client) {
    let server = Server::start(&["--compat-version", level]);
    let client = server.connect();
    (server, client)
}

fn info(c: &mut Client, field: &str) -> String {
    let text = c.run("INFO server").text();
    let line = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field} in {text}")).trim().to_owned()
}

/// Whether the level has the command at all.
fn knows(c: &mut Client, command: &str) -> bool {
    !c.run(command).text().starts_with("ERR unknown command")
}

#[test]
fn every_level_reports_its_version() {
    for level in ["4.0", "5.0", "6.2", "7.0", "7.2"] {
        let (_server, mut c) = at(level);
        let version = info(&mut c, "redis_version");
        assert!(version.starts_with(&format!("{level}.")), "{version} at {level}");
    }
    let server = Server::start(&[]);
    assert_eq!(info(&mut server.connect(), "redis_version"), "7.2.4");
}

#[test]
fn a_level_knows_the_commands_of_its_time() {
    // The version in which each came.
    let commands = [
        ("ZPOPMIN", "5.0"),
        ("XADD", "5.0"),
        ("LPOS", "6.2"),
        ("GETEX", "6.2"),
        ("COPY", "6.2"),
        ("GEOSEARCH", "6.2"),
        ("HELLO", "6.2"),
        ("LMPOP", "7.0"),
        ("EXPIRETIME", "7.0"),
        ("SINTERCARD", "7.0"),
        ("SPUBLISH", "7.0"),
        ("SORT_RO", "7.0"),
    ];
    let levels = ["4.0", "5.0", "6.2", "7.0", "7.2"];
    for (at_level, level) in levels.iter().enumerate() {
        let (_server, mut c) = at(level);
        for (command, since) in commands {
            let exists = levels.iter().position(|l| *l == since).expect("a level") <= at_level;
            assert_eq!(knows(&mut c, command), exists, "{command} at {level}");
        }
    }
}

#[test]
fn options_newer_than_the_level_are_syntax_errors() {
    let syntax = Reply::Error("ERR syntax error".into());
    for (level, call) in [
        ("5.0", "SET k v KEEPTTL"),
        ("5.0", "SET k v GET"),
        ("6.2", "SET k v NX GET"),
        ("5.0", "ZADD z GT 1 a"),
    ] {
        let (_server, mut c) = at(level);
        assert!(c.run(call).is_error(), "{call} at {level}");
    }
    let (_server, mut c) = at("5.0");
    assert_eq!(c.run("SET k v KEEPTTL"), syntax);
    let (_server, mut c) = at("6.2");
    assert!(c.run("SET k v KEEPTTL").is_ok());
    assert!(c.run("EXPIRE k 100 NX").is_error());
    let (_server, mut c) = at("7.0");
    c.run("ZADD z 1 a");
    assert!(c.run("ZRANK z a WITHSCORE").is_error());
    let (_server, mut c) = at("7.2");
    c.run("ZADD z 1 a");
    assert_eq!(format!("{:?}", c.run("ZRANK z a WITHSCORE")), r#"[:0, "1"]"#);
}

#[test]
fn before_7_0_the_command_table_tells_keys_with_the_container_and_hints_as_flags() {
    let entry = |level: &str, name: &str| {
        let (_server, mut c) = at(level);
        c.run(&format!("COMMAND INFO {name}")).items()[0].items().to_vec()
    };
    let flags = |level, name| entry(level, name)[2].items().iter().map(Reply::text).collect::<Vec<_>>();
    assert_eq!(format!("{:?}", &entry("6.2", "object")[3..6]), "[:2, :2, :1]");
    assert_eq!(format!("{:?}", &entry("7.0", "object")[3..6]), "[:0, :0, :0]");
    assert_eq!(entry("5.0", "get").len(), 6);
    assert_eq!(entry("6.2", "get").len(), 7);
    assert!(flags("6.2", "spop").contains(&"random".to_owned()));
    assert!(flags("6.2", "smembers").contains(&"sort_for_script".to_owned()));
    assert!(!flags("6.2", "blpop").contains(&"blocking".to_owned()));
    assert!(flags("7.0", "blpop").contains(&"blocking".to_owned()));
}

#[test]
fn the_longest_common_subsequence_was_found_by_stralgo_first() {
    let (_server, mut c) = at("6.2");
    c.run("MSET a ohmytext b mynewtext");
    assert_eq!(c.run("STRALGO LCS KEYS a b").text(), "mytext");
    assert_eq!(c.run("STRALGO LCS LEN STRINGS ohmytext mynewtext"), Reply::Integer(6));
    let indexes = c.run("STRALGO LCS KEYS a b IDX MINMATCHLEN 4 WITHMATCHLEN");
    assert_eq!(format!("{indexes:?}"), r#"["matches", [[[:4, :7], [:5, :8], :4]], "len", :6]"#);
    assert_eq!(c.run("COMMAND GETKEYS STRALGO LCS KEYS a b").items().len(), 2);
    for (call, error) in [
        ("STRALGO LCS", "ERR Please specify two strings: STRINGS or KEYS options are mandatory"),
        ("STRALGO LCS KEYS a b STRINGS a b", "ERR Either use STRINGS or KEYS"),
        ("STRALGO OTHER KEYS a b", "ERR syntax error"),
        ("STRALGO LCS KEYS a", "ERR syntax error"),
    ] {
        assert_eq!(c.run(call), Reply::Error(error.to_owned()), "{call}");
    }
}

#[test]
fn small_collections_carry_the_names_of_the_level() {
    // Hash, sorted set, list, set of words.
    for (level, names) in [
        ("6.2", ["ziplist", "ziplist", "quicklist", "hashtable"]),
        ("7.0", ["listpack", "listpack", "quicklist", "hashtable"]),
        ("7.2", ["listpack", "listpack", "listpack", "listpack"]),
    ] {
        let (_server, mut c) = at(level);
        c.run("HSET h f v");
        c.run("ZADD z 1 a");
        c.run("RPUSH l a");
        c.run("SADD s a");
        for (key, name) in ["h", "z", "l", "s"].into_iter().zip(names) {
            assert_eq!(c.run(&format!("OBJECT ENCODING {key}")).text(), name, "{key} at {level}");
        }
    }
}

#[test]
fn errors_and_answers_are_those_of_the_level() {
    for (level, call, answer) in [
        ("5.0", "MOVE k nonsense", "-ERR index out of range"),
        ("6.2", "MOVE k nonsense", "-ERR value is not an integer or out of range"),
        ("6.2", "SET k v EX 0", "-ERR invalid expire time in set"),
        ("7.0", "SET k v EX 0", "-ERR invalid expire time in 'set' command"),
        ("5.0", "SINTER none text", "[]"),
        ("6.2", "LPOP none 1", "(nil array)"),
        ("6.2", "XCLAIM s g other 0 1-0", "[(nil)]"),
        ("7.0", "XCLAIM s g other 0 1-0", "[]"),
        ("6.2", "XAUTOCLAIM s g other 0 0", r#"["0-0", [(nil)]]"#),
        ("7.0", "XAUTOCLAIM s g other 0 0", r#"["0-0", [], ["1-0"]]"#),
    ] {
        let (_server, mut c) = at(level);
        for before in [
            "SET text x",
            "SET k v",
            "XADD s 1-0 f v",
            "XGROUP CREATE s g 0",
            "XREADGROUP GROUP g one STREAMS s >",
            "XDEL s 1-0",
        ] {
            c.run(before);
        }
        assert_eq!(format!("{:?}", c.run(call)), answer, "{call} at {level}");
    }
    for (level, answer) in [("5.0", "[+PONG]"), ("6.2", "(nil array)")] {
        let (_server, mut c) = at(level);
        c.run("SET k v PX 300");
        c.run("WATCH k");
        ochre_tests::wait_until("the key has expired", || c.run("DBSIZE") == 0.into());
        c.run("MULTI");
        c.run("PING");
        assert_eq!(format!("{:?}", c.run("EXEC")), answer, "a watched key expired at {level}");
    }
    let (_server, mut c) = at("6.2");
    c.run("CONFIG GET port");
    let counted = c.run("INFO commandstats").text();
    assert!(counted.contains("cmdstat_config:calls=1,"), "{counted}");
}
