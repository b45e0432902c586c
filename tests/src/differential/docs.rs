//! The grammar of every command as the server documents it (COMMAND DOCS).

use crate::{Client, Reply};

/// A command or subcommand that can be generated.
#[derive(Debug, Clone)]
pub struct Command {
    /// The name in lower case: one word, or two for a subcommand.
    pub words: Vec<String>,
    /// The group of the (parent) command, such as `sorted-set`.
    pub group: String,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
}

/// The kind of a node of the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One of the children.
    OneOf,
    /// All children in order.
    Block,
    /// Only the token.
    Token,
    /// A value; the name of its type, such as `integer` or `key`.
    Value(String),
}

/// A node of the grammar.
#[derive(Debug, Clone)]
pub struct Argument {
    /// The name, such as `score` or `numkeys`.
    pub name: String,
    /// The kind of the argument.
    pub kind: Kind,
    /// A word that comes before the argument.
    pub token: Option<String>,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// Whether it may be repeated.
    pub is_multiple: bool,
    /// Whether the token is repeated, too.
    pub repeats_token: bool,
    /// The alternatives or parts.
    pub children: Vec<Argument>,
}

/// Asks a server for all its commands, subcommands as entries of their own, sorted by name.
/// Options that came after `level`, such as "7.0.15", are left out.
pub fn load(client: &mut Client, level: &str) -> Vec<Command> {
    let reply = client.run("COMMAND DOCS");
    let mut commands = Vec::new();
    for (name, doc) in reply.pairs() {
        let group = doc.get("group").map(|g| g.text()).unwrap_or_default();
        let subcommands = doc.get("subcommands").map(|s| s.pairs()).unwrap_or_default();
        for (full_name, sub) in &subcommands {
            push(&mut commands, &full_name.text(), &group, sub, level);
        }
        if subcommands.is_empty() {
            push(&mut commands, &name.text(), &group, &doc, level);
        }
    }
    commands.sort_by(|a, b| a.words.cmp(&b.words));
    commands
}

fn push(commands: &mut Vec<Command>, name: &str, group: &str, doc: &Reply, level: &str) {
    if !is_known_at(doc, level) {
        return;
    }
    commands.push(Command {
        words: name.split('|').map(str::to_owned).collect(),
        group: group.to_owned(),
        arguments: arguments(doc, level),
    });
}

fn arguments(doc: &Reply, level: &str) -> Vec<Argument> {
    let Some(list) = doc.get("arguments") else { return Vec::new() };
    list.items().iter().filter(|a| is_known_at(a, level)).map(|a| argument(a, level)).collect()
}

fn argument(doc: &Reply, level: &str) -> Argument {
    let text = |key: &str| doc.get(key).map(|v| v.text());
    let flags: Vec<String> =
        doc.get("flags").map(|f| f.items().iter().map(Reply::text).collect()).unwrap_or_default();
    let kind = match text("type").unwrap_or_default().as_str() {
        "oneof" => Kind::OneOf,
        "block" => Kind::Block,
        "pure-token" => Kind::Token,
        other => Kind::Value(other.to_owned()),
    };
    Argument {
        name: text("name").unwrap_or_default(),
        kind,
        token: text("token"),
        is_optional: flags.iter().any(|f| f == "optional"),
        is_multiple: flags.iter().any(|f| f == "multiple"),
        repeats_token: flags.iter().any(|f| f == "multiple_token"),
        children: arguments(doc, level),
    }
}

fn is_known_at(doc: &Reply, level: &str) -> bool {
    doc.get("since").is_none_or(|since| version(&since.text()) <= version(level))
}

fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}
