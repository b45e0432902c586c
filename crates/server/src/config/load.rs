//! Reading configuration: the lines of a file, of the standard input and of the command line.
//!
//! ```text
//! name value "quoted value" ...     # only at the start of a line
//! include /etc/redis/*.conf         the lines of those files, here
//! ```
//!
//! The three sources are one text, in that order, so a later line overrides an earlier one, and
//! line numbers in messages count through them. An `include` is read when its line comes; it may
//! match no file if it is a pattern.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ochre_resp::request::split_args;

use super::lists::SaveRules;
use super::values::Text;
use super::{Arguments, Config, Directive, Flags, Refusal, Setting, find, os_text};

/// A configuration, and the lines that are not values of directives.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The `rename-command` lines: the old name, and the new one, empty to remove the command.
    pub renamed_commands: Vec<(Vec<u8>, Vec<u8>)>,
    /// The words of the `user` lines.
    pub users: Vec<Vec<Vec<u8>>>,
    /// Warnings to be logged once there is a log.
    pub warnings: Vec<String>,
}

/// The reason why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// A line cannot be understood: the text for the standard error.
    Line(String),
    /// A file cannot be read: the text for the log.
    File(String),
}

/// The surroundings of loading: the names of commands, to check `rename-command` on its line, and the standard input.
pub trait Source {
    /// Whether there is such a command.
    fn is_command(&self, name: &[u8]) -> bool;
    /// All bytes of the standard input.
    fn stdin(&mut self) -> std::io::Result<Vec<u8>>;
}

/// The depth to which files may include each other.
const MAX_DEPTH: usize = 32;

/// Reads the configuration from the sources that `arguments` name.
///
/// # Errors
/// [`LoadError`] if a file cannot be read or a line cannot be understood; nothing is applied then but `dir`.
pub fn load(arguments: &Arguments, source: &mut dyn Source) -> Result<Loaded, LoadError> {
    let mut text = Vec::new();
    if let Some(file) = &arguments.file {
        read_file(file, &mut text)?;
    }
    if arguments.stdin {
        let input = source.stdin();
        text.extend(
            input.map_err(|error| LoadError::File(format!("Fatal error, can't read stdin: {error}")))?,
        );
    }
    text.push(b'\n');
    text.extend_from_slice(&arguments.options);
    let mut loader = Loader { loaded: Loaded::default(), saw_save: false, depth: 0, source };
    loader.text(&text)?;
    Ok(loader.loaded)
}

struct Loader<'a> {
    loaded: Loaded,
    /// The first `save` line replaces the default rules, later ones add to it.
    saw_save: bool,
    depth: usize,
    source: &'a mut dyn Source,
}

/// The reason for refusing a line: a text of its own, or an error of an included file.
enum LineError {
    Here(String),
    Elsewhere(LoadError),
}

impl From<Refusal> for LineError {
    fn from(refusal: Refusal) -> LineError {
        LineError::Here(refusal.0.into_owned())
    }
}

impl From<&str> for LineError {
    fn from(text: &str) -> LineError {
        LineError::Here(text.to_owned())
    }
}

