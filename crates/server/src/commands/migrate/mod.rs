//! MIGRATE: keys move to another server, or are copied there.
//!
//! ```text
//! look the keys up ── none: NOKEY
//!       │
//!  connect ── [AUTH] [SELECT] RESTORE RESTORE ... ──> all replies read
//!       ^                                                 │ the link broke before anything was answered, and not
//!       └────────────── once more ────────────────────────┤ because of the timeout: a kept connection was stale
//!                                                         v
//!                     keys that were acknowledged are deleted here (unless COPY), the rest stays
//! ```
//! The server waits meanwhile, as Redis does: a key is always on exactly one of the two.

mod connections;

pub use connections::Connections;

use crate::exec::with_keys;
use crate::exec::{Handler, ServerCall, ServerCommand};
use crate::secrets;
use connections::Connection;
use ochre_engine::command::effects::Propagation;
use ochre_engine::command::*;
use ochre_engine::level::Level;
use ochre_engine::text::{eq_ignore_case, parse_i64};
use ochre_persistence::rdb::payload;
use ochre_resp::request::{push_command, push_count, push_number, push_word};
use std::io;
use std::time::Duration;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&MIGRATE];

const KEY_USE: KeyFlags = RW | ACCESS | DELETE;

static MIGRATE: ServerCommand = ServerCommand::new(
    "migrate",
    Group::Generic,
    -6,
    Handler::exclusive(migrate),
)
.since("2.6.0")
.flags(WRITE | MOVABLE_KEYS)
.categories(CAT_DANGEROUS)
.keys(&[
    KeySpec::at(3, KEY_USE),
    KeySpec::keyword("KEYS", -2, KEY_USE | INCOMPLETE).find(Find::Range { last: -1, step: 1, limit: 0 }),
])
.key_finder(find_keys)
.secret_finder(|args| [secrets::behind(args, b"AUTH", 1), secrets::behind(args, b"AUTH2", 2)].concat())
.summary("Moves keys to another server.")
.complexity(
    "Those of DUMP and DEL here and of RESTORE there, and O(N) for the bytes that are sent between them.",
)
.history(&[
    ("3.0.0", "`COPY` and `REPLACE` came."),
    ("3.0.6", "`KEYS` came."),
    ("4.0.7", "`AUTH` came."),
    ("6.0.0", "`AUTH2` came."),
])
.tips(&["nondeterministic_output"])
.args(&[
    Arg::string("host"),
    Arg::integer("port"),
    Arg::one_of("key-selector", &[Arg::key_of("key", 0), Arg::word("empty-string", "\"\"")]),
    Arg::integer("destination-db"),
    Arg::integer("timeout"),
    Arg::word("copy", "COPY").since("3.0.0").optional(),
    Arg::word("replace", "REPLACE").since("3.0.0").optional(),
    Arg::one_of(
        "authentication",
        &[
            Arg::string("password").token("AUTH").since("4.0.7"),
            Arg::block("username_password", &[Arg::string("username"), Arg::string("password")])
                .token("AUTH2")
                .since("6.0.0"),
        ],
    )
    .optional(),
    Arg::key_of("key", 1).token("KEYS").since("3.0.6").optional().multiple(),
]);

/// Finds the key in front, or those behind KEYS if it is empty (db.c: migrateGetKeys).
fn find_keys(args: Args<'_>) -> Result<Vec<FoundKey>, BadArguments> {
    let mut at = 6;
    while at < args.len() {
        let word = args.get(at).to_ascii_lowercase();
        at += match word.as_slice() {
            b"keys" if !args.get(3).is_empty() => return Err(BadArguments),
            b"keys" => return Ok((at + 1..args.len()).map(|at| (at, KEY_USE)).collect()),
            b"auth" => 2,
            b"auth2" => 3,
            _ => 1,
        };
    }
    Ok(vec![(3, KEY_USE)])
}

/// The arguments of a call.
struct Request<'a> {
    host: &'a [u8],
    port: &'a [u8],
    db: i64,
    timeout: Duration,
    copy: bool,
    replace: bool,
    /// AUTH and its arguments; empty without authentication.
    auth: Vec<&'a [u8]>,
    keys: Args<'a>,
}

