//! Every command and every option that came after 4.0 is there from its level on, and below it
//! refused with the words of that version. That nothing is left out is checked against the declarations.

use std::collections::BTreeSet;

use ochre_tests::{Client, Reply, Server};

const LEVELS: [&str; 5] = ["4.0", "5.0", "6.2", "7.0", "7.2"];

/// A call that uses something new: the level that brought it, what has to be there, the call, and how
/// earlier levels that have the command refuse it.
type Row = (&'static str, &'static str, &'static str, &'static str);

const SYNTAX: &str = "ERR syntax error";
const STREAM_ID: &str = "ERR Invalid stream ID specified as stream command argument";

const ROWS: &[Row] = &[
    ("6.2", "CONFIG SET requirepass p", "AUTH default p", "ERR wrong number of arguments for 'auth' command"),
    ("7.0", "SET k v", "BITCOUNT k 0 -1 BIT", SYNTAX),
    ("7.0", "SET k v", "BITPOS k 1 0 -1 BIT", SYNTAX),
    ("6.2", "", "BLPOP k 0.01", "ERR timeout is not an integer or out of range"),
    ("6.2", "", "BRPOPLPUSH k to 0.01", "ERR timeout is not an integer or out of range"),
    ("6.2", "", "BZPOPMIN k 0.01", "ERR timeout is not an integer or out of range"),
    ("5.0", "", "CLIENT KILL TYPE replica", "ERR Unknown client type 'replica'"),
    ("6.2", "", "CLIENT KILL LADDR 1.2.3.4:5", SYNTAX),
    (
        "5.0",
        "",
        "CLIENT LIST TYPE normal",
        "ERR Unknown subcommand or wrong number of arguments for 'LIST'. Try CLIENT HELP.",
    ),
    ("6.2", "", "CLIENT LIST ID 1", SYNTAX),
    (
        "6.2",
        "",
        "CLIENT PAUSE 1 WRITE",
        "ERR Unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.",
    ),
    (
        "7.0",
        "",
        "CONFIG GET port bind",
        "ERR Unknown subcommand or wrong number of arguments for 'GET'. Try CONFIG HELP.",
    ),
    (
        "7.0",
        "",
        "CONFIG SET timeout 0 hz 10",
        "ERR Unknown subcommand or wrong number of arguments for 'SET'. Try CONFIG HELP.",
    ),
    ("7.0", "SET k v", "EXPIRE k 100 NX", "ERR wrong number of arguments for 'expire' command"),
    ("7.0", "SET k v", "EXPIREAT k 9999999999 XX", "ERR wrong number of arguments for 'expireat' command"),
    ("6.2", "", "FLUSHALL SYNC", SYNTAX),
    ("6.2", "", "FLUSHDB SYNC", SYNTAX),
    (
        "6.2",
        "",
        "GEOADD k NX 1 1 a",
        "ERR syntax error. Try GEOADD key [x1] [y1] [name1] [x2] [y2] [name2] ... ",
    ),
    (
        "6.2",
        "",
        "GEOADD k CH 1 1 a",
        "ERR syntax error. Try GEOADD key [x1] [y1] [name1] [x2] [y2] [name2] ... ",
    ),
    (
        "7.0",
        "GEOADD k 1 1 a 2 2 b",
        "GEODIST k a b KM",
        "ERR unsupported unit provided. please use m, km, ft, mi",
    ),
    ("6.2", "GEOADD k 1 1 a", "GEORADIUS k 1 1 1 km COUNT 1 ANY", SYNTAX),
    ("6.2", "GEOADD k 1 1 a", "GEORADIUS_RO k 1 1 1 km COUNT 1 ANY", SYNTAX),
    ("7.0", "", "INFO server clients", SYNTAX),
    ("6.2", "RPUSH k a", "LPOP k 1", "ERR wrong number of arguments for 'lpop' command"),
    ("6.2", "RPUSH k a", "RPOP k 1", "ERR wrong number of arguments for 'rpop' command"),
    ("6.2", "", "MIGRATE 127.0.0.1 1 none 0 100 AUTH2 user password", SYNTAX),
    ("7.0", "SET k v", "PEXPIRE k 100000 GT", "ERR wrong number of arguments for 'pexpire' command"),
    (
        "7.0",
        "SET k v",
        "PEXPIREAT k 9999999999999 LT",
        "ERR wrong number of arguments for 'pexpireat' command",
    ),
    ("5.0", "", "RESTORE k 0 payload ABSTTL", SYNTAX),
    ("5.0", "", "RESTORE k 0 payload IDLETIME 1", SYNTAX),
    ("5.0", "", "RESTORE k 0 payload FREQ 1", SYNTAX),
    ("6.2", "", "SCAN 0 TYPE string", SYNTAX),
    ("6.2", "", "SET k v GET", SYNTAX),
    ("7.0", "", "SET k v NX GET", SYNTAX),
    ("6.2", "", "SET k v EXAT 9999999999", SYNTAX),
    ("6.2", "", "SET k v PXAT 9999999999999", SYNTAX),
    ("6.2", "", "SET k v KEEPTTL", SYNTAX),
    ("7.0", "", "SHUTDOWN NOW ABORT", SYNTAX),
    ("7.0", "", "SHUTDOWN FORCE ABORT", SYNTAX),
    ("6.2", "", "XADD k NOMKSTREAM * f v", STREAM_ID),
    ("6.2", "", "XADD k MINID 1 * f v", STREAM_ID),
    ("6.2", "", "XADD k MAXLEN ~ 10 LIMIT 5 * f v", STREAM_ID),
    ("7.0", "", "XADD k 5-* f v", STREAM_ID),
    (
        "7.0",
        "XADD k 1-0 f v",
        "XGROUP CREATE k g $ ENTRIESREAD 1",
        "ERR Unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.",
    ),
    (
        "7.0",
        "XGROUP CREATE k g $ MKSTREAM",
        "XGROUP SETID k g $ ENTRIESREAD 1",
        "ERR Unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.",
    ),
    (
        "6.2",
        "XADD k 1-0 f v",
        "XINFO STREAM k FULL",
        "ERR Unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.",
    ),
    ("6.2", "XGROUP CREATE k g $ MKSTREAM", "XPENDING k g IDLE 1 - + 10", SYNTAX),
    ("6.2", "XGROUP CREATE k g $ MKSTREAM", "XPENDING k g (1 + 10", STREAM_ID),
    ("6.2", "", "XRANGE k (1 +", STREAM_ID),
    ("6.2", "", "XREVRANGE k (5 -", STREAM_ID),
    (
        "7.0",
        "XADD k 1-0 f v",
        "XSETID k 5-0 ENTRIESADDED 5",
        "ERR wrong number of arguments for 'xsetid' command",
    ),
    (
        "7.0",
        "XADD k 1-0 f v",
        "XSETID k 5-0 MAXDELETEDID 1-0",
        "ERR wrong number of arguments for 'xsetid' command",
    ),
    ("6.2", "", "XTRIM k MINID 1", SYNTAX),
    ("6.2", "", "XTRIM k MAXLEN ~ 10 LIMIT 5", SYNTAX),
    ("6.2", "", "ZADD k GT 1 a", SYNTAX),
    ("6.2", "", "ZADD k LT 1 a", SYNTAX),
    ("6.2", "", "ZRANGE k 0 1 REV", SYNTAX),
    ("6.2", "", "ZRANGE k 0 1 BYSCORE", SYNTAX),
    ("6.2", "", "ZRANGE k - + BYLEX", "ERR value is not an integer or out of range"),
    ("6.2", "", "ZRANGE k 0 1 BYSCORE LIMIT 0 1", SYNTAX),
    ("7.2", "", "ZRANK k a WITHSCORE", "ERR wrong number of arguments for 'zrank' command"),
    ("7.2", "", "ZREVRANK k a WITHSCORE", "ERR wrong number of arguments for 'zrevrank' command"),
];

