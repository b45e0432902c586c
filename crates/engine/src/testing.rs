//! Runs data commands on a small world of their own, for the unit tests of handlers.

use crate::command::effects::Propagation;
use crate::command::spec::fits;
use crate::command::{Args, Caller, Command, Ctx, Effects};
use crate::commands;
use crate::keyspace::{AccessClock, DbIndex, ExpiryMode, Hints, Keys, View, World};
use crate::settings::{EventClasses, Settings};
use crate::table::Seed;
use crate::time::UnixMs;
use ochre_resp::reply::{Output, Protocol, Reply};
use ochre_resp::request::OwnedArgs;
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// A world with a clock that stands still, and everything a handler needs.
pub struct Bench {
    /// The data.
    pub world: World,
    /// The settings of the commands that are run.
    pub settings: Settings,
    /// The time.
    pub now: UnixMs,
    /// The selected database.
    pub db: DbIndex,
    /// The protocol of replies.
    pub protocol: Protocol,
    /// What the last command did.
    pub fx: Effects,
    /// The origin of the commands that are run.
    pub caller: Caller,
    /// Commands of other crates.
    pub more: Vec<&'static Command>,
    rng: SmallRng,
}

impl Bench {
    /// An empty world of four shards; all events are recorded.
    pub fn new() -> Bench {
        let fx = Effects { wanted_events: EventClasses::all(), propagates: true, ..Effects::default() };
        Bench {
            world: World::new(4, 16, Seed::new(1, 2)),
            settings: Settings::default(),
            now: UnixMs(1_700_000_000_000),
            db: DbIndex(0),
            protocol: Protocol::Resp2,
            fx,
            caller: Caller::default(),
            more: Vec::new(),
            rng: SmallRng::seed_from_u64(7),
        }
    }

    /// Runs a command; the reply as it would be sent, with `\r\n` shown as a space.
    pub fn run<T: AsRef<[u8]>>(&mut self, words: &[T]) -> String {
        String::from_utf8_lossy(&self.run_raw(words)).replace("\r\n", " ").trim_end().to_owned()
    }

    /// Runs a command; the bytes of the reply.
    pub fn run_raw<T: AsRef<[u8]>>(&mut self, words: &[T]) -> Vec<u8> {
        let owned: OwnedArgs = words.iter().collect();
        let args = owned.args();
        let name = String::from_utf8_lossy(args.get(0)).to_ascii_lowercase();
        let command = commands::all()
            .chain(self.more.iter().copied())
            .find(|c| c.meta.name == name)
            .expect("a data command");
        let mut output = Output::new();
        self.call(find(command, args), args, &mut output);
        output.to_vec()
    }

    /// Runs each command line, words parted by one space (`''` is the empty word), and compares
    /// the reply.
    pub fn check(&mut self, lines: &[(&str, &str)]) {
        for (line, expected) in lines {
            let words: Vec<&str> = line.split(' ').map(|word| if word == "''" { "" } else { word }).collect();
            assert_eq!(self.run(&words), *expected, "{line}");
        }
    }

    /// What the last command propagates in place of itself, one line per command.
    pub fn propagated(&self) -> Vec<String> {
        match &self.fx.propagation {
            Propagation::Instead(commands) => commands
                .iter()
                .map(|words| String::from_utf8_lossy(&words.join(&b' ')).into_owned())
                .collect(),
            other => vec![format!("{other:?}")],
        }
    }

    fn call(&mut self, command: &'static Command, args: Args<'_>, output: &mut Output) {
        self.fx.clear();
        let mut access = AccessClock::new(&self.settings, self.now, 99);
        let name = command.meta.full_name();
        let view = View {
            db: self.db,
            now: self.now,
            settings: &self.settings,
            access: &mut access,
            expiry: ExpiryMode::Delete,
            hints: Hints::NONE,
            fx: &mut self.fx,
        };
        let mut ctx = Ctx {
            keys: Keys::new(&mut self.world, view),
            reply: Reply::new(output, self.protocol),
            settings: &self.settings,
            now: self.now,
            rng: &mut self.rng,
            caller: self.caller,
            name: &name,
        };
        let outcome = match command.run {
            Some(handler) if fits(command.meta.arity_at(ctx.level()), args.len()) => handler(&mut ctx, args),
            _ => Err(crate::error::Error::arity(&name)),
        };
        if let Err(error) = outcome {
            ctx.reply.error(error.text());
        }
    }

    /// What a key holds.
    pub fn kind(&mut self, key: &str) -> Option<crate::entry::Kind> {
        let hash = self.world.seed().hash(key.as_bytes());
        let mut parts = self.world.view().parts(self.db);
        parts.find_map(|db| db.table.get(hash, key.as_bytes())).map(|entry| entry.kind())
    }

    /// Names of the events of the last command, in order.
    pub fn events(&self) -> Vec<&'static str> {
        self.fx.events.iter().map(|event| event.name).collect()
    }
}

fn find(command: &'static Command, args: Args<'_>) -> &'static Command {
    let Some(sub) = args.try_get(1) else { return command };
    let sub = String::from_utf8_lossy(sub).to_ascii_lowercase();
    command.subcommands.iter().find(|c| c.meta.name == sub).unwrap_or(command)
}

impl Default for Bench {
    fn default() -> Self {
        Bench::new()
    }
}
