//! The command table as clients see it, against a live redis-server 7.0.15: COMMAND, COMMAND INFO,
//! GETKEYS and GETKEYSANDFLAGS, for every command that both servers have.

use std::collections::BTreeMap;

use ochre_tests::differential::{compare, docs, generate, printed};
use ochre_tests::{Client, Reply, Rng, Server};

/// One command's entry with everything unordered sorted.
#[derive(Debug, PartialEq, Clone)]
struct Entry {
    arity: Reply,
    flags: Vec<String>,
    keys: Vec<Reply>,
    categories: Vec<String>,
    tips: Vec<String>,
    key_specs: Vec<String>,
}

/// All entries of COMMAND, subcommands too, by name.
fn table(client: &mut Client) -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    collect(&client.run("COMMAND"), &mut entries);
    entries
}

fn collect(list: &Reply, entries: &mut BTreeMap<String, Entry>) {
    for command in list.items() {
        let [name, arity, flags, first, last, step, categories, tips, specs, subcommands] = command.items()
        else {
            panic!("an entry of COMMAND has ten parts: {command:?}");
        };
        let entry = Entry {
            arity: arity.clone(),
            flags: sorted_texts(flags),
            keys: vec![first.clone(), last.clone(), step.clone()],
            categories: sorted_texts(categories),
            tips: sorted_texts(tips),
            key_specs: specs.items().iter().map(key_spec).collect(),
        };
        assert!(entries.insert(name.text(), entry).is_none(), "{} is there twice", name.text());
        collect(subcommands, entries);
    }
}

fn sorted_texts(list: &Reply) -> Vec<String> {
    let mut texts: Vec<String> = list.items().iter().map(Reply::text).collect();
    texts.sort_unstable();
    texts
}

/// A key specification in one line; its flags have no order, its notes are in our own words.
fn key_spec(spec: &Reply) -> String {
    let flags = sorted_texts(&spec.get("flags").unwrap_or(Reply::Null));
    format!("{flags:?} {:?} {:?}", spec.get("begin_search"), spec.get("find_keys"))
}

#[test]
fn every_command_is_declared_as_in_redis() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let (ours, theirs) = (table(&mut subject.connect()), table(&mut reference.connect()));
    let differences: Vec<String> = ours
        .iter()
        .filter_map(|(name, entry)| Some((name, entry, theirs.get(name)?)))
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(name, ours, theirs)| format!("{name}\n  ours   {ours:?}\n  theirs {theirs:?}"))
        .collect();
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn no_command_is_invented() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let theirs = table(&mut reference.connect());
    let ours = table(&mut subject.connect());
    let unknown: Vec<_> = ours.keys().filter(|name| !theirs.contains_key(*name)).collect();
    assert!(unknown.is_empty(), "not in Redis 7.0: {unknown:?}");
}

#[test]
fn command_info_and_the_whole_table_agree() {
    let subject = Server::like_reference();
    let mut c = subject.connect();
    let all = table(&mut c);
    let names: Vec<&String> = all.keys().collect();
    for chunk in names.chunks(50) {
        let call: Vec<&str> =
            ["COMMAND", "INFO"].into_iter().chain(chunk.iter().map(|n| n.as_str())).collect();
        for (name, entry) in chunk.iter().zip(c.call(&call).items()) {
            // A container brings its subcommands along.
            let mut found = BTreeMap::new();
            collect(&Reply::Array(vec![entry.clone()]), &mut found);
            assert_eq!(found.get(*name), all.get(*name), "{name}");
        }
    }
    let tops = all.keys().filter(|name| !name.contains('|')).count() as i64;
    assert_eq!(c.run("COMMAND COUNT"), Reply::Integer(tops));
    assert_eq!(sorted_texts(&c.run("COMMAND LIST")), all.keys().cloned().collect::<Vec<_>>());
    assert_eq!(c.run("COMMAND INFO nope"), Reply::Array(vec![Reply::NilBulk]));
}

#[test]
fn keys_are_found_in_every_call_as_in_redis() {
    let (subject, reference) = (Server::like_reference(), Server::reference());
    let (mut ours, mut theirs) = (subject.connect(), reference.connect());
    let known = table(&mut ours);
    let commands = docs::load(&mut reference.connect(), "7.0.15");
    let mut rng = Rng::new(11);
    let mut differences = Vec::new();
    for command in commands.iter().filter(|c| known.contains_key(&c.words.join("|"))) {
        for _ in 0..40 {
            let call = generate::build(command, &mut rng);
            for question in ["GETKEYS", "GETKEYSANDFLAGS"] {
                let asked = [vec![b"COMMAND".to_vec(), question.as_bytes().to_vec()], call.clone()].concat();
                let (x, y) = (ours.call(&asked), theirs.call(&asked));
                if !compare::same(&asked, &x, &y) {
                    differences.push(format!("{}\n  ours   {x:?}\n  theirs {y:?}", printed(&asked)));
                }
            }
        }
    }
    differences.truncate(20);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
