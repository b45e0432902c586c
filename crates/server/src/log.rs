//! The log of the server: one line for each event, to a file or the standard output, and to syslog.
//!
//! ```text
//! 4711:M 21 Nov 2026 12:00:00.123 * Ready to accept connections tcp
//! pid  :role  local time        level message
//! ```
//!
//! The format is Redis's, so that existing tools read it. The file is opened for each line: lines
//! are rare, and a file that was renamed or removed for rotation is left at once, without a signal.
//! The log belongs to the process, not to a server: a child that saves and a second server in a test
//! write to the same log, so its state is static.

mod zone;

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, RwLock};

use nix::syslog;

use crate::config::{Choice, Config, SyslogFacility};

/// The importance of a line, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    /// For developers.
    Debug,
    /// Rarely of interest.
    Verbose,
    /// For operators in production.
    Notice,
    /// Needs attention.
    Warning,
    /// A setting only: nothing is logged.
    Nothing,
}

impl Choice for LogLevel {
    const NAMES: &'static [(&'static str, LogLevel)] = &[
        ("debug", LogLevel::Debug),
        ("verbose", LogLevel::Verbose),
        ("notice", LogLevel::Notice),
        ("warning", LogLevel::Warning),
        ("nothing", LogLevel::Nothing),
    ];
}

/// The destinations of lines besides the standard output.
struct Target {
    file: Option<PathBuf>,
    syslog: bool,
}

static TARGET: RwLock<Target> = RwLock::new(Target { file: None, syslog: false });
/// Held while a line is formatted and written.
static WRITING: Mutex<()> = Mutex::new(());
static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Notice as u8);
/// The process id of the server; another process that logs is its child. 0 until known.
static SERVER_PID: AtomicU32 = AtomicU32::new(0);

/// Declares this process to be the server. Lines of other processes are marked as those of a child.
pub fn claim() {
    SERVER_PID.store(std::process::id(), Ordering::Relaxed);
}

/// Sets level and destinations from `config`. To be called again after the process went to the background.
pub fn configure(config: &Config) {
    let process = &config.process;
    set_level(process.loglevel);
    let file = (!process.logfile.is_empty()).then(|| process.logfile.path().to_owned());
    // The path is made absolute, because the working directory may change later.
    let file = file.map(|path| std::path::absolute(&path).unwrap_or(path));
    if process.syslog_enabled {
        open_syslog(&process.syslog_ident.0, process.syslog_facility);
    }
    *TARGET.write().unwrap_or_else(|broken| broken.into_inner()) =
        Target { file, syslog: process.syslog_enabled };
}

/// Sets the least important level that is logged.
pub fn set_level(level: LogLevel) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Whether a line of this level is logged.
pub fn is_logged(level: LogLevel) -> bool {
    level as u8 >= LEVEL.load(Ordering::Relaxed)
}

/// Keeps all other threads out of the log until the guard is dropped. Held during a fork: a thread that
/// is in the middle of a line does not exist in the child, and would leave its locks locked there.
pub fn hold() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(|broken| broken.into_inner())
}

/// Logs a line. Callers use macros such as `log_notice!`, which format only if the line is logged.
pub fn write(level: LogLevel, message: fmt::Arguments<'_>) {
    let _alone = hold();
    let mark = [b'.', b'-', b'*', b'#'].get(level as usize).copied().unwrap_or(b'#');
    let now =
        jiff::Timestamp::now().to_zoned(zone::local().clone()).strftime("%d %b %Y %H:%M:%S%.3f").to_string();
    let (pid, mark) = (std::process::id(), char::from(mark));
    emit(format!("{pid}:{} {now} {mark} {message}\n", role(pid)).as_bytes());
    if TARGET.read().is_ok_and(|target| target.syslog) {
        to_syslog(level, &message.to_string());
    }
}

/// Logs a text as it is, for the logo.
pub fn write_raw(level: LogLevel, text: &str) {
    if is_logged(level) {
        let _alone = hold();
        emit(text.as_bytes());
    }
}

/// `M` for the server, which is a primary; `C` for its children, and for a process that is not yet the server.
fn role(pid: u32) -> char {
    if SERVER_PID.load(Ordering::Relaxed) == pid { 'M' } else { 'C' }
}

/// Writes the bytes with one call. Errors are ignored, because there is no other place to report them.
fn emit(bytes: &[u8]) {
    let target = TARGET.read().unwrap_or_else(|broken| broken.into_inner());
    let _ = match &target.file {
        Some(path) => {
            OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(bytes))
        }
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
    };
}

fn open_syslog(ident: &[u8], facility: SyslogFacility) {
    use syslog::Facility;
    let facility = match facility {
        SyslogFacility::User => Facility::LOG_USER,
        SyslogFacility::Local0 => Facility::LOG_LOCAL0,
        SyslogFacility::Local1 => Facility::LOG_LOCAL1,
        SyslogFacility::Local2 => Facility::LOG_LOCAL2,
        SyslogFacility::Local3 => Facility::LOG_LOCAL3,
        SyslogFacility::Local4 => Facility::LOG_LOCAL4,
        SyslogFacility::Local5 => Facility::LOG_LOCAL5,
        SyslogFacility::Local6 => Facility::LOG_LOCAL6,
        SyslogFacility::Local7 => Facility::LOG_LOCAL7,
    };
    let ident = std::ffi::CString::new(ident).unwrap_or_default();
    let flags = syslog::LogFlags::LOG_PID | syslog::LogFlags::LOG_NDELAY;
    // syslog keeps the pointer for the rest of the process.
    let _ = syslog::openlog(Some(Box::leak(ident.into_boxed_c_str())), flags, facility);
}

fn to_syslog(level: LogLevel, message: &str) {
    use syslog::Severity;
    let severity = match level {
        LogLevel::Debug => Severity::LOG_DEBUG,
        LogLevel::Verbose => Severity::LOG_INFO,
        LogLevel::Notice => Severity::LOG_NOTICE,
        LogLevel::Warning | LogLevel::Nothing => Severity::LOG_WARNING,
    };
    let _ = syslog::syslog(severity, &message.replace('\0', "?"));
}

/// Logs a line for developers, formatted as by `format!`.
#[macro_export]
macro_rules! log_debug {
    ($($text:tt)*) => { $crate::log_at!($crate::log::LogLevel::Debug, $($text)*) };
}

/// Logs a line of rare interest, formatted as by `format!`.
#[macro_export]
macro_rules! log_verbose {
    ($($text:tt)*) => { $crate::log_at!($crate::log::LogLevel::Verbose, $($text)*) };
}

/// Logs a line for operators in production, formatted as by `format!`.
#[macro_export]
macro_rules! log_notice {
    ($($text:tt)*) => { $crate::log_at!($crate::log::LogLevel::Notice, $($text)*) };
}

/// Logs a line that needs attention, formatted as by `format!`.
#[macro_export]
macro_rules! log_warning {
    ($($text:tt)*) => { $crate::log_at!($crate::log::LogLevel::Warning, $($text)*) };
}

/// Logs at a level, formatting only if the line is logged.
#[macro_export]
macro_rules! log_at {
    ($level:expr, $($text:tt)*) => {
        if $crate::log::is_logged($level) {
            $crate::log::write($level, format_args!($($text)*));
        }
    };
}