impl<'a> Request<'a> {
    fn parse(args: Args<'a>, level: Level) -> Result<Request<'a>, Error> {
        let mut request = Request {
            host: args.get(1),
            port: args.get(2),
            db: 0,
            timeout: Duration::ZERO,
            copy: false,
            replace: false,
            auth: Vec::new(),
            keys: args.range(3, 4),
        };
        let mut at = 6;
        while at < args.len() {
            let (word, more) = (args.get(at), args.len() - 1 - at);
            if eq_ignore_case(word, b"copy") {
                request.copy = true;
            } else if eq_ignore_case(word, b"replace") {
                request.replace = true;
            } else if eq_ignore_case(word, b"auth") && more >= 1 {
                request.auth = vec![b"AUTH", args.get(at + 1)];
                at += 1;
            } else if eq_ignore_case(word, b"auth2") && more >= 2 && level >= Level::introduced(6, 0) {
                request.auth = vec![b"AUTH", args.get(at + 1), args.get(at + 2)];
                at += 2;
            } else if eq_ignore_case(word, b"keys") {
                if !args.get(3).is_empty() {
                    return Err(Error::fixed(
                        "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
                    ));
                }
                request.keys = args.from(at + 1);
                break;
            } else {
                return Err(Error::SYNTAX);
            }
            at += 1;
        }
        let millis = parse_i64(args.get(5)).ok_or(Error::NOT_INTEGER)?;
        request.timeout = Duration::from_millis(if millis <= 0 { 1000 } else { millis.unsigned_abs() });
        request.db = parse_i64(args.get(4)).ok_or(Error::NOT_INTEGER)?;
        Ok(request)
    }
}

/// The outcome for the keys that were sent.
struct Sent<'a> {
    /// Keys that the other server has now.
    acknowledged: Vec<&'a [u8]>,
    /// The first error that the other server replied.
    refusal: Option<Vec<u8>>,
    /// The error of a connection that broke before all replies had come.
    broken: Option<io::Error>,
}

/// The connection broke before the first reply.
enum Broken {
    Connecting,
    Writing(io::Error),
    Reading(io::Error),
}

fn migrate(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(args, call.scope.shared.settings.level)?;
    let db = call.client.db;
    let server = &mut *call.scope;
    let names: Vec<&[u8]> =
        with_keys(&mut server.world, &mut server.state, &server.shared.settings, |keys| {
            keys.select(db);
            request.keys.iter().filter(|name| keys.read_entry(keys.locate(name)).is_some()).collect()
        });
    if names.is_empty() {
        call.reply().simple("NOKEY");
        return Ok(());
    }
    let sent = match call.send(&request, &names) {
        Err(Broken::Writing(error) | Broken::Reading(error)) if !is_timeout(&error) => {
            call.send(&request, &names)
        }
        other => other,
    };
    match sent {
        Ok(sent) => call.conclude(&request, sent),
        Err(Broken::Connecting) => Err(Error::fixed("IOERR error or timeout connecting to the client")),
        Err(Broken::Writing(_)) => Err(Error::fixed("IOERR error or timeout writing to target instance")),
        Err(Broken::Reading(_)) => Err(READING),
    }
}

const READING: Error = Error::fixed("IOERR error or timeout reading to target instance");

