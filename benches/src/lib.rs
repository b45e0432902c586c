//! The common parts of the benches: a data set to run commands on, pipelines to parse, values of all types.

use ochre_engine::command::{Caller, Command, Ctx, Effects, Outcome};
use ochre_engine::keyspace::{AccessClock, DbIndex, ExpiryMode, Hints, Keys, View, World};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_resp::reply::{Output, Protocol, Reply};
use ochre_resp::request::{Args, OwnedArgs};
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// A command in the form clients send it.
pub fn encode<T: AsRef<[u8]>>(words: &[T]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The data command of this name.
pub fn command(name: &str) -> &'static Command {
    ochre_engine::commands::all().find(|c| c.meta.name == name).expect("a data command")
}

/// A value of each type and encoding: its name, and the command that makes it.
pub fn values() -> Vec<(&'static str, Vec<String>)> {
    let words = |name: &str, rest: Vec<String>| [vec![name.to_owned(), "key".to_owned()], rest].concat();
    let numbered = |count: usize, text: fn(usize) -> Vec<String>| (0..count).flat_map(text).collect();
    // Digits of a multiplicative sequence: as good as random to the compressor.
    let noise: String = (1..20u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    vec![
        ("string of 64 bytes", words("set", vec![noise[..64].to_owned()])),
        ("string of 10 KB", words("set", vec!["some compressible text ".repeat(445)])),
        ("list of 20", words("rpush", numbered(20, |n| vec![format!("element:{n}")]))),
        ("list of 10,000", words("rpush", numbered(10_000, |n| vec![format!("element:{n}")]))),
        ("set of 10 integers", words("sadd", numbered(10, |n| vec![(n * 977).to_string()]))),
        ("set of 1,000", words("sadd", numbered(1000, |n| vec![format!("member:{n}")]))),
        ("hash of 10", words("hset", numbered(10, |n| vec![format!("field:{n}"), format!("value:{n}")]))),
        (
            "hash of 1,000",
            words("hset", numbered(1000, |n| vec![format!("field:{n}"), format!("value:{n}")])),
        ),
        ("zset of 10", words("zadd", numbered(10, |n| vec![n.to_string(), format!("member:{n}")]))),
        ("zset of 1,000", words("zadd", numbered(1000, |n| vec![n.to_string(), format!("member:{n}")]))),
    ]
}

/// A data set and everything a command needs to run on it.
pub struct Engine {
    /// The data.
    pub world: World,
    settings: Settings,
    access: AccessClock,
    fx: Effects,
    rng: SmallRng,
    output: Output,
}

impl Engine {
    /// An empty data set.
    pub fn new() -> Engine {
        let settings = Settings::default();
        Engine {
            world: World::new(16, 1, Seed::new(1, 2)),
            access: AccessClock::new(&settings, NOW, 1),
            settings,
            fx: Effects::default(),
            rng: SmallRng::seed_from_u64(1),
            output: Output::new(),
        }
    }

    /// The data set that one command makes.
    pub fn with(words: &[String]) -> Engine {
        let mut engine = Engine::new();
        engine.run_words(words);
        engine
    }

    /// Runs a valid command and forgets its reply.
    pub fn run(&mut self, command: &'static Command, args: Args<'_>) {
        self.call(command, args).expect("benches run valid commands");
    }

    /// Runs a command given as words, valid or not, subcommands included.
    pub fn try_words(&mut self, words: &[Vec<u8>]) {
        let owned: OwnedArgs = words.iter().collect();
        let args = owned.args();
        let mut spec = command(&String::from_utf8_lossy(&words[0]));
        if let Some(word) = args.try_get(1) {
            let named = |c: &&Command| word.eq_ignore_ascii_case(c.meta.name.as_bytes());
            spec = spec.subcommands.iter().find(named).unwrap_or(spec);
        }
        if spec.meta.arity_fits(args.len()) {
            let _ = self.call(spec, args);
        }
    }

    fn call(&mut self, command: &'static Command, args: Args<'_>) -> Outcome {
        self.fx.clear();
        self.output.clear();
        let view = View {
            db: DbIndex(0),
            now: NOW,
            settings: &self.settings,
            access: &mut self.access,
            expiry: ExpiryMode::Delete,
            hints: Hints::NONE,
            fx: &mut self.fx,
        };
        let mut ctx = Ctx {
            keys: Keys::new(&mut self.world, view),
            reply: Reply::new(&mut self.output, Protocol::Resp2),
            settings: &self.settings,
            now: NOW,
            rng: &mut self.rng,
            caller: Caller::default(),
            name: command.meta.name,
        };
        command.run.map_or(Ok(()), |handler| handler(&mut ctx, args))
    }

    /// Runs a command given as words.
    pub fn run_words<T: AsRef<[u8]>>(&mut self, words: &[T]) {
        let owned: OwnedArgs = words.iter().collect();
        let name = String::from_utf8_lossy(words[0].as_ref()).to_ascii_lowercase();
        self.run(command(&name), owned.args());
    }
}

impl Default for Engine {
    fn default() -> Self {
        Engine::new()
    }
}

const NOW: UnixMs = UnixMs(1_700_000_000_000);
