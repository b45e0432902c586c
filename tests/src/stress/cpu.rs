//! How busy the processors are, from /proc.

use std::fs;
use std::time::Instant;

/// Hundredths of a second that processes took, since the system started.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    taken: Instant,
    server: u64,
    own: u64,
    /// All processors: busy, and at all.
    machine: (u64, u64),
}

impl Usage {
    /// The usage so far: of a server by its process id, of this process, and of all.
    pub fn now(server: u32) -> Usage {
        Usage {
            taken: Instant::now(),
            server: of_process(&server.to_string()),
            own: of_process("self"),
            machine: of_machine(),
        }
    }

    /// Percent of all processors since then: the server, this process, everybody.
    pub fn since(&self, before: &Usage) -> [f64; 3] {
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let seconds = (self.taken - before.taken).as_secs_f64();
        let percent = |ticks: u64| ticks as f64 / seconds / processors;
        let machine = (self.machine.1 - before.machine.1).max(1) as f64;
        let busy = 100.0 * (self.machine.0 - before.machine.0) as f64 / machine;
        [percent(self.server - before.server), percent(self.own - before.own), busy]
    }
}

/// utime and stime: fields 14 and 15 of proc(5), behind a name that may hold blanks.
fn of_process(id: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    fields.split_ascii_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
}

/// The first line of /proc/stat; the fourth and fifth figure are idle.
fn of_machine() -> (u64, u64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let figures = text.lines().next().unwrap_or_default().split_ascii_whitespace().skip(1);
    let figures: Vec<u64> = figures.take(8).filter_map(|n| n.parse().ok()).collect();
    let (all, idle) = (figures.iter().sum::<u64>(), figures.iter().skip(3).take(2).sum::<u64>());
    (all - idle, all)
}