fn at(level: &str) -> Server {
    Server::start(&["--compat-version", level, "--enable-debug-command", "yes"])
}

/// The level that first has something since a version.
fn level_of(version: &str) -> Option<&'static str> {
    let parts = |text: &str| text.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    let known = |level: &&&str| parts(level)[..2] >= parts(version)[..2];
    LEVELS.iter().find(known).copied()
}

#[test]
fn options_are_there_from_their_level_on() {
    for (at_level, level) in LEVELS.into_iter().enumerate() {
        let server = at(level);
        for (since, before, call, refusal) in ROWS {
            let mut c = server.connect();
            let command = call.split(' ').next().expect("a name");
            if c.run(&format!("COMMAND INFO {command}")).items().iter().all(|entry| entry.items().is_empty())
            {
                continue;
            }
            if !before.is_empty() {
                let reply = c.run(before);
                assert!(!reply.is_error(), "{before} at {level}: {reply:?}");
            }
            // A connection of its own: some calls end or pause others.
            let reply = server.connect().run(call);
            let is_there = LEVELS.iter().position(|l| l == since).expect("a level") <= at_level;
            let refused = reply == Reply::Error((*refusal).to_owned());
            assert_eq!(refused, !is_there, "{call} at {level}: {reply:?}");
            c.run("CONFIG SET requirepass ");
            c.run("CLIENT UNPAUSE");
            c.run("FLUSHALL");
        }
    }
}

