//! Tests of the configuration as a whole: declarations, loading, CONFIG GET, SET and REWRITE.

use std::collections::HashSet;

use super::directive::Rule;
use super::lists::ShutdownFlags;
use super::rewrite::rewritten;
use super::values::Text;
use super::*;

/// Commands that `rename-command` may name, and a standard input.
struct Fixture(&'static [u8]);

impl Source for Fixture {
    fn is_command(&self, name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(b"get") || name.eq_ignore_ascii_case(b"set")
    }

    fn stdin(&mut self) -> std::io::Result<Vec<u8>> {
        Ok(self.0.to_vec())
    }
}

fn load_text(text: &'static str) -> Result<Loaded, LoadError> {
    let arguments = Arguments { stdin: true, ..Arguments::default() };
    load(&arguments, &mut Fixture(text.as_bytes()))
}

fn loaded(text: &'static str) -> Config {
    load_text(text).unwrap().config
}

fn refused(text: &'static str) -> String {
    match load_text(text) {
        Err(LoadError::Line(text) | LoadError::File(text)) => text,
        Ok(_) => panic!("accepted: {text}"),
    }
}

fn get(config: &Config, name: &str) -> String {
    let answers = config.get([name.as_bytes()].into_iter());
    String::from_utf8(answers.into_iter().next().unwrap().1).unwrap()
}

fn set_one(config: &mut Config, name: &str, value: &str) -> Result<(), String> {
    let pairs = [(name.as_bytes(), value.as_bytes())];
    set(config, &pairs, Circumstances::default(), |_, _| Ok(()))
        .map_err(|error| String::from_utf8(error.reply().text().to_vec()).unwrap())
}

fn rewrite(old: &str, config: &Config) -> String {
    // The working directory is always written; it is no part of these tests.
    let text = String::from_utf8(rewritten(old.as_bytes(), config, None)).unwrap();
    let lines = text.lines().filter(|line| {
        !["dir ", "save ", "latency-tracking-info"].iter().any(|start| line.starts_with(start))
    });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_name_is_declared_once_and_in_lower_case() {
    let mut seen = HashSet::new();
    for name in directives().flat_map(Directive::names) {
        assert_eq!(name, name.to_ascii_lowercase());
        assert!(seen.insert(name), "{name} twice");
    }
}

#[test]
fn every_default_can_be_read_back() {
    let mut config = Config::default();
    for directive in directives() {
        let shown = directive.show(&config);
        let words: Vec<&[u8]> = match directive.has(Flags::MULTI_ARG) {
            true => shown.split(|byte| *byte == b' ').collect(),
            false => vec![&shown],
        };
        if directive.name != "replicaof" {
            directive
                .read(&mut config, &words)
                .unwrap_or_else(|error| panic!("{}: {error:?}", directive.name));
        }
    }
    assert_eq!(config, Config::default());
}

#[test]
fn every_range_fits_its_field() {
    for directive in directives() {
        let Rule::Number { min, max, unit } = directive.rule else { continue };
        for value in [min, max] {
            let text = match unit {
                directive::Unit::Octal => format!("{value:o}"),
                directive::Unit::BytesOrPercent if value < 0 => format!("{}%", -value),
                _ => value.to_string(),
            };
            let mut config = Config::default();
            let outcome = directive.read(&mut config, &[text.as_bytes()]);
            assert!(outcome.is_ok(), "{} {text}: {outcome:?}", directive.name);
            assert_eq!(directive.show(&config), text.as_bytes(), "{}", directive.name);
        }
    }
}

#[test]
fn the_engine_has_the_same_defaults() {
    assert_eq!(Config::default().settings(), ochre_engine::settings::Settings::default());
}

#[test]
fn lines_are_read_with_quotes_units_and_comments() {
    let config = loaded("# a comment\n\n  MAXMEMORY 1gb \nrequirepass \"a\\x41 b\"\r\nbind 127.0.0.1 -::1\n");
    assert_eq!(config.memory.maxmemory, 1 << 30);
    assert_eq!(config.network.requirepass, Text::from("aA b"));
    assert_eq!(get(&config, "bind"), "127.0.0.1 -::1");
    assert_eq!(loaded("port 1\nport 2").network.port, 2);
}

#[test]
fn both_spellings_set_the_same_threshold() {
    let config = loaded("hash-max-ziplist-entries 7\nlist-max-ziplist-size -1\n");
    assert_eq!(config.encodings.hash_max_listpack_entries, 7);
    assert_eq!(get(&config, "list-max-listpack-size"), "-1");
    assert_eq!(get(&config, "Hash-Max-Ziplist-Entries"), "7");
}

#[test]
fn save_lines_replace_the_default_and_then_add_up() {
    assert_eq!(get(&loaded(""), "save"), "3600 1 300 100 60 10000");
    assert_eq!(get(&loaded("save 10 1\nsave 20 2 30 3\n"), "save"), "10 1 20 2 30 3");
    assert_eq!(get(&loaded("save \"10 1 20 2\""), "save"), "10 1 20 2");
    assert_eq!(get(&loaded("save 10 1\nsave \"\"\n"), "save"), "");
    assert!(refused("save 10").ends_with("Invalid save parameters\n"));
}

#[test]
fn output_limits_are_set_by_class() {
    let config =
        loaded("client-output-buffer-limit replica 1mb 0 5\nclient-output-buffer-limit pubsub 1 2 3\n");
    assert_eq!(get(&config, "client-output-buffer-limit"), "normal 0 0 0 slave 1048576 0 5 pubsub 1 2 3");
}

#[test]
fn a_bad_line_is_named_as_redis_does() {
    assert_eq!(
        refused("port 1\n  nonsense 3  \n"),
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at line 2\n\
         >>> 'nonsense 3'\nBad directive or wrong number of arguments\n"
    );
    for (line, reason) in [
        ("port", "wrong number of arguments"),
        ("port 70000", "argument must be between 0 and 65535 inclusive"),
        ("port x", "argument couldn't be parsed into an integer"),
        ("appendonly maybe", "argument must be 'yes' or 'no'"),
        ("maxmemory 1xb", "argument must be a memory value"),
        ("maxmemory-clients 101%", "percentage argument must be less or equal to 100"),
        ("unixsocketperm 9", "argument couldn't be parsed as an octal number"),
        ("unixsocketperm 1000", "argument must be between 0 and 777 inclusive"),
        ("appendfsync x", "argument(s) must be one of the following: everysec, always, no"),
        ("requirepass \"x", "Unbalanced quotes in configuration line"),
        ("sentinel monitor x", "sentinel directive while not in sentinel mode"),
        ("shutdown-on-sigint save nosave", "shutdown options SAVE and NOSAVE can't be used simultaneously"),
        ("rename-command nope x", "No such command in rename-command"),
        ("rename-command get set", "Target command name already exists"),
        ("dir /does/not/exist", "No such file or directory"),
    ] {
        let text = refused(line);
        assert!(text.ends_with(&format!(">>> '{line}'\n{reason}\n")), "{text}");
    }
}

#[test]
fn a_cluster_has_one_database_and_no_configured_primary() {
    let loaded = load_text("cluster-enabled yes\ndatabases 4\n").unwrap();
    assert_eq!((loaded.config.process.databases, loaded.warnings.len()), (1, 1));
    assert!(refused("cluster-enabled yes\nreplicaof h 1\n").contains("not allowed in cluster mode"));
}

#[test]
fn commands_are_renamed_once_each() {
    let loaded =
        load_text("rename-command get fetch\nrename-command set \"\"\nrename-command fetch get\n").unwrap();
    assert_eq!(loaded.renamed_commands.len(), 3);
}

#[test]
fn includes_are_read_in_place_and_patterns_may_match_nothing() {
    let dir = std::env::temp_dir().join(format!("ochre-include-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("a.conf"), "port 1\n").unwrap();
    std::fs::write(dir.join("b.conf"), "port 2\n").unwrap();
    let mut arguments = Arguments::default();
    let mut port = |line: String| {
        arguments.options = line.into_bytes();
        load(&arguments, &mut Fixture(b"")).map(|loaded| loaded.config.network.port)
    };
    let dir_text = dir.display();
    assert_eq!(port(format!("include {dir_text}/*.conf")), Ok(2));
    assert_eq!(port(format!("port 9\ninclude {dir_text}/a.conf")), Ok(1));
    assert_eq!(port(format!("port 9\ninclude {dir_text}/*.none")), Ok(9));
    let missing = port(format!("include {dir_text}/none.conf"));
    assert!(matches!(missing, Err(LoadError::File(text)) if text.contains("can't open config file")));
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn get_takes_patterns_and_hides_what_is_hidden() {
    let config = Config::default();
    let names = |patterns: &[&str]| -> Vec<String> {
        let answers = config.get(patterns.iter().map(|pattern| pattern.as_bytes()));
        answers.into_iter().map(|(name, _)| String::from_utf8(name).unwrap()).collect()
    };
    assert_eq!(names(&["MaxMemory", "maxmemory"]), ["MaxMemory"]);
    assert_eq!(
        names(&["hash-max-*-value", "nothing"]),
        ["hash-max-listpack-value", "hash-max-ziplist-value"]
    );
    assert!(!names(&["*"]).contains(&"key-load-delay".to_owned()));
    assert_eq!(names(&["key-load-delay"]).len(), 1);
}

#[test]
fn set_refuses_with_redis_texts() {
    let mut config = Config::default();
    let failed = |name: &str, reason: &str| {
        Err(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"))
    };
    assert_eq!(
        set_one(&mut config, "nope", "1"),
        Err("ERR Unknown option or number of arguments for CONFIG SET - 'nope'".to_owned())
    );
    assert_eq!(set_one(&mut config, "Databases", "1"), failed("Databases", "can't set immutable config"));
    assert_eq!(set_one(&mut config, "dir", "/"), failed("dir", "can't set protected config"));
    assert_eq!(
        set_one(&mut config, "maxclients", "0"),
        failed("maxclients", "argument must be between 1 and 4294967295 inclusive")
    );
    assert_eq!(config, Config::default());
}

#[test]
fn set_is_all_or_nothing() {
    let mut config = Config::default();
    let pairs: [(&[u8], &[u8]); 2] = [(b"maxmemory", b"100mb"), (b"maxmemory-policy", b"nonsense")];
    assert!(set(&mut config, &pairs, Circumstances::default(), |_, _| Ok(())).is_err());
    assert_eq!(config, Config::default());

    let twice: [(&[u8], &[u8]); 2] = [(b"slave-priority", b"1"), (b"replica-priority", b"2")];
    let error = set(&mut config, &twice, Circumstances::default(), |_, _| Ok(())).unwrap_err();
    assert!(
        String::from_utf8(error.reply().text().to_vec())
            .unwrap()
            .ends_with("'replica-priority') - duplicate parameter")
    );
}

#[test]
fn what_cannot_be_applied_is_rolled_back_and_applied_again() {
    let mut config = Config::default();
    let mut applied = Vec::new();
    let pairs: [(&[u8], &[u8]); 3] = [(b"maxmemory", b"1mb"), (b"port", b"1"), (b"hz", b"1")];
    let outcome = set(&mut config, &pairs, Circumstances::default(), |config, action| {
        applied.push((action, config.network.port));
        let fails = action == Apply::Port && config.network.port == 1;
        if fails { Err("Unable to listen on this port. Check server logs.".into()) } else { Ok(()) }
    });
    assert!(outcome.is_err());
    assert_eq!(config, Config::default());
    let expected = [(Apply::MaxMemory, 1), (Apply::Port, 1), (Apply::MaxMemory, 6379), (Apply::Port, 6379)];
    assert_eq!(applied, expected);
}

#[test]
fn unchanged_values_are_not_applied_again() {
    let mut config = Config::default();
    let pairs: [(&[u8], &[u8]); 2] = [(b"port", b"6379"), (b"tls-cert-file", b"")];
    let mut applied = Vec::new();
    set(&mut config, &pairs, Circumstances::default(), |_, action| {
        applied.push(action);
        Ok(())
    })
    .unwrap();
    assert_eq!(applied, [Apply::Tls]);
}

#[test]
fn the_rate_is_moved_into_its_range() {
    let mut config = Config::default();
    set_one(&mut config, "hz", "100000").unwrap();
    assert_eq!(get(&config, "hz"), "500");
}

#[test]
fn rewrite_keeps_comments_and_order() {
    let mut config = loaded("maxmemory 1mb\nslave-priority 7\n");
    config.network.timeout = 5;
    config.network.requirepass = Text::from("a b");
    let old =
        "# first\nslave-priority 1\n\n\ninclude x.conf\nmaxmemory 3\nmaxmemory 4\nbad \"line\ntimeout 1\n";
    assert_eq!(
        rewrite(old, &config),
        "# first\nreplica-priority 7\n\ninclude x.conf\nmaxmemory 1mb\n\n# ??? bad \"line\ntimeout 5\n\
         # Generated by CONFIG REWRITE\nrequirepass \"a b\"\n"
    );
}

#[test]
fn rewriting_twice_changes_nothing() {
    let mut config = loaded("save 5 5\nbind 127.0.0.1\nclient-output-buffer-limit pubsub 1mb 2mb 3\n");
    config.process.shutdown_on_sigint = ShutdownFlags::NOW | ShutdownFlags::FORCE;
    let once = rewritten(b"port 7\n# end\n", &config, None);
    assert_eq!(rewritten(&once, &config, None), once);
    let text = String::from_utf8(once).unwrap();
    for line in ["port 6379", "save 5 5", "bind 127.0.0.1", "client-output-buffer-limit pubsub 1mb 2mb 3"] {
        assert!(text.lines().any(|known| known == line), "{line} in {text}");
    }
    assert!(text.contains("shutdown-on-sigint now force\n"));
}

#[test]
fn a_rewritten_file_means_the_same() {
    let mut config =
        loaded("maxmemory-clients 5%\nnotify-keyspace-events KEA\nreplicaof h 1\nunixsocketperm 700\n");
    config.persistence.save.0.clear();
    config.network.bind.0.clear();
    let text = rewritten(b"", &config, None);
    let arguments = Arguments { options: text, ..Arguments::default() };
    assert_eq!(load(&arguments, &mut Fixture(b"")).unwrap().config, config);
}

#[test]
fn directives_without_effect_are_documented() {
    let page = include_str!("../../../../COMPATIBILITY.md");
    let section = page.split("## Directives accepted without effect").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let documented: HashSet<&str> = section.split('`').skip(1).step_by(2).collect();
    let declared: HashSet<&str> = directives()
        .filter(|directive| directive.has(Flags::NO_EFFECT))
        .map(|directive| directive.name)
        .collect();
    assert_eq!(documented, declared);
}