impl ServerCall<'_> {
    /// Sends the keys that have not expired, and reads the replies of the other server.
    fn send<'a>(&mut self, request: &Request<'_>, names: &[&'a [u8]]) -> Result<Sent<'a>, Broken> {
        let connections = &mut self.scope.shared.migrations;
        let mut connection =
            connections.take(request.host, request.port, request.timeout).map_err(|_| Broken::Connecting)?;
        let selects = connection.db != Some(request.db);
        let (bytes, names) = self.commands(request, names, selects);
        connection.send(&bytes).map_err(Broken::Writing)?;
        let sent = answers(&mut connection, request, selects, names).map_err(Broken::Reading)?;
        connection.db = sent.refusal.is_none().then_some(request.db);
        if sent.broken.is_none() {
            let now = self.scope.state.tick;
            self.scope.shared.migrations.keep(request.host, request.port, connection, now);
        }
        Ok(sent)
    }

    /// The commands for the other server, and the keys that they restore.
    fn commands<'a>(
        &mut self,
        request: &Request<'_>,
        names: &[&'a [u8]],
        selects: bool,
    ) -> (Vec<u8>, Vec<&'a [u8]>) {
        let mut out = Vec::new();
        if !request.auth.is_empty() {
            push_command(&mut out, &request.auth);
        }
        if selects {
            push_count(&mut out, 2);
            push_word(&mut out, b"SELECT");
            push_number(&mut out, request.db);
        }
        let (now, db, server) = (self.scope.now(), self.client.db, &mut *self.scope);
        let (level, compression) = (server.shared.settings.level, server.shared.settings.rdbcompression);
        let mut alive = Vec::with_capacity(names.len());
        with_keys(&mut server.world, &mut server.state, &server.shared.settings, |keys| {
            keys.select(db);
            for name in names {
                let key = keys.locate(name);
                let Some(expiry) = keys.expiry_of(key) else { continue };
                let Some(entry) = keys.look(key) else { continue };
                push_count(&mut out, if request.replace { 5 } else { 4 });
                push_word(&mut out, b"RESTORE");
                push_word(&mut out, name);
                push_number(&mut out, expiry.map_or(0, |at| (at.0 - now.0).max(1)));
                push_word(&mut out, &payload::dump(entry, level, compression));
                if request.replace {
                    push_word(&mut out, b"REPLACE");
                }
                alive.push(*name);
            }
        });
        (out, alive)
    }

    /// Deletes the keys that have moved, and replies to the client.
    fn conclude(&mut self, request: &Request<'_>, sent: Sent<'_>) -> Outcome {
        if !request.copy && !sent.acknowledged.is_empty() {
            self.delete(&sent.acknowledged);
        }
        if let Some(refusal) = sent.refusal {
            return Err(Error::quoting(&[b"ERR Target instance replied with error: ", &refusal]));
        }
        if sent.broken.is_some() {
            return Err(READING);
        }
        self.reply().ok();
        Ok(())
    }

    fn delete(&mut self, names: &[&[u8]]) {
        let (db, server) = (self.client.db, &mut *self.scope);
        let lazy = server.shared.settings.lazyfree_lazy_server_del;
        with_keys(&mut server.world, &mut server.state, &server.shared.settings, |keys| {
            keys.select(db);
            for name in names {
                let key = keys.locate(name);
                if keys.remove_with(key, lazy) {
                    keys.touched(key);
                    keys.fx.dirty += 1;
                    keys.fx.event(EventClasses::GENERIC, "del", db, name);
                }
            }
        });
        let words = [&[&b"DEL"[..]], names].concat();
        server.state.fx.propagation =
            Propagation::Instead(vec![words.into_iter().map(<[u8]>::to_vec).collect()]);
    }
}

/// Reads the replies to AUTH, SELECT and every RESTORE. An error means that the outcome is unknown for all keys.
fn answers<'a>(
    connection: &mut Connection,
    request: &Request<'_>,
    selects: bool,
    names: Vec<&'a [u8]>,
) -> io::Result<Sent<'a>> {
    let mut sent = Sent { acknowledged: Vec::new(), refusal: None, broken: None };
    let mut refused_before = None;
    for _ in 0..usize::from(!request.auth.is_empty()) + usize::from(selects) {
        let line = connection.read_line()?;
        refused_before = refused_before.or(line.strip_prefix(b"-").map(<[u8]>::to_vec));
    }
    for (n, name) in names.into_iter().enumerate() {
        let line = match connection.read_line() {
            Ok(line) => line,
            Err(error) if n == 0 => return Err(error),
            Err(error) => {
                sent.broken = Some(error);
                break;
            }
        };
        let refusal = refused_before.clone().or(line.strip_prefix(b"-").map(<[u8]>::to_vec));
        match refusal {
            Some(text) => drop(sent.refusal.get_or_insert(text)),
            None => sent.acknowledged.push(name),
        }
    }
    Ok(sent)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
