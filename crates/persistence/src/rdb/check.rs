//! The checker of RDB files: what redis-check-rdb prints.
//!
//! ```text
//! [offset 29] Selecting DB ID 0                  what it meets, with the bytes read so far
//! --- RDB ERROR DETECTED ---                     what is wrong, what was being read, in which key
//! [info] 1 keys read                             at the end, in both cases
//! ```
//! Words, order and offsets are Redis's, but for the place in its source that it names in errors.
//! Values are checked as deeply as for `sanitize-dump-payload yes`.

use super::Fault;
use super::decode::{self, Decoding, module};
use super::format::ValueType;
use super::input::{Input, Source};
use super::records::{Doing, Record, Records};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use std::io::{self, Read, Write};
use std::sync::atomic::AtomicU64;

/// Checks a file and reports to `out`; true if it is sound. `now` tells what has expired.
pub fn check<R: Read>(source: &mut Source<R>, now: UnixMs, out: &mut dyn Write) -> io::Result<bool> {
    let mut checker = Checker {
        records: Records::new(source),
        out,
        now,
        // Until the first key is read Redis names type 0.
        value_type: Some(ValueType::STRING),
        has_key: false,
        keys: 0,
        expires: 0,
        expired: 0,
    };
    match checker.run() {
        Ok(()) => {
            checker.info(format_args!("\\o/ RDB looks OK! \\o/"))?;
            checker.totals()?;
            Ok(true)
        }
        Err(Stop::Output(error)) => Err(error),
        Err(Stop::Fault(fault)) => {
            checker.report(&fault)?;
            Ok(false)
        }
    }
}

struct Checker<'a, R> {
    records: Records<'a, R>,
    out: &'a mut dyn Write,
    now: UnixMs,
    /// The type of the value being read.
    value_type: Option<ValueType>,
    /// True while a value is read.
    has_key: bool,
    keys: u64,
    expires: u64,
    expired: u64,
}

/// Why the check ends.
enum Stop {
    Fault(Fault),
    Output(io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Output(error)
    }
}

impl<R: Read> Checker<'_, R> {
    fn run(&mut self) -> Result<(), Stop> {
        let version = self.records.version()?;
        loop {
            match self.records.next()? {
                Record::End => break,
                Record::Select(db) => self.info(format_args!("Selecting DB ID {db}"))?,
                Record::Aux(name, value) => {
                    let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
                    let line = format!("AUX FIELD {name} = '{value}'");
                    self.info(format_args!("{line}"))?;
                }
                Record::ModuleAux(module) => self.info(format_args!("MODULE AUX for: {module}"))?,
                Record::Sizes(..) | Record::Function(_) | Record::Hint => {}
                Record::Entry(value_type, _) if !value_type.is_known() => {
                    return Err(Fault::Type(value_type).into());
                }
                Record::Entry(value_type, attributes) => self.entry(value_type, attributes.expiry)?,
            }
        }
        match self.records.checksum(version)? {
            None => Ok(()),
            Some((0, _)) => {
                let line = "RDB file was saved with checksum disabled: no check performed.";
                Ok(self.info(format_args!("{line}"))?)
            }
            Some((stored, computed)) if computed == stored => Ok(self.info(format_args!("Checksum OK"))?),
            Some((stored, computed)) => Err(Fault::Checksum { stored, computed }.into()),
        }
    }

    fn entry(&mut self, value_type: ValueType, expiry: Option<UnixMs>) -> Result<(), Fault> {
        self.value_type = Some(value_type);
        self.records.read_key()?;
        (self.has_key, self.keys) = (true, self.keys + 1);
        let source = &mut *self.records.source;
        if value_type == ValueType::MODULE_2 {
            source.length()?;
            module::skip(source)?;
        } else {
            let searched = AtomicU64::new(0);
            let (settings, seed) = (Settings::default(), Seed::new(0, 0));
            let decoding = Decoding { settings: &settings, seed, deep: Some(&searched) };
            decode::value(source, value_type, &decoding)?;
        }
        self.expires += u64::from(expiry.is_some());
        self.expired += u64::from(expiry.is_some_and(|at| at < self.now));
        (self.has_key, self.value_type) = (false, None);
        Ok(())
    }

    fn info(&mut self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        writeln!(self.out, "[offset {}] {line}", self.records.source.offset())
    }

    fn report(&mut self, fault: &Fault) -> io::Result<()> {
        let offset = self.records.source.offset();
        writeln!(self.out, "--- RDB ERROR DETECTED ---")?;
        match fault {
            Fault::Signature => self.info(format_args!("Wrong signature trying to load DB from file"))?,
            Fault::Version(version) => {
                self.info(format_args!("Can't handle RDB format version {version}"))?
            }
            Fault::Checksum { .. } => self.info(format_args!("RDB CRC error"))?,
            Fault::Function(reason) => self.info(format_args!("Failed loading library, {reason}"))?,
            // Redis cannot tell an empty collection from the end.
            Fault::Short | Fault::Empty => self.info(format_args!("Unexpected EOF reading RDB file"))?,
            Fault::Type(other) if self.records.doing == Doing::Type => {
                self.info(format_args!("Invalid object type: {}", other.0))?;
            }
            fault => {
                self.info(format_args!("Internal error in RDB reading offset {offset} -> {fault}"))?;
            }
        }
        writeln!(self.out, "[additional info] While doing: {}", self.records.doing.name())?;
        if self.has_key {
            let key = String::from_utf8_lossy(&self.records.key);
            writeln!(self.out, "[additional info] Reading key '{key}'")?;
        }
        if let Some(value_type) = self.value_type {
            writeln!(self.out, "[additional info] Reading type {} ({})", value_type.0, value_type.name())?;
        }
        self.totals()
    }

    fn totals(&mut self) -> io::Result<()> {
        writeln!(self.out, "[info] {} keys read", self.keys)?;
        writeln!(self.out, "[info] {} expires", self.expires)?;
        writeln!(self.out, "[info] {} already expired", self.expired)
    }
}
