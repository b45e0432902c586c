//! The tool that checks append-only files and cuts off a damaged end: `ochre-check-aof`, or this program under the
//! name `redis-check-aof`. Options, texts and exit codes are those of redis-check-aof.c.

use super::files::log_manifest_error;
use crate::config::os_text;
use crate::log_warning;
use crate::process::Abort;
use ochre_engine::time::UnixMs;
use ochre_persistence::aof::{Checker, End, Manifest};
use ochre_persistence::rdb::input::Input;
use ochre_persistence::rdb::{self, Source};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Prints a line to the standard output. If nobody reads it there is nobody to tell.
macro_rules! say {
    ($($text:tt)*) => { { let _ = writeln!(io::stdout(), $($text)*); } };
}

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Look,
    Fix,
    /// Cut off what was done after this time, in seconds since 1970.
    Until(i64),
}

/// How the check of one file went.
enum Checked {
    Valid,
    Empty,
    Truncated,
    TruncatedToTime,
}

/// Whether a program of this name is this tool.
pub fn is_named(program: &[u8]) -> bool {
    let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or(program);
    let has = |part: &[u8]| name.windows(part.len()).any(|window| window == part);
    has(b"redis-check-aof") || has(b"ochre-check-aof")
}

/// Runs the tool.
pub fn run(program: &[u8], args: &[Vec<u8>]) -> Result<(), Abort> {
    let (mode, path) = match args {
        [path] => (Mode::Look, path),
        [option, path] if option == b"--fix" => (Mode::Fix, path),
        [option, time, path] if option == b"--truncate-to-timestamp" => {
            let time = std::str::from_utf8(time).ok().and_then(|text| text.parse().ok());
            let Some(time) = time else {
                say!("Invalid timestamp, aborting...");
                return Err(Abort::Failed);
            };
            (Mode::Until(time), path)
        }
        _ => {
            say!(
                "Usage: {} [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>",
                String::from_utf8_lossy(program)
            );
            return Err(Abort::Failed);
        }
    };
    let until = if let Mode::Until(time) = mode { Some(time).filter(|time| *time != 0) } else { None };
    let mut tool = Tool { mode, checker: Checker { until, ..Checker::default() } };
    tool.run(Path::new(OsStr::from_bytes(path)))
}

struct Tool {
    mode: Mode,
    checker: Checker,
}

impl Tool {
    fn run(&mut self, path: &Path) -> Result<(), Abort> {
        if is_manifest(path)? {
            return self.check_parts(path);
        }
        say!("Start checking Old-Style AOF");
        let is_snapshot = is_snapshot(path)?;
        let shown = path.display().to_string();
        let checked = self.check_file(&shown, path, true, is_snapshot)?;
        self.report("AOF", &shown, &checked);
        Ok(())
    }

    /// Checks all files of a manifest.
    fn check_parts(&mut self, path: &Path) -> Result<(), Abort> {
        say!("Start checking Multi Part AOF");
        let text = fs::read(path).map_err(|error| {
            let (path, error) = (path.display(), os_text(&error));
            log_warning!("Fatal error: can't open the AOF manifest file {path} for reading: {error}");
            Abort::Failed
        })?;
        let manifest = Manifest::parse(&text).map_err(|error| {
            log_manifest_error(&error);
            Abort::Failed
        })?;
        let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let count = manifest.parts().count();
        if let Some(base) = &manifest.base {
            let path = directory.join(base.path());
            let is_snapshot = is_snapshot(&path)?;
            say!("Start to check BASE AOF ({} format).", if is_snapshot { "RDB" } else { "RESP" });
            let name = base.path().display().to_string();
            let checked = self.check_file(&name, &path, count == 1, is_snapshot)?;
            self.report("BASE AOF", &name, &checked);
        }
        if !manifest.incr.is_empty() {
            say!("Start to check INCR files.");
        }
        for (at, incr) in manifest.incr.iter().enumerate() {
            let name = incr.path().display().to_string();
            let is_last = at + 1 == manifest.incr.len();
            let checked = self.check_file(&name, &directory.join(incr.path()), is_last, false)?;
            self.report("INCR AOF", &name, &checked);
        }
        say!("All AOF files and manifest are valid");
        Ok(())
    }

    fn report(&self, kind: &str, name: &str, checked: &Checked) {
        match checked {
            Checked::Valid => say!("{kind} {name} is valid"),
            Checked::Empty => say!("{kind} {name} is empty"),
            Checked::Truncated => say!("Successfully truncated AOF {name}"),
            Checked::TruncatedToTime => {
                say!("Successfully truncated AOF {name} to timestamp {}", self.checker.until.unwrap_or(0));
            }
        }
    }

