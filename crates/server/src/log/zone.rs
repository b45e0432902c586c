//! The time zone of the log: that of the environment variable TZ, as tzset(3) reads it, or of `/etc/localtime`.
//!
//! The search that `jiff` offers walks over all zones of the system first and keeps their names, which costs 100 KB and
//! 20 system calls at the start; this one opens a single file.

use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::OnceLock;

const LOCALTIME: &str = "/etc/localtime";
const ZONES: &str = "/usr/share/zoneinfo";

/// The local time zone. It is found at the first call; UTC if there is none.
pub fn local() -> &'static TimeZone {
    static LOCAL: OnceLock<TimeZone> = OnceLock::new();
    LOCAL.get_or_init(|| {
        let variable = |name| std::env::var(name).ok();
        find(variable("TZ").as_deref(), variable("TZDIR").as_deref())
    })
}

/// The zone that `tz` stands for: a path, the name of a file below `directory`, or a rule such as `CET-1CEST,M3.5.0,M10.5.0`.
fn find(tz: Option<&str>, directory: Option<&str>) -> TimeZone {
    let Some(tz) = tz else {
        return read(Path::new(LOCALTIME)).unwrap_or(TimeZone::UTC);
    };
    let name = tz.strip_prefix(':').unwrap_or(tz);
    // An absolute name replaces the directory.
    let path = Path::new(directory.unwrap_or(ZONES)).join(name);
    read(&path).or_else(|| TimeZone::posix(name).ok()).unwrap_or(TimeZone::UTC)
}

fn read(path: &Path) -> Option<TimeZone> {
    // A device might never end.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    TimeZone::tzif(&path.to_string_lossy(), &std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn shown(zone: TimeZone) -> String {
        let noon: Timestamp = "2026-07-01T12:00:00Z".parse().expect("a valid time");
        noon.to_zoned(zone).strftime("%H:%M").to_string()
    }

    #[test]
    fn a_rule_needs_no_file() {
        assert_eq!(shown(find(Some("CET-1CEST,M3.5.0,M10.5.0/3"), Some("/nonexistent"))), "14:00");
        assert_eq!(shown(find(Some(":EST5"), None)), "07:00");
    }

    #[test]
    fn names_that_mean_nothing_are_utc() {
        for name in ["", "Nowhere/At_All", "/nonexistent", "/dev/zero", "."] {
            assert_eq!(shown(find(Some(name), None)), "12:00", "{name}");
        }
    }
}
