//! Calls out of grammars: mostly valid, some with one thing wrong.

use super::docs::{Argument, Command, Kind};
use super::{Call, hazard, values};
use crate::{Client, Rng};

/// Groups that only touch data, and single commands of other groups that are as safe.
const GROUPS: &[&str] = &[
    "string",
    "bitmap",
    "hyperloglog",
    "list",
    "set",
    "sorted-set",
    "geo",
    "hash",
    "stream",
    "generic",
    "transactions",
];
const EXTRA: &[&str] = &["echo", "ping", "select", "swapdb", "dbsize", "flushdb", "flushall"];
/// Commands that cannot be compared: they need files or peers, take seconds, or test the server by themselves.
const EXCLUDED: &[&str] = &["dump", "restore", "restore-asking", "migrate", "wait", "waitaof", "pfselftest"];
/// Commands with the factor by which they are called less often than others, because they delete data or wait.
const RARE: &[&str] = &[
    "flushall",
    "flushdb",
    "swapdb",
    "select",
    "move",
    "multi",
    "watch",
    "del",
    "unlink",
    "exec",
    "discard",
    "unwatch",
    "blpop",
    "brpop",
    "blmove",
    "blmpop",
    "brpoplpush",
    "bzmpop",
    "bzpopmin",
    "bzpopmax",
    "keys",
    "dbsize",
    "ping",
    "echo",
    "rename",
    "ltrim",
    "lrange",
    "spop",
    "pfdebug",
];
const RARE_ONE_IN: usize = 8;

/// Generates calls of one server's commands.
#[derive(Debug)]
pub struct Generator {
    commands: Vec<Command>,
    avoided: Vec<String>,
    in_multi: bool,
}

/// Counts that repeat across one call: keys after `numkeys`, ids after keys.
#[derive(Default)]
struct Counts {
    keys: Option<usize>,
}

impl Generator {
    /// Keeps of `commands` those that can be compared, and of these only the ones named in `only`
    /// unless that is empty.
    pub fn new(commands: &[Command], only: &[String]) -> Self {
        let wanted = |c: &&Command| {
            let name = c.words[0].as_str();
            let comparable = GROUPS.contains(&c.group.as_str()) || EXTRA.contains(&name);
            comparable && !EXCLUDED.contains(&name) && (only.is_empty() || only.iter().any(|o| o == name))
        };
        Self {
            commands: commands.iter().filter(wanted).cloned().collect(),
            avoided: Vec::new(),
            in_multi: false,
        }
    }

    /// Drops commands that a server does not have.
    pub fn forget_unknown(&mut self, client: &mut Client) {
        let mut unknown = |name: &str| client.call(&[name]).text().starts_with("ERR unknown command");
        let lexicographic = ["command", "zlexcount", "zremrangebylex", "zrevrangebylex", "zrangebylex"];
        let names: Vec<String> = self.commands.iter().map(|c| c.words[0].clone()).collect();
        for name in names.iter().map(String::as_str).chain(lexicographic) {
            if unknown(name) {
                self.avoid(name);
            }
        }
        client.run("DISCARD");
    }

    /// Never generates calls of this command again.
    pub fn avoid(&mut self, name: &str) {
        self.avoided.push(name.to_ascii_uppercase());
        self.commands.retain(|c| !c.words[0].eq_ignore_ascii_case(name));
    }

    /// The names of the commands in use.
    pub fn names(&self) -> Vec<String> {
        self.commands.iter().map(|c| c.words.join("|")).collect()
    }

    /// Forgets the transaction the last episode may have left open.
    pub fn start_episode(&mut self) {
        self.in_multi = false;
    }

    /// Appends the next call to `batch`, after calls that make it comparable.
    pub fn extend(&mut self, batch: &mut Vec<Call>, rng: &mut Rng) {
        let call = self.call(rng);
        if super::name_of(&call).starts_with("SORT") {
            // SORT of Redis looks at an errno that others left behind; this reads numbers and resets it.
            let reset = "GEOSEARCH no-such-key FROMLONLAT 0 0 BYRADIUS 1 m";
            batch.push(reset.split(' ').map(|word| word.as_bytes().to_vec()).collect());
        }
        batch.push(call);
    }