    fn check_file(
        &mut self,
        name: &str,
        path: &Path,
        is_last: bool,
        is_snapshot: bool,
    ) -> Result<Checked, Abort> {
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let file = opened.map_err(|error| {
            say!("Cannot open file {}: {}, aborting...", path.display(), os_text(&error));
            Abort::Failed
        })?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        if size == 0 {
            return Ok(Checked::Empty);
        }
        let (mut source, mut offset) = (Source::new(&file, Some(size)), 0);
        if is_snapshot {
            offset = check_snapshot(&mut source, name)?;
        }
        let shown = path.display().to_string();
        let verdict = self.checker.check(&mut source, offset, &shown).map_err(|_| {
            say!("Failed to read from AOF {name}, aborting...");
            Abort::Failed
        })?;
        match verdict.end {
            End::Later => return self.cut_to_time(&file, &shown, verdict.valid, is_last),
            End::BadAnnotation => {
                say!("Invalid timestamp annotation");
                return Err(Abort::Failed);
            }
            End::NoLog => say!("AOF {name} format error"),
            End::Here => {}
        }
        if let Some(error) = &self.checker.error {
            say!("{error}");
        }
        let rest = size.saturating_sub(verdict.valid);
        if let (0, Some(until)) = (rest, self.checker.until) {
            say!("Truncate nothing in AOF {name} to timestamp {until}");
            return Ok(Checked::Valid);
        }
        say!(
            "AOF analyzed: filename={name}, size={size}, ok_up_to={}, ok_up_to_line={}, diff={rest}",
            verdict.valid,
            self.checker.line
        );
        if rest == 0 { Ok(Checked::Valid) } else { self.cut_off(&file, name, verdict.valid, size, is_last) }
    }

    /// Removes a damaged end, if that was asked for and whoever sits there agrees.
    fn cut_off(
        &self,
        file: &File,
        name: &str,
        valid: u64,
        size: u64,
        is_last: bool,
    ) -> Result<Checked, Abort> {
        if self.mode != Mode::Fix {
            say!("AOF {name} is not valid. Use the --fix option to try fixing it.");
            return Err(Abort::Failed);
        }
        if !is_last {
            say!("Failed to truncate AOF {name} because it is not the last file");
            return Err(Abort::Failed);
        }
        say!(
            "This will shrink the AOF {name} from {size} bytes, with {} bytes, to {valid} bytes",
            size - valid
        );
        let _ = write!(io::stdout(), "Continue? [y/N]: ").and_then(|()| io::stdout().flush());
        let mut answer = String::new();
        let agreed = io::stdin().lock().read_line(&mut answer).is_ok() && answer.starts_with(['y', 'Y']);
        if !agreed {
            say!("Aborting...");
            return Err(Abort::Failed);
        }
        file.set_len(valid).map(|()| Checked::Truncated).map_err(|_| {
            say!("Failed to truncate AOF {name}");
            Abort::Failed
        })
    }

    /// Removes what was done after the time that was asked for.
    fn cut_to_time(&self, file: &File, name: &str, valid: u64, is_last: bool) -> Result<Checked, Abort> {
        let until = self.checker.until.unwrap_or(0);
        if valid == 0 {
            say!("AOF {name} has nothing before timestamp {until}, aborting...");
            return Err(Abort::Failed);
        }
        if !is_last {
            say!(
                "Failed to truncate AOF {name} to timestamp {until} to offset {valid} because it is not the last \
                 file."
            );
            say!(
                "If you insist, please delete all files after this file according to the manifest file and delete \
                 the corresponding records in manifest file manually. Then re-run redis-check-aof."
            );
            return Err(Abort::Failed);
        }
        file.set_len(valid).map(|()| Checked::TruncatedToTime).map_err(|_| {
            say!("Failed to truncate AOF {name} to timestamp {until}");
            Abort::Failed
        })
    }
}

fn open(path: &Path) -> Result<File, Abort> {
    File::open(path).map_err(|error| {
        say!("Cannot open file {}: {}", path.display(), os_text(&error));
        Abort::Failed
    })
}

/// Whether a file is a manifest: it has a line that names a file.
fn is_manifest(path: &Path) -> Result<bool, Abort> {
    const LONGEST: u64 = 1024;
    let mut reader = io::BufReader::new(open(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => return Ok(false),
            Ok(_) if line.starts_with(b"file") => return Ok(true),
            Ok(_) => {}
            Err(_) => {
                say!("Cannot read file: {}", path.display());
                return Err(Abort::Failed);
            }
        }
    }
}

/// Whether a file begins with a snapshot.
fn is_snapshot(path: &Path) -> Result<bool, Abort> {
    let mut start = [0; 8];
    let is_long_enough = open(path)?.read_exact(&mut start).is_ok();
    Ok(is_long_enough && start.starts_with(b"REDIS"))
}

/// Checks the snapshot that a file begins with; returns where it ends.
fn check_snapshot<R: Read>(source: &mut Source<R>, name: &str) -> Result<u64, Abort> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let mut out = io::stdout().lock();
    let sound = writeln!(out, "[offset 0] Checking RDB file {name}")
        .and_then(|()| rdb::check::check(source, UnixMs(now), &mut out));
    drop(out);
    if sound.unwrap_or(false) {
        say!("RDB preamble is OK, proceeding with AOF tail...");
        return Ok(source.offset());
    }
    say!("RDB preamble of AOF file is not sane, aborting.");
    Err(Abort::Failed)
}
