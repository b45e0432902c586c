//! The facts from the operating system: its name and version, and the processor time of the process.

use super::field::{Section, counter};
use super::{Unit, Value};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

/// Name, release and machine of the operating system.
pub fn system() -> String {
    match nix::sys::utsname::uname() {
        Ok(name) => {
            [name.sysname(), name.release(), name.machine()].map(|part| part.to_string_lossy()).join(" ")
        }
        Err(_) => std::env::consts::OS.to_owned(),
    }
}

/// Fills the section about processor time. The calling thread counts as the main thread.
pub fn describe_cpu(section: &mut Section) {
    let parts = [
        ("", UsageWho::RUSAGE_SELF),
        ("_children", UsageWho::RUSAGE_CHILDREN),
        ("_main_thread", UsageWho::RUSAGE_THREAD),
    ];
    for (suffix, who) in parts {
        let Ok(usage) = getrusage(who) else { continue };
        for (name, time) in [("sys", usage.system_time()), ("user", usage.user_time())] {
            section.push(counter(format!("used_cpu_{name}{suffix}"), Unit::Seconds, seconds(time)));
        }
    }
}

fn seconds(time: TimeVal) -> Value {
    Value::Decimal(time.num_microseconds() as f64 / 1e6, 6)
}
