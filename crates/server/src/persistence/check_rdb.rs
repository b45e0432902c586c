//! The tool that checks snapshots: this program under the name `ochre-check-rdb` or
//! `redis-check-rdb`. Options, output and exit codes are those of redis-check-rdb.c.

use crate::process::Abort;
use ochre_engine::level::Level;
use ochre_engine::time::UnixMs;
use ochre_persistence::rdb::Source;
use ochre_persistence::rdb::check::check;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whether a program of this name is this tool.
pub fn is_named(program: &[u8]) -> bool {
    let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or(program);
    let has = |part: &[u8]| name.windows(part.len()).any(|window| window == part);
    has(b"redis-check-rdb") || has(b"ochre-check-rdb")
}

/// Runs the tool.
pub fn run(program: &[u8], args: &[Vec<u8>]) -> Result<(), Abort> {
    // If nobody reads the output there is nobody to tell.
    match args {
        [option] if option == b"-v" || option == b"--version" => {
            let _ = writeln!(io::stdout(), "redis-check-rdb {}", Level::default().version());
            Ok(())
        }
        [path] => match print(Path::new(OsStr::from_bytes(path))) {
            Ok(true) => Ok(()),
            _ => Err(Abort::Failed),
        },
        _ => {
            let _ = writeln!(io::stderr(), "Usage: {} <rdb-file-name>", String::from_utf8_lossy(program));
            Err(Abort::Failed)
        }
    }
}

/// Checks a file and prints what it finds; true if it is sound.
pub fn print(path: &Path) -> io::Result<bool> {
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "[offset 0] Checking RDB file {}", path.display())?;
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let sound = check(&mut Source::new(file, Some(size)), UnixMs(now), &mut out)?;
    out.flush()?;
    Ok(sound)
}
