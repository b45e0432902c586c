//! Commands looked up ahead of running: what they are, and the hashes of their keys.
//!
//! ```text
//! commands   GET a    MSET b 1 c 2    ZUNIONSTORE d 2 e f
//! steps      [0..1]   [1..3]          [3..4]                 the keys of a plain range, or the first one
//! hashes      a        b  c            d
//! ```
//! Hashing is the first thing every lookup needs, and knowing the hashes of the next 64 commands lets the
//! cache lines of all of them be fetched at the same time. Several workers lock by these hashes where they are all that a
//! command needs (`Locking`). Apart from that a plan promises nothing: a command that it does not know is looked up when it runs.

use crate::table::{CommandId, CommandTable, Locking, Reach};
use ochre_engine::keyspace::{Hints, Key};
use ochre_resp::request::Args;

/// Keys of a plan that are worth fetching ahead: what fits into the first level of the cache.
const FETCHED: usize = 256;

/// A command of a plan.
#[derive(Debug, Clone, Copy)]
struct Step {
    command: Option<CommandId>,
    /// Argument index of the first key that was hashed.
    first: u16,
    /// Arguments from one key to the next.
    stride: u16,
    /// Where its hashes begin, which is where those of the command before end.
    start: u32,
    /// Where they end.
    end: u32,
    /// How it can be locked.
    locking: Locking,
}

/// What a plan says about a command.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// The command, if the name is known. Subcommands are resolved later.
    pub command: Option<CommandId>,
    /// The hashes of its keys.
    pub hints: Hints<'a>,
}

impl Planned<'_> {
    /// Nothing is known yet.
    pub const UNKNOWN: Planned<'static> = Planned { command: None, hints: Hints::NONE };
}

/// See the module. Reused: clearing keeps the memory.
#[derive(Debug, Default)]
pub struct Plan {
    steps: Vec<Step>,
    hashes: Vec<u64>,
}

