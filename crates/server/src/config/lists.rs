//! The directives whose value is several words, each with a grammar of its own.

use std::path::PathBuf;

use bitflags::bitflags;
use ochre_engine::settings::EventClasses;
use ochre_engine::text::{parse_f64, parse_i64, repr::repr, units::parse_memory};

use super::choices::not_one_of;
use super::directive::{Refusal, Rule, Setting};
use super::values::written_bytes;

/// `save`: after how many seconds with how many changes a snapshot is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRules(pub Vec<SaveRule>);

/// A snapshot is taken after this time if there were at least this many changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveRule {
    /// Seconds since the last snapshot, at least 1.
    pub seconds: i64,
    /// Changes since the last snapshot, at least 0.
    pub changes: i64,
}

impl Default for SaveRules {
    fn default() -> SaveRules {
        let rule = |(seconds, changes)| SaveRule { seconds, changes };
        SaveRules([(3600, 1), (300, 100), (60, 10_000)].map(rule).to_vec())
    }
}

impl Setting for SaveRules {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        const INVALID: &str = "Invalid save parameters";
        let args = if matches!(args, [b""]) { &[] } else { args };
        let (pairs, []) = args.as_chunks::<2>() else { return Err(INVALID.into()) };
        let mut rules = Vec::with_capacity(pairs.len());
        for [seconds, changes] in pairs {
            match (parse_i64(seconds), parse_i64(changes)) {
                (Some(seconds @ 1..), Some(changes @ 0..)) => rules.push(SaveRule { seconds, changes }),
                _ => return Err(INVALID.into()),
            }
        }
        self.0 = rules;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        self.texts().join(" ").into_bytes()
    }

    fn lines(&self, _: &Rule) -> Vec<Vec<u8>> {
        match self.0.is_empty() {
            true => vec![b"\"\"".to_vec()],
            false => self.texts().into_iter().map(String::into_bytes).collect(),
        }
    }
}

impl SaveRules {
    fn texts(&self) -> Vec<String> {
        self.0.iter().map(|rule| format!("{} {}", rule.seconds, rule.changes)).collect()
    }
}

/// `client-output-buffer-limit` for each class of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    /// Ordinary clients.
    pub normal: OutputLimit,
    /// Replicas.
    pub replica: OutputLimit,
    /// Clients that have subscribed to something.
    pub pubsub: OutputLimit,
}

/// The limit on unsent output of a client, which is closed beyond it; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// Bytes at which the client is closed at once.
    pub hard_bytes: u64,
    /// Bytes above which the client is closed after a time.
    pub soft_bytes: u64,
    /// Seconds above `soft_bytes` after which the client is closed.
    pub soft_seconds: i64,
}

impl Default for OutputLimits {
    fn default() -> OutputLimits {
        let limit = |hard_mb: u64, soft_mb: u64, soft_seconds| OutputLimit {
            hard_bytes: hard_mb << 20,
            soft_bytes: soft_mb << 20,
            soft_seconds,
        };
        OutputLimits { normal: limit(0, 0, 0), replica: limit(256, 64, 60), pubsub: limit(32, 8, 60) }
    }
}

impl OutputLimits {
    fn class_mut(&mut self, class: &[u8]) -> Option<&mut OutputLimit> {
        match class.to_ascii_lowercase().as_slice() {
            b"normal" => Some(&mut self.normal),
            b"slave" | b"replica" => Some(&mut self.replica),
            b"pubsub" => Some(&mut self.pubsub),
            _ => None,
        }
    }

    /// The classes as they are named when shown and when written.
    fn rows(&self) -> [(&'static str, &'static str, OutputLimit); 3] {
        [
            ("normal", "normal", self.normal),
            ("slave", "replica", self.replica),
            ("pubsub", "pubsub", self.pubsub),
        ]
    }
}

impl Setting for OutputLimits {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let (rows, []) = args.as_chunks::<4>() else {
            return Err("Wrong number of arguments in buffer limit configuration.".into());
        };
        let mut limits = *self;
        for [class, hard, soft, seconds] in rows {
            let limit = limits
                .class_mut(class)
                .ok_or("Invalid client class specified in buffer limit configuration.")?;
            let (Some(hard_bytes), Some(soft_bytes), Some(soft_seconds @ 0..)) =
                (parse_memory(hard), parse_memory(soft), parse_i64(seconds))
            else {
                return Err(
                    "Error in hard, soft or soft_seconds setting in buffer limit configuration.".into()
                );
            };
            *limit = OutputLimit { hard_bytes, soft_bytes, soft_seconds };
        }
        *self = limits;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        let row = |(class, _, limit): (_, _, OutputLimit)| {
            format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
        };
        self.rows().map(row).join(" ").into_bytes()
    }

    fn lines(&self, _: &Rule) -> Vec<Vec<u8>> {
        let row = |(_, class, limit): (_, &str, OutputLimit)| {
            let (hard, soft) =
                (written_bytes(limit.hard_bytes.into()), written_bytes(limit.soft_bytes.into()));
            format!("{class} {hard} {soft} {}", limit.soft_seconds).into_bytes()
        };
        self.rows().map(row).to_vec()
    }
}

/// `bind`: the addresses to listen on; a leading `-` says that one may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(pub Vec<Vec<u8>>);

impl Default for Addresses {
    fn default() -> Addresses {
        Addresses(vec![b"*".to_vec(), b"-::*".to_vec()])
    }
}