impl Loader<'_> {
    fn text(&mut self, text: &[u8]) -> Result<(), LoadError> {
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = trim(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            self.line(line).map_err(|error| match error {
                LineError::Here(reason) => self.fatal(Some((at + 1, line)), &reason),
                LineError::Elsewhere(error) => error,
            })?;
        }
        self.check_sanity()
    }

    fn line(&mut self, line: &[u8]) -> Result<(), LineError> {
        let words = split_args(line).map_err(|_| "Unbalanced quotes in configuration line")?;
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Some((name, args)) = words.split_first() else { return Ok(()) };
        if let Some(directive) = find(name) {
            return self.value(directive, args);
        }
        match (name.to_ascii_lowercase().as_slice(), args) {
            // Redis ignores these names of its version 3.0.
            (b"list-max-ziplist-entries" | b"list-max-ziplist-value" | b"lua-replicate-commands", [_]) => {
                Ok(())
            }
            (b"include", [pattern]) => self.include(pattern),
            (b"rename-command", [old, new]) => self.rename(old, new),
            (b"user", [_, ..]) => {
                self.loaded.users.push(args.iter().map(|word| word.to_vec()).collect());
                Ok(())
            }
            (b"loadmodule", [_, ..]) => {
                Err("Modules are not supported: this server runs no native code".into())
            }
            (b"sentinel", [_, ..]) => Err("sentinel directive while not in sentinel mode".into()),
            (name, args) if name.contains(&b'.') => Err(match args.is_empty() {
                true => "Module config specified without value".into(),
                false => "Module configuration, but modules are not supported".into(),
            }),
            _ => Err("Bad directive or wrong number of arguments".into()),
        }
    }

    fn value(&mut self, directive: &'static Directive, args: &[&[u8]]) -> Result<(), LineError> {
        // `--save "60 1000"`: one argument that holds several words.
        let split = match args {
            [arg] if directive.has(Flags::MULTI_ARG) && !arg.is_empty() => {
                Some(split_args(arg).unwrap_or_default())
            }
            _ => None,
        };
        let split: Option<Vec<&[u8]>> = split.as_ref().map(|words| words.iter().map(Vec::as_slice).collect());
        let args = split.as_deref().unwrap_or(args);
        if directive.name == "save" {
            return self.save(directive, args);
        }
        Ok(directive.read(&mut self.loaded.config, args)?)
    }

    fn save(&mut self, directive: &Directive, args: &[&[u8]]) -> Result<(), LineError> {
        let mut rules = SaveRules(Vec::new());
        rules.read(&directive.rule, args)?;
        let known = &mut self.loaded.config.persistence.save.0;
        if !std::mem::replace(&mut self.saw_save, true) || matches!(args, [b""]) {
            known.clear();
        }
        known.extend(rules.0);
        Ok(())
    }

    fn rename(&mut self, old: &[u8], new: &[u8]) -> Result<(), LineError> {
        let renamed = &mut self.loaded.renamed_commands;
        let is_old = |name: &[u8]| renamed.iter().any(|(old, _)| old.eq_ignore_ascii_case(name));
        let is_new = |name: &[u8]| renamed.iter().any(|(_, new)| new.eq_ignore_ascii_case(name));
        let exists = |name: &[u8]| is_new(name) || (self.source.is_command(name) && !is_old(name));
        if !exists(old) {
            return Err("No such command in rename-command".into());
        }
        if !new.is_empty() && !new.eq_ignore_ascii_case(old) && exists(new) {
            return Err("Target command name already exists".into());
        }
        renamed.push((old.to_vec(), new.to_vec()));
        Ok(())
    }

    fn include(&mut self, pattern: &[u8]) -> Result<(), LineError> {
        if self.depth == MAX_DEPTH {
            return Err("include nested too deeply".into());
        }
        let mut text = Vec::new();
        for file in included(pattern)? {
            read_file(&file, &mut text).map_err(LineError::Elsewhere)?;
        }
        self.depth += 1;
        let outcome = self.text(&text).map_err(LineError::Elsewhere);
        self.depth -= 1;
        outcome
    }

    /// The checks that need all lines.
    fn check_sanity(&mut self) -> Result<(), LoadError> {
        let config = &self.loaded.config;
        let logfile = &config.process.logfile;
        if !logfile.is_empty()
            && let Err(error) = fs::OpenOptions::new().append(true).create(true).open(logfile.path())
        {
            return Err(self.fatal(None, &format!("Can't open the log file: {}", os_text(&error))));
        }
        if config.cluster.enabled && config.replication.replicaof.0.is_some() {
            return Err(self.fatal(None, "replicaof directive not allowed in cluster mode"));
        }
        if config.cluster.enabled && config.process.databases > 1 {
            self.loaded.warnings.push(format!(
                "WARNING: Changing databases number from {} to 1 since we are in cluster mode",
                config.process.databases
            ));
        }
        self.loaded.config.settle();
        Ok(())
    }

    fn fatal(&self, line: Option<(usize, &[u8])>, reason: &str) -> LoadError {
        let version = self.loaded.config.process.compat_version.version();
        let place = line.map_or(String::new(), |(number, line)| {
            let line = String::from_utf8_lossy(line);
            format!("Reading the configuration file, at line {number}\n>>> '{line}'\n")
        });
        LoadError::Line(format!("\n*** FATAL CONFIG FILE ERROR (Redis {version}) ***\n{place}{reason}\n"))
    }
}

/// The line without blanks at its ends.
pub(super) fn trim(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| b" \t\r\n".contains(byte);
    let Some(start) = line.iter().position(|byte| !is_blank(byte)) else { return &[] };
    let end = line.iter().rposition(|byte| !is_blank(byte)).unwrap_or(start);
    &line[start..=end]
}

/// The files an `include` names: itself, or all that match in the order of their names.
fn included(pattern: &[u8]) -> Result<Vec<PathBuf>, LineError> {
    let is_pattern = pattern.iter().any(|byte| b"*?[".contains(byte));
    if !is_pattern {
        return Ok(vec![Text(pattern.to_vec()).path().to_owned()]);
    }
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let pattern = String::from_utf8_lossy(pattern);
    Ok(glob::glob_with(&pattern, options).map(|paths| paths.flatten().collect()).unwrap_or_default())
}

fn read_file(path: &Path, text: &mut Vec<u8>) -> Result<(), LoadError> {
    let read = fs::File::open(path).and_then(|mut file| file.read_to_end(text));
    read.map(drop).map_err(|error| {
        LoadError::File(format!(
            "Fatal error, can't open config file '{}': {}",
            path.display(),
            os_text(&error)
        ))
    })
}
