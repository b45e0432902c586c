//! The command line: a configuration file, `-`, and options that become lines of configuration.
//!
//! ```text
//! ochre-server [file] [-] [--name value ...] [--name value ...] [-]
//! ```
//!
//! `--port 6380` becomes the line `port "6380"`, read after the file and the standard input, so
//! that the last word counts. Values are quoted, hence may hold blanks. The rules are those of
//! Redis 7 (server.c, main): an option needs a value before the next `--` starts another one, so a
//! value may begin with `--`; `--save` alone means no snapshots, as it did before 7.0.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use ochre_engine::text::repr::repr;
use ochre_resp::request::split_args;

/// The request of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Print the version and end.
    Version,
    /// Print the usage and end.
    Help,
    /// Refuse to start, because only Redis can do what is asked for; the text says so.
    Refused(&'static str),
    /// Run the server.
    Run(Arguments),
}

/// The sources of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The configuration file as an absolute path.
    pub file: Option<PathBuf>,
    /// Whether the standard input is a source, too.
    pub stdin: bool,
    /// The options as lines of configuration.
    pub options: Vec<u8>,
    /// Whether the command line had no arguments.
    pub is_bare: bool,
}

const NO_MEMORY_TEST: &str = "Ochre has no memory test; memtester or memtest86+ do it better.";
const NO_SYSTEM_CHECK: &str = "Ochre has no system check.";
const NO_SENTINEL: &str = "Ochre is no Sentinel: run redis-sentinel beside it, it works unmodified.";

/// Parses the arguments that follow the name of the program.
pub fn understand(program: &[u8], args: &[Vec<u8>]) -> Invocation {
    let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or(program);
    let wants_sentinel = name.windows(14).any(|part| part == b"redis-sentinel");
    match args.first().map(Vec::as_slice) {
        Some(b"-v" | b"--version") => Invocation::Version,
        Some(b"-h" | b"--help") => Invocation::Help,
        Some(b"--test-memory") => Invocation::Refused(NO_MEMORY_TEST),
        Some(b"--check-system") => Invocation::Refused(NO_SYSTEM_CHECK),
        _ if wants_sentinel || args.iter().any(|arg| arg == b"--sentinel") => {
            Invocation::Refused(NO_SENTINEL)
        }
        _ => Invocation::Run(Arguments::read(args)),
    }
}

impl Arguments {
    fn read(args: &[Vec<u8>]) -> Arguments {
        let mut read = Arguments { is_bare: args.is_empty(), ..Arguments::default() };
        let mut rest = args;
        if let [file, others @ ..] = args
            && !file.starts_with(b"-")
        {
            let path = PathBuf::from(std::ffi::OsStr::from_bytes(file));
            read.file = Some(std::path::absolute(&path).unwrap_or(path));
            rest = others;
        }
        // Whether the last option has got a value, so that another one may start.
        let mut complete = true;
        for (at, arg) in rest.iter().enumerate() {
            let is_first = at == 0 && rest.len() == args.len();
            let next = rest.get(at + 1).map(Vec::as_slice);
            if arg == b"-" && (is_first || next.is_none()) {
                read.stdin = true;
            } else if complete && arg.starts_with(b"--") {
                complete = read.option(arg, next);
            } else {
                read.options.extend(repr(arg));
                read.options.push(b' ');
                complete = true;
            }
        }
        read
    }

    /// Starts the line of an option. True if the option has its value already.
    fn option(&mut self, arg: &[u8], next: Option<&[u8]>) -> bool {
        if !self.options.is_empty() {
            self.options.push(b'\n');
        }
        self.options.extend_from_slice(&arg[2..]);
        self.options.push(b' ');
        if split_args(arg).is_ok_and(|words| words.len() == 1) {
            let ends = next.is_none();
            let is_save = arg.eq_ignore_ascii_case(b"--save");
            if is_save && (ends || next.is_some_and(|next| next.starts_with(b"--"))) {
                self.options.extend_from_slice(b"\"\"");
                return !ends;
            }
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Arguments {
        let args: Vec<_> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
        match understand(b"/usr/bin/redis-server", &args) {
            Invocation::Run(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    fn options(args: &[&str]) -> String {
        String::from_utf8(run(args).options).unwrap()
    }

    #[test]
    fn options_become_lines() {
        assert_eq!(options(&["--port", "6380", "--bind", "a", "b"]), "port \"6380\" \nbind \"a\" \"b\" ");
        assert_eq!(options(&["--port 6380", "--x", "--y"]), "port 6380 \nx \"--y\" ");
    }

    #[test]
    fn save_without_a_value_means_none() {
        assert_eq!(options(&["--save", "--port", "1"]), "save \"\"\nport \"1\" ");
        assert_eq!(options(&["--save"]), "save \"\"");
    }

    #[test]
    fn a_dash_first_or_last_is_the_standard_input() {
        assert!(run(&["-"]).stdin);
        assert!(run(&["--port", "1", "-"]).stdin);
        let read = run(&["/etc/x.conf", "-", "--port", "1"]);
        assert_eq!((read.file.is_some(), read.stdin), (true, false));
    }

    #[test]
    fn what_is_not_a_server_is_told_apart() {
        let understand = |program: &str, args: &[&str]| {
            let args: Vec<_> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
            super::understand(program.as_bytes(), &args)
        };
        assert_eq!(understand("x", &["-v"]), Invocation::Version);
        assert_eq!(understand("x", &["--help"]), Invocation::Help);
        assert!(matches!(understand("x", &["--test-memory", "4"]), Invocation::Refused(_)));
        assert!(matches!(understand("/bin/redis-sentinel", &["s.conf"]), Invocation::Refused(_)));
        assert!(matches!(understand("x", &["s.conf", "--sentinel"]), Invocation::Refused(_)));
    }
}