impl Setting for Addresses {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        const MAX: usize = 16;
        if args.len() > MAX {
            return Err("Too many bind addresses specified.".into());
        }
        let args = if matches!(args, [b""]) { &[] } else { args };
        self.0 = args.iter().map(|address| address.to_vec()).collect();
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        self.0.join(&b' ')
    }

    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        if self.0.is_empty() { vec![b"\"\"".to_vec()] } else { vec![self.show(rule)] }
    }
}

/// `replicaof`: the address of the primary, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaOf(pub Option<(Vec<u8>, u16)>);

impl Setting for ReplicaOf {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let [host, port] = args else { return Err(Refusal::WRONG_NUMBER) };
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            self.0 = None;
            return Ok(());
        }
        let port = parse_i64(port).and_then(|port| u16::try_from(port).ok()).ok_or("Invalid master port")?;
        self.0 = Some((host.to_vec(), port));
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        match &self.0 {
            Some((host, port)) => [host.as_slice(), port.to_string().as_bytes()].join(&b' '),
            None => Vec::new(),
        }
    }

    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        self.0.iter().map(|_| self.show(rule)).collect()
    }
}

/// `oom-score-adj-values`: the scores of a primary, a replica and a child that saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OomScores(pub [i32; 3]);

impl Default for OomScores {
    fn default() -> OomScores {
        OomScores([0, 200, 800])
    }
}

impl Setting for OomScores {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        if args.len() != self.0.len() {
            return Err(Refusal::WRONG_NUMBER);
        }
        let mut scores = self.0;
        for (score, text) in scores.iter_mut().zip(args) {
            *score = parse_i64(text)
                .filter(|value| (-2000..=2000).contains(value))
                .and_then(|value| i32::try_from(value).ok())
                .ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")?;
        }
        self.0 = scores;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        self.0.map(|score| score.to_string()).join(" ").into_bytes()
    }
}

/// `latency-tracking-info-percentiles`: the percentiles that INFO shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Percentiles(pub Vec<f64>);

impl Default for Percentiles {
    fn default() -> Percentiles {
        Percentiles(vec![50.0, 99.0, 99.9])
    }
}

impl Percentiles {
    /// A percentile with up to six decimals and no trailing zeros.
    pub fn text(percentile: f64) -> String {
        let text = format!("{percentile:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl Setting for Percentiles {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let args = if matches!(args, [b""]) { &[] } else { args };
        let mut percentiles = Vec::with_capacity(args.len());
        for text in args {
            let percentile = parse_f64(text).ok_or("Invalid latency-tracking-info-percentiles parameters")?;
            if !(0.0..=100.0).contains(&percentile) {
                return Err(
                    "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".into()
                );
            }
            percentiles.push(percentile);
        }
        self.0 = percentiles;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        let texts: Vec<_> = self.0.iter().map(|percentile| Percentiles::text(*percentile)).collect();
        texts.join(" ").into_bytes()
    }

    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        if self.0.is_empty() { vec![b"\"\"".to_vec()] } else { vec![self.show(rule)] }
    }
}

impl Setting for EventClasses {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let [text] = args else { return Err(Refusal::WRONG_NUMBER) };
        *self = EventClasses::parse(text).ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        self.to_text().into_bytes()
    }

    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        vec![repr(&self.show(rule))]
    }
}

bitflags! {
    /// `shutdown-on-sigint` and `shutdown-on-sigterm`: the way in which the server ends on a signal.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ShutdownFlags: u8 {
        /// Take a snapshot even if `save` names no rule.
        const SAVE = 1 << 0;
        /// Take no snapshot even if `save` names a rule.
        const NOSAVE = 1 << 1;
        /// Do not wait for replicas that lag behind.
        const NOW = 1 << 2;
        /// End even if the snapshot fails.
        const FORCE = 1 << 3;
    }
}

/// The words for the flags; `default` is none of them.
const SHUTDOWN_WORDS: [(&str, ShutdownFlags); 5] = [
    ("default", ShutdownFlags::empty()),
    ("save", ShutdownFlags::SAVE),
    ("nosave", ShutdownFlags::NOSAVE),
    ("now", ShutdownFlags::NOW),
    ("force", ShutdownFlags::FORCE),
];

impl Setting for ShutdownFlags {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let unknown = || not_one_of(SHUTDOWN_WORDS.iter().map(|row| row.0));
        let mut flags = ShutdownFlags::empty();
        if args.is_empty() {
            return Err(unknown());
        }
        for word in args {
            let known = SHUTDOWN_WORDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
            flags |= known.ok_or_else(unknown)?.1;
        }
        if flags.contains(ShutdownFlags::SAVE | ShutdownFlags::NOSAVE) {
            return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
        }
        *self = flags;
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        if self.is_empty() {
            return b"default".to_vec();
        }
        let words = SHUTDOWN_WORDS[1..].iter().filter(|row| self.contains(row.1)).map(|row| row.0);
        words.collect::<Vec<_>>().join(" ").into_bytes()
    }
}

/// `dir`: the working directory. Reading it changes the directory of the process at once, so that
/// later lines of the file are relative to it, as in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingDir(pub PathBuf);

impl Default for WorkingDir {
    fn default() -> WorkingDir {
        WorkingDir(std::env::current_dir().unwrap_or_default())
    }
}

impl Setting for WorkingDir {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let [path] = args else { return Err(Refusal::WRONG_NUMBER) };
        let path = super::values::Text(path.to_vec());
        std::env::set_current_dir(path.path()).map_err(|error| Refusal::from(super::os_text(&error)))?;
        *self = WorkingDir::default();
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt;
        self.0.as_os_str().as_bytes().to_vec()
    }

    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        vec![repr(&self.show(rule))]
    }
}