    fn call(&mut self, rng: &mut Rng) -> Call {
        loop {
            let call = self.candidate(rng);
            if hazard::reason(&call).is_none() && !self.avoided.contains(&super::name_of(&call)) {
                self.follow(&call);
                return call;
            }
        }
    }

    fn candidate(&self, rng: &mut Rng) -> Call {
        if self.in_multi && rng.chance(25) {
            return vec![if rng.chance(85) { b"EXEC".to_vec() } else { b"DISCARD".to_vec() }];
        }
        if rng.chance(3) {
            return lexicographic(rng);
        }
        let command = loop {
            let command = rng.pick(&self.commands);
            if !RARE.contains(&command.words[0].as_str()) || rng.below(RARE_ONE_IN) == 0 {
                break command;
            }
        };
        let mut call = build(command, rng);
        if rng.chance(6) {
            spoil(&mut call, rng);
        }
        if rng.chance(1) {
            call.splice(0..0, [b"COMMAND".to_vec(), b"GETKEYS".to_vec()]);
        }
        call
    }

    /// Keeps track of MULTI; approximately, as calls may fail.
    fn follow(&mut self, call: &Call) {
        match super::name_of(call).as_str() {
            "MULTI" => self.in_multi = true,
            "EXEC" | "DISCARD" => self.in_multi = false,
            _ => {}
        }
    }
}

/// A call that follows the grammar.
pub fn build(command: &Command, rng: &mut Rng) -> Call {
    let mut call: Call = command.words.iter().map(|w| random_case(w, rng)).collect();
    let mut counts = Counts::default();
    let name = command.words.join("|");
    for argument in &command.arguments {
        place(argument, &name, &command.group, &mut call, &mut counts, rng);
    }
    call
}

fn place(arg: &Argument, command: &str, group: &str, call: &mut Call, counts: &mut Counts, rng: &mut Rng) {
    if arg.is_optional && rng.chance(65) {
        return;
    }
    let repeats = repeats(arg, counts, rng);
    for i in 0..repeats {
        if let Some(token) = arg.token.as_deref().filter(|_| i == 0 || arg.repeats_token) {
            call.push(random_case(token, rng));
        }
        match &arg.kind {
            Kind::Token => {}
            Kind::OneOf => {
                if !arg.children.is_empty() {
                    place_required(rng.pick(&arg.children).clone(), command, group, call, counts, rng);
                }
            }
            Kind::Block => {
                for child in &arg.children {
                    place(child, command, group, call, counts, rng);
                }
            }
            Kind::Value(kind) if arg.name == "numkeys" => {
                let count = rng.range(1, 3);
                counts.keys = Some(count);
                let shown = if rng.chance(95) { count.to_string() } else { values::integer(rng) };
                debug_assert_eq!(kind, "integer");
                call.push(shown.into_bytes());
            }
            Kind::Value(kind) => call.push(values::value(arg, kind, command, group, rng)),
        }
    }
}

/// Adds an alternative even when the documentation calls it optional.
fn place_required(
    mut arg: Argument,
    command: &str,
    group: &str,
    call: &mut Call,
    counts: &mut Counts,
    rng: &mut Rng,
) {
    arg.is_optional = false;
    place(&arg, command, group, call, counts, rng);
}

fn repeats(arg: &Argument, counts: &mut Counts, rng: &mut Rng) -> usize {
    if !arg.is_multiple {
        return 1;
    }
    let is_value = matches!(arg.kind, Kind::Value(_));
    if let Some(count) = counts.keys.filter(|_| is_value && rng.chance(95)) {
        return count;
    }
    let is_key = arg.kind == Kind::Value("key".to_owned());
    let count = match rng.below(100) {
        // Crosses the default thresholds of small encodings at once.
        0 if !is_key => *rng.pick(&[127, 128, 129, 130, 511, 513]),
        1..5 if !is_key => rng.range(5, 12),
        _ => rng.range(1, 3),
    };
    if is_key {
        counts.keys = Some(count);
    }
    count
}