impl Plan {
    /// Forgets all commands.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.hashes.clear();
    }

    /// Number of commands.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Looks a command up and adds it; `locate` hashes its keys, and `fetch` may fetch what they lead to.
    #[inline]
    pub fn push<'k>(
        &mut self,
        commands: &CommandTable,
        args: Args<'k>,
        locate: impl Fn(&'k [u8]) -> Key<'k>,
        mut fetch: impl FnMut(Key<'k>),
    ) {
        let command = commands.find(args.get(0));
        let start = self.hashes.len() as u32;
        let mut step = Step { command, first: 0, stride: 1, start, end: start, locking: Locking::Unplanned };
        if let Some(id) = command {
            let entry = commands.get(id);
            let places = entry.key_places;
            (step.first, step.stride) = (places.first, places.stride);
            let (mut at, end) = (usize::from(places.first), places.end(args.len()));
            while at < end {
                let key = locate(args.get(at));
                if self.hashes.len() < FETCHED {
                    fetch(key);
                }
                self.hashes.push(key.hash);
                at += usize::from(places.stride);
            }
            step.end = self.hashes.len() as u32;
            if step.end > start || entry.reach == Reach::Local {
                step.locking = entry.locking;
            }
        }
        self.steps.push(step);
    }

    /// The plan of command `at`; nothing is known of those behind the last.
    #[inline]
    pub fn get(&self, at: usize) -> Planned<'_> {
        let Some(step) = self.steps.get(at) else { return Planned::UNKNOWN };
        let hashes = &self.hashes[step.start as usize..step.end as usize];
        let hints = Hints::new(usize::from(step.first), usize::from(step.stride), hashes);
        Planned { command: step.command, hints }
    }

    /// How many commands from `first` on, `most` of them at most, may be locked together. They have so many `keys` at most,
    /// unless the first alone has more.
    #[inline]
    pub fn joining(&self, first: usize, most: usize, keys: usize) -> usize {
        let steps = self.steps.get(first..).unwrap_or_default();
        let full = steps.first().map_or(0, |step| step.start as usize + keys);
        let fits = |step: &Step| step.end as usize <= full;
        let joins =
            |(at, step): &(usize, &Step)| step.locking == Locking::Grouped && (*at == 0 || fits(step));
        steps.iter().take(most).enumerate().take_while(joins).count()
    }

    /// Whether the hashes of a command are all that it needs.
    #[inline]
    pub fn suffices(&self, at: usize) -> bool {
        self.steps.get(at).is_some_and(|step| step.locking != Locking::Unplanned)
    }

    /// How many of the commands from `first` up to, not including, `end` have no more keys than so many together.
    pub fn covered(&self, first: usize, end: usize, keys: usize) -> usize {
        let (start, _) = self.range(first, end);
        self.steps[first..end].iter().take_while(|step| step.end as usize <= start + keys).count()
    }

    /// The hashes of the commands from `first` up to, not including, `end`.
    #[inline]
    pub fn hashes(&self, first: usize, end: usize) -> &[u64] {
        let (start, end) = self.range(first, end);
        &self.hashes[start..end]
    }

    /// Those of them that are worth fetching.
    pub fn fetched(&self, first: usize, end: usize) -> &[u64] {
        let (start, end) = self.range(first, end);
        &self.hashes[start.min(FETCHED)..end.min(FETCHED)]
    }

    #[inline]
    fn range(&self, first: usize, end: usize) -> (usize, usize) {
        let steps = &self.steps[first..end];
        let ends = (steps.first(), steps.last());
        (ends.0.map_or(0, |step| step.start as usize), ends.1.map_or(0, |step| step.end as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ochre_engine::keyspace::World;
    use ochre_engine::level::Level;
    use ochre_engine::table::Seed;
    use ochre_resp::request::OwnedArgs;

    #[test]
    fn plain_ranges_are_hashed_whole_and_of_others_the_first_key() {
        let world = World::new(4, 1, Seed::new(1, 2));
        let table = crate::commands::table(Level::Latest);
        let mut plan = Plan::default();
        let cases = [
            ("get a", "a", Locking::Grouped),
            ("MSET b 1 c 2", "b c", Locking::Planned),
            ("MSET b 1 c", "b c", Locking::Planned),
            ("MGET d e f", "d e f", Locking::Grouped),
            ("BLPOP d e f 0", "d e f", Locking::Planned),
            ("zunionstore d 2 e f", "d", Locking::Unplanned),
            ("ping", "", Locking::Grouped),
            ("nonsense a", "", Locking::Unplanned),
            ("get", "", Locking::Unplanned),
        ];
        let calls: Vec<OwnedArgs> = cases.iter().map(|case| case.0.split(' ').collect()).collect();
        let mut fetched = 0;
        for call in &calls {
            plan.push(&table, call.args(), |key| world.locate(key), |_| fetched += 1);
        }
        for (at, (call, keys, locking)) in cases.iter().enumerate() {
            let expected: Vec<u64> =
                keys.split_terminator(' ').map(|key| world.locate(key.as_bytes()).hash).collect();
            assert_eq!(plan.hashes(at, at + 1), expected, "{call}");
            assert_eq!(plan.joining(at, 1, 1) == 1, *locking == Locking::Grouped, "{call}");
            assert_eq!(plan.suffices(at), *locking != Locking::Unplanned, "{call}");
            let args = calls[at].args();
            for at_arg in 1..args.len() {
                let hint = plan.get(at).hints.of(at_arg);
                assert!(hint.is_none_or(|hash| hash == world.locate(args.get(at_arg)).hash), "{call}");
            }
        }
        assert_eq!(fetched, plan.hashes(0, plan.len()).len());
        assert_eq!(plan.fetched(0, 2).len(), 3);
    }

    /// A shard that is not locked is out of reach, and a handler that goes there ends the process.
    #[test]
    fn commands_that_are_locked_by_their_plan_have_all_their_keys_in_it() {
        let world = World::new(4, 1, Seed::new(1, 2));
        let mut seen = 0;
        for level in Level::ALL {
            let table = crate::commands::table(level);
            for (_, entry) in table.top_level() {
                for len in (1..12).filter(|len| entry.arity_fits(*len)) {
                    let words = (1..len).map(|at| format!("{at}"));
                    let call: OwnedArgs = std::iter::once(entry.meta.name.to_owned()).chain(words).collect();
                    let mut plan = Plan::default();
                    plan.push(&table, call.args(), |key| world.locate(key), |_| {});
                    if plan.suffices(0) {
                        let found = entry.meta.find_keys(call.args()).unwrap_or_default();
                        let hash = |at: usize| world.locate(call.args().get(at)).hash;
                        let keys: Vec<u64> = found.iter().map(|(at, _)| hash(*at)).collect();
                        assert_eq!(plan.hashes(0, 1), keys, "{} with {len} words", entry.meta.name);
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 4000, "only {seen}");
    }

    #[test]
    fn a_group_ends_in_front_of_what_goes_alone_and_when_it_has_enough_keys() {
        let world = World::new(4, 1, Seed::new(1, 2));
        let table = crate::commands::table(Level::Latest);
        let mut plan = Plan::default();
        let calls = ["get a", "ping", "mget b c d", "zunionstore e 1 f", "set g 1", "config get x", "get h"];
        for call in calls {
            let call: OwnedArgs = call.split(' ').collect();
            plan.push(&table, call.args(), |key| world.locate(key), |_| {});
        }
        let joining: Vec<usize> = (0..calls.len() + 2).map(|at| plan.joining(at, 9, 9)).collect();
        assert_eq!(joining, [3, 2, 1, 0, 1, 0, 1, 0, 0]);
        let limits = [(0, 1, 9), (0, 9, 1), (0, 9, 3), (0, 9, 4), (0, 0, 9), (2, 9, 2)];
        assert_eq!(limits.map(|(first, most, keys)| plan.joining(first, most, keys)), [1, 2, 2, 3, 0, 1]);
        assert_eq!((0..5).map(|keys| plan.covered(0, 3, keys)).collect::<Vec<_>>(), [0, 2, 2, 2, 3]);
    }
}
