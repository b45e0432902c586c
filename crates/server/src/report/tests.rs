//! Reports of a server without sockets: only the sections asked for are gathered, and every rendering can show them.

use super::field::{Field, Item, Kind, Value};
use super::prometheus::prometheus;
use super::{Report, Source};
use crate::clock::Clock;
use crate::config::Config;
use crate::process::Identity;
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::keyspace::{DbIndex, Keys, Ttl};
use ochre_engine::settings::MaxmemoryPolicy;
use ochre_engine::time::UnixMs;
use ochre_engine::value::StrValue;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::collections::{BTreeMap, BTreeSet};

/// A server of one worker with two databases in use, where some commands were called.
fn server() -> Server {
    let mut server = Server::new(
        Config::default(),
        Identity::new(b"ochre-server".to_vec()),
        &Clock::new(),
        SmallRng::seed_from_u64(1),
        crate::commands::build,
    );
    let now = server.now();
    for (db, key, ttl_ms) in [(0, "a", None), (0, "b", Some(5000)), (0, "c", Some(7000)), (9, "a", None)] {
        let (view, _) = server.state.background(&server.shared.settings);
        let mut keys = Keys::new(&mut server.world, view);
        keys.select(DbIndex(db));
        let key = keys.locate(key.as_bytes());
        let ttl = ttl_ms.map_or(Ttl::Clear, |ms| Ttl::At(UnixMs(now.0 + ms)));
        keys.set_str(key, StrValue::Bytes(b"value"), ttl);
    }
    let get = command(&server, "get");
    server.state.stats.called(get, 3_000, false);
    server.state.stats.called(get, 5_000, true);
    server.state.stats.rejected(command(&server, "config|get"));
    server.state.stats.rejected(command(&server, "config|set"));
    server.state.stats.error_replied("WRONGTYPE Operation");
    server.state.stats.error_replied("A:B x");
    server.shared.settings.maxmemory = 3 << 29;
    server.shared.settings.maxmemory_policy = MaxmemoryPolicy::AllkeysLru;
    server
}

fn command(server: &Server, name: &str) -> CommandId {
    let mut entries = server.shared.commands.entries();
    entries.find(|(_, entry)| &*entry.full_name == name).unwrap().0
}

fn gather(server: &mut Server, words: &[&str]) -> Report {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    Report::gather(&mut Source::new(&mut server.context()), &words)
}

/// All sections.
fn all() -> Report {
    gather(&mut server(), &["everything", "debug", "workers"])
}

/// The lines of a section, without its heading.
fn lines(server: &mut Server, section: &str) -> Vec<String> {
    gather(server, &[section]).text().lines().skip(1).map(str::to_owned).collect()
}

fn each_field(report: &Report, mut look: impl FnMut(&Field)) {
    for item in report.sections.iter().flat_map(|section| &section.items) {
        match item {
            Item::Field(field) => look(field),
            Item::Row(row) => row.fields.iter().for_each(&mut look),
        }
    }
}

#[test]
fn only_what_was_asked_for_is_gathered() {
    let report = gather(&mut server(), &["keyspace"]);
    assert_eq!(report.sections.iter().map(|section| section.title).collect::<Vec<_>>(), ["Keyspace"]);
    assert_eq!(gather(&mut server(), &["none"]).text(), "");
}

#[test]
fn databases_with_keys_are_told_with_the_mean_of_their_times_to_live() {
    let lines = lines(&mut server(), "keyspace");
    assert_eq!(lines, ["db0:keys=3,expires=2,avg_ttl=6000", "db9:keys=1,expires=0,avg_ttl=0"]);
}

#[test]
fn calls_are_told_by_subcommand_since_7_0_and_with_failures_since_6_2() {
    let at_level = |level: &str| {
        let mut server = server();
        server.shared.settings.level = ochre_engine::level::Level::parse(level.as_bytes()).unwrap();
        lines(&mut server, "commandstats")
    };
    let get = "cmdstat_get:calls=2,usec=8,usec_per_call=4.00";
    let refused = "calls=0,usec=0,usec_per_call=0.00,rejected_calls";
    assert_eq!(at_level("5.0"), [get, "cmdstat_config:calls=0,usec=0,usec_per_call=0.00"]);
    let get = format!("{get},rejected_calls=0,failed_calls=1");
    assert_eq!(at_level("6.2"), [get.clone(), format!("cmdstat_config:{refused}=2,failed_calls=0")]);
    let subcommand = |name| format!("cmdstat_config|{name}:{refused}=1,failed_calls=0");
    assert_eq!(at_level("7.0"), [get, subcommand("get"), subcommand("set")]);
}

#[test]
fn errors_and_latencies_are_told_by_what_they_belong_to() {
    let mut server = server();
    assert_eq!(lines(&mut server, "errorstats"), ["errorstat_A_B:count=1", "errorstat_WRONGTYPE:count=1"]);
    assert_eq!(
        lines(&mut server, "latencystats"),
        ["latency_percentiles_usec_get:p50=3.007,p99=5.023,p99.9=5.023"]
    );
}

#[test]
fn the_limit_of_memory_is_told_as_a_number_and_for_people() {
    let lines = lines(&mut server(), "memory");
    let at = lines.iter().position(|line| line.starts_with("maxmemory:")).unwrap();
    assert_eq!(
        lines[at..at + 3],
        ["maxmemory:1610612736", "maxmemory_human:1.50G", "maxmemory_policy:allkeys-lru"]
    );
}

#[test]
fn every_number_can_be_told_by_machines_and_what_cannot_is_text() {
    each_field(&all(), |field| {
        let is_number = !matches!(field.value, Value::Text(_) | Value::Human(_));
        let counts = matches!(field.kind, Kind::Counter | Kind::Gauge | Kind::Quantile(_));
        assert!(is_number || !counts, "{field:?}");
    });
}

#[test]
fn no_section_has_two_lines_of_one_name() {
    for section in &all().sections {
        let text = Report { sections: vec![section.clone()] }.text();
        let names: Vec<&str> =
            text.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
        let different: BTreeSet<&&str> = names.iter().collect();
        assert_eq!(names.len(), different.len(), "{text}");
    }
}

#[test]
fn metrics_are_well_formed_and_each_has_one_type_and_no_sample_twice() {
    let text = prometheus(&all());
    let is_name = |name: &str| name.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let (mut types, mut samples) = (BTreeMap::new(), BTreeSet::new());
    let mut current = "";
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            assert!(is_name(name) && name.starts_with("ochre_"), "{line}");
            assert_eq!(types.insert(name, kind), None, "{line}");
            assert!(kind != "counter" || name.ends_with("_total"), "{line}");
            current = name;
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        assert_eq!(sample.split('{').next(), Some(current), "{line}");
        assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
        assert!(samples.insert(sample), "{line} is there twice");
    }
    assert_eq!(types["ochre_commands_processed_total"], "counter");
    assert_eq!(types["ochre_command_latency_seconds"], "summary");
    assert!(samples.contains("ochre_db_keys{db=\"9\"}"));
    assert!(samples.contains("ochre_error_replies_count_total{error=\"A:B\"}"));
    assert!(text.contains("ochre_maxmemory_bytes 1610612736\n") && !text.contains("_human"));
    assert!(text.contains("ochre_replication_info{role=\"master\","));
}