/// Lexicographic ranges mean nothing unless all scores are equal, so they have a key of their own.
fn lexicographic(rng: &mut Rng) -> Call {
    const BOUNDS: &[&str] = &["-", "+", "[a", "(a", "[c", "(d", "[f", "[", "(", "a", "[aa", "[\u{7f}"];
    let mut call: Vec<String> = match rng.below(8) {
        0..3 => {
            let mut call = vec!["ZADD".to_owned(), "zl".to_owned()];
            for _ in 0..rng.range(1, 6) {
                call.push("0".to_owned());
                call.push(format!("{}{}", (b'a' + rng.below(8) as u8) as char, rng.below(3)));
            }
            return call.into_iter().map(String::into_bytes).collect();
        }
        3 => vec!["ZLEXCOUNT", "zl"],
        4 => vec!["ZREMRANGEBYLEX", "zl"],
        5 => vec!["ZREVRANGEBYLEX", "zl"],
        6 => vec!["ZRANGEBYLEX", "zl"],
        _ => vec!["ZRANGE", "zl"],
    }
    .into_iter()
    .map(str::to_owned)
    .collect();
    call.push((*rng.pick(BOUNDS)).to_owned());
    call.push((*rng.pick(BOUNDS)).to_owned());
    if call[0] == "ZRANGE" {
        call.push("BYLEX".to_owned());
        if rng.chance(40) {
            call.push("REV".to_owned());
        }
    }
    if call[0].contains("RANGE") && !call[0].contains("REM") && rng.chance(30) {
        call.extend(["LIMIT".to_owned(), values::integer(rng), values::integer(rng)]);
    }
    call.into_iter().map(String::into_bytes).collect()
}

/// Makes one thing wrong, or at least strange.
fn spoil(call: &mut Call, rng: &mut Rng) {
    const STRAY: &[&str] = &[
        "NX",
        "XX",
        "GT",
        "CH",
        "LIMIT",
        "WITHSCORES",
        "COUNT",
        "1",
        "0",
        "-1",
        "abc",
        "",
        "STORE",
        "GET",
        "EX",
        "~",
    ];
    if rng.chance(25) {
        return make_nasty(call, rng);
    }
    let at = rng.range(1, call.len().max(2) - 1).min(call.len() - 1);
    match rng.below(6) {
        0 => drop(call.pop()),
        1 => call.push(rng.pick(STRAY).as_bytes().to_vec()),
        2 if at > 0 => call[at] = rng.pick(STRAY).as_bytes().to_vec(),
        3 if at > 0 => drop(call.remove(at)),
        4 if at > 0 => call.insert(at, rng.pick(STRAY).as_bytes().to_vec()),
        _ if at > 1 => call.swap(at, at - 1),
        _ => {}
    }
    if call.is_empty() {
        call.push(b"GET".to_vec());
    }
}

/// Puts bytes into a call that are no text: error replies quote them unchanged, but for line ends,
/// and end at a NUL.
fn make_nasty(call: &mut Call, rng: &mut Rng) {
    let mut word = rng.pick(values::NASTY).to_vec();
    if rng.chance(10) {
        // The text is longer than any error shows, and cut amid a character.
        word = [&b"x".repeat(rng.range(120, 130)), word.as_slice()].concat();
    }
    let at = rng.range(0, call.len() - 1);
    match rng.below(3) {
        0 => call.insert(at.max(1), word),
        // Redis compares options as C's strings, so an option and a NUL would be that option; so would be a
        // command's name, if the hash table happens to look there.
        1 if word[0] == 0 => {}
        1 => call[at].extend_from_slice(&word),
        _ => call[at] = word,
    }
}

/// A word of the language in capitals, or any other case.
fn random_case(word: &str, rng: &mut Rng) -> Vec<u8> {
    match rng.below(10) {
        0 => word.to_ascii_lowercase().into_bytes(),
        1 => word.bytes().map(|b| if rng.chance(50) { b.to_ascii_lowercase() } else { b }).collect(),
        _ => word.to_ascii_uppercase().into_bytes(),
    }
}