/// The arguments of a command that came after 4.0, with the words that introduce them.
fn newer_words(args: &Reply, above: &str, found: &mut BTreeSet<String>) {
    for arg in args.items() {
        let token = arg.get("token").map_or(above.to_owned(), |token| token.text());
        let since = arg.get("since").map(|since| since.text());
        let parts = arg.get("arguments").unwrap_or(Reply::Null);
        if since.as_deref().and_then(level_of).is_some_and(|level| level > "4.0") && parts.items().is_empty()
        {
            found.insert(token);
        } else {
            newer_words(&parts, &token, found);
        }
    }
}

#[test]
fn every_declared_newer_option_is_tried() {
    let mut c = at("7.2").connect_kept();
    let mut missing = Vec::new();
    for (name, docs) in c.1.run("COMMAND DOCS").pairs() {
        let mut check = |full: String, docs: &Reply| {
            let mut words = BTreeSet::new();
            newer_words(&docs.get("arguments").unwrap_or(Reply::Null), "", &mut words);
            for word in words {
                let tried = |row: &&Row| {
                    let call = row.2.to_ascii_lowercase();
                    call.starts_with(&format!("{full} ")) && call.contains(&word.to_ascii_lowercase())
                };
                if !ROWS.iter().any(|row| tried(&row)) {
                    missing.push(format!("{full} {word}"));
                }
            }
        };
        check(name.text(), &docs);
        for (sub, docs) in docs.get("subcommands").unwrap_or(Reply::Null).pairs() {
            check(sub.text().replace('|', " "), &docs);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_level_has_exactly_the_commands_of_its_time() {
    let newest = at("latest");
    let docs = newest.connect().run("COMMAND DOCS").pairs();
    for level in LEVELS {
        let server = at(level);
        let mut c = server.connect();
        let listed: BTreeSet<String> = c.run("COMMAND").items().iter().map(|e| e.items()[0].text()).collect();
        assert_eq!(c.run("COMMAND COUNT"), Reply::Integer(listed.len() as i64));
        let is_there = |docs: &Reply| {
            let since = docs.get("since").expect("a version").text();
            level_of(&since).is_some_and(|first| first <= level)
        };
        let mut expected: BTreeSet<String> =
            docs.iter().filter(|(_, docs)| is_there(docs)).map(|(name, _)| name.text()).collect();
        if level == "6.2" {
            // Came with 6.0 and went with 7.0.
            expected.insert("stralgo".to_owned());
        }
        assert_eq!(listed, expected, "at {level}");
        for (name, docs) in &docs {
            if !is_there(docs) {
                let reply = c.run(&format!("{} a b c", name.text())).text();
                assert!(reply.starts_with("ERR unknown command"), "{} at {level}: {reply}", name.text());
                continue;
            }
            for (sub, docs) in docs.get("subcommands").unwrap_or(Reply::Null).pairs() {
                if !is_there(&docs) {
                    let reply = c.run(&sub.text().replace('|', " ")).text().to_ascii_lowercase();
                    assert!(
                        reply.starts_with("err unknown subcommand"),
                        "{} at {level}: {reply}",
                        sub.text()
                    );
                }
            }
        }
    }
}

/// A server that lives as long as its client.
trait Kept {
    fn connect_kept(self) -> (Server, Client);
}

impl Kept for Server {
    fn connect_kept(self) -> (Server, Client) {
        let client = self.connect();
        (self, client)
    }
}
