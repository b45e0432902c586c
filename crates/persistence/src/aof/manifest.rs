//! The manifest: which files make up the append-only file, in which order.
//!
//! ```text
//! file appendonly.aof.2.base.rdb seq 2 type b      one base at most: all data at one moment
//! file appendonly.aof.1.incr.aof seq 1 type h      history: replaced, to be deleted
//! file appendonly.aof.2.incr.aof seq 2 type i      increments since the base, in order
//! ```
//! One file per line, pairs of a word and a value, comments behind `#`; words nobody knows are skipped. The file
//! is written anew and renamed for every change, so that it always tells one whole story. Names with bytes that
//! a line cannot hold are quoted. Texts of errors are Redis's (aof.c: aofLoadManifestFromFile).

use ochre_engine::text::repr::push_repr;
use ochre_resp::request::split_args;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest line, its end included.
const MAX_LINE: usize = 1024;

/// What a file is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// All data at one moment.
    Base,
    /// What was done after that.
    Incr,
    /// Replaced by a younger base.
    History,
}

impl FileKind {
    fn letter(self) -> char {
        match self {
            FileKind::Base => 'b',
            FileKind::Incr => 'i',
            FileKind::History => 'h',
        }
    }

    fn of_letter(letter: u8) -> Option<FileKind> {
        Some(match letter {
            b'b' => FileKind::Base,
            b'i' => FileKind::Incr,
            b'h' => FileKind::History,
            _ => return None,
        })
    }
}

/// A file of the append-only file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// The name of the file, without a directory.
    pub name: Vec<u8>,
    /// The number of the file among those of its kind; never 0.
    pub seq: i64,
}

impl FileInfo {
    /// The name of the file as the system takes it.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.name))
    }
}

/// All files of an append-only file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The file to begin with.
    pub base: Option<FileInfo>,
    /// Files that are no longer needed, youngest first.
    pub history: Vec<FileInfo>,
    /// The increments in order.
    pub incr: Vec<FileInfo>,
    base_seq: i64,
    incr_seq: i64,
    /// Whether the manifest differs from what is on disk.
    pub dirty: bool,
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The line at fault, counted from 1, and its text; `None` if there is none to show.
    pub line: Option<(usize, Vec<u8>)>,
    /// What is wrong.
    pub reason: &'static str,
}

const INVALID: &str = "Invalid AOF manifest file format";

impl Manifest {
    /// Reads a manifest.
    pub fn parse(text: &[u8]) -> Result<Manifest, ManifestError> {
        if text.is_empty() {
            return Err(ManifestError { line: None, reason: "Found an empty AOF manifest" });
        }
        let mut manifest = Manifest::default();
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if line[0] == b'#' {
                continue;
            }
            // C reads a line up to a zero byte, and then misses its end.
            if !line.ends_with(b"\n") || line.len() > MAX_LINE || line.contains(&0) {
                let reason = "The AOF manifest file contains too long line";
                return Err(ManifestError { line: None, reason });
            }
            let line = trim(line);
            manifest
                .read_line(line)
                .map_err(|reason| ManifestError { line: Some((index + 1, line.to_vec())), reason })?;
        }
        Ok(manifest)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let words = split_args(line).map_err(|_| INVALID)?;
        if words.len() < 6 || words.len() % 2 != 0 {
            return Err(INVALID);
        }
        let (mut name, mut seq, mut letter) = (None, 0, 0);
        for pair in words.chunks_exact(2) {
            let (word, value) = (pair[0].to_ascii_lowercase(), &pair[1]);
            match word.as_slice() {
                b"file" if value.iter().any(|byte| b"/\\".contains(byte)) => {
                    return Err("File can't be a path, just a filename");
                }
                b"file" => name = Some(value.clone()),
                b"seq" => seq = leading_number(value),
                b"type" => letter = value.first().copied().unwrap_or(0),
                _ => {}
            }
        }
        let Some(name) = name.filter(|_| seq != 0 && letter != 0) else { return Err(INVALID) };
        self.add(FileKind::of_letter(letter).ok_or("Unknown AOF file type")?, FileInfo { name, seq })
    }

    fn add(&mut self, kind: FileKind, file: FileInfo) -> Result<(), &'static str> {
        match kind {
            FileKind::Base if self.base.is_some() => return Err("Found duplicate base file information"),
            FileKind::Base => {
                self.base_seq = file.seq;
                self.base = Some(file);
            }
            FileKind::Incr if file.seq <= self.incr_seq => {
                return Err("Found a non-monotonic sequence number");
            }
            FileKind::Incr => {
                self.incr_seq = file.seq;
                self.incr.push(file);
            }
            FileKind::History => self.history.push(file),
        }
        Ok(())
    }

    /// The text of the manifest.
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let base = self.base.iter().map(|file| (FileKind::Base, file));
        let history = self.history.iter().map(|file| (FileKind::History, file));
        let incr = self.incr.iter().map(|file| (FileKind::Incr, file));
        for (kind, file) in base.chain(history).chain(incr) {
            out.extend_from_slice(b"file ");
            if file.name.iter().all(|byte| byte.is_ascii_graphic() && !b"\\\"'".contains(byte)) {
                out.extend_from_slice(&file.name);
            } else {
                push_repr(&mut out, &file.name);
            }
            // Writing to memory cannot fail.
            let _ = writeln!(out, " seq {} type {}", file.seq, kind.letter());
        }
        out
    }

    /// The files that hold data, in the order of loading.
    pub fn parts(&self) -> impl Iterator<Item = &FileInfo> {
        self.base.iter().chain(&self.incr)
    }

    /// True if no file holds data.
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.incr.is_empty()
    }

    /// Makes this file, which an older server wrote, the base.
    pub fn adopt(&mut self, name: &[u8]) {
        self.base = Some(FileInfo { name: name.to_vec(), seq: 1 });
        self.base_seq = 1;
        self.dirty = true;
    }

    /// Adds a new base in place of the present one, which becomes history: `appendonly.aof.2.base.rdb`.
    pub fn new_base(&mut self, prefix: &[u8], is_snapshot: bool) -> &FileInfo {
        self.history.splice(0..0, self.base.take());
        self.base_seq = self.base_seq.wrapping_add(1).max(1);
        self.dirty = true;
        let suffix = if is_snapshot { "base.rdb" } else { "base.aof" };
        self.base.insert(numbered(prefix, self.base_seq, suffix))
    }

    /// Adds a new increment: `appendonly.aof.3.incr.aof`.
    pub fn new_incr(&mut self, prefix: &[u8]) -> &FileInfo {
        self.incr_seq = self.incr_seq.wrapping_add(1).max(1);
        self.dirty = true;
        self.incr.push(numbered(prefix, self.incr_seq, "incr.aof"));
        &self.incr[self.incr.len() - 1]
    }

    /// Makes history of the increments that a new base contains: all but the last `kept`.
    pub fn retire_incr(&mut self, kept: usize) {
        let retired = self.incr.len().saturating_sub(kept);
        if !self.incr.is_empty() {
            self.history.splice(0..0, self.incr.drain(..retired));
            self.dirty = true;
        }
    }
}

fn numbered(prefix: &[u8], seq: i64, suffix: &str) -> FileInfo {
    FileInfo { name: [prefix, format!(".{seq}.{suffix}").as_bytes()].concat(), seq }
}

fn trim(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| b" \t\r\n".contains(byte);
    let start = line.iter().position(|byte| !is_blank(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}

/// The number a text begins with, as C's atoll: 0 if there is none; too large ones stop at the limits.
fn leading_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits
        .fold(0i64, |number, digit| number.saturating_mul(10).saturating_add(sign * i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(text: &str) -> (Option<usize>, &'static str) {
        let error = Manifest::parse(text.as_bytes()).unwrap_err();
        (error.line.map(|(number, _)| number), error.reason)
    }

    #[test]
    fn a_manifest_reads_as_it_was_written() {
        let text = "file a.2.base.rdb seq 2 type b\nfile a.1.base.aof seq 1 type h\n\
                    file a.1.incr.aof seq 1 type h\nfile a.4.incr.aof seq 4 type i\nfile a.5.incr.aof seq 5 type i\n";
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!(manifest.text(), text.as_bytes());
        assert_eq!(manifest.parts().map(|file| file.seq).collect::<Vec<_>>(), [2, 4, 5]);
    }

    #[test]
    fn comments_and_unknown_words_are_skipped() {
        let text = "# all files\nfile \"a b\" seq 3 type i more words\n";
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!(manifest.incr, [FileInfo { name: b"a b".to_vec(), seq: 3 }]);
        assert_eq!(manifest.text(), b"file \"a b\" seq 3 type i\n");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_line() {
        assert_eq!(refusal(""), (None, "Found an empty AOF manifest"));
        assert_eq!(refusal("file a seq 1 type b"), (None, "The AOF manifest file contains too long line"));
        let long = format!("file {} seq 1 type b\n", "a".repeat(1100));
        assert_eq!(refusal(&long), (None, "The AOF manifest file contains too long line"));
        assert_eq!(refusal("\n"), (Some(1), INVALID));
        assert_eq!(refusal("file a seq 1 type i\n\nfile b seq 2 type i\n"), (Some(2), INVALID));
        assert_eq!(refusal("file a seq 1\n"), (Some(1), INVALID));
        assert_eq!(refusal("file a seq x type b\n"), (Some(1), INVALID));
        assert_eq!(refusal("file a seq 1 type x\n"), (Some(1), "Unknown AOF file type"));
        assert_eq!(refusal("file d/a seq 1 type b\n"), (Some(1), "File can't be a path, just a filename"));
        let two = "file a seq 1 type b\nfile b seq 2 type b\n";
        assert_eq!(refusal(two), (Some(2), "Found duplicate base file information"));
        let back = "file a seq 2 type i\nfile b seq 1 type i\n";
        assert_eq!(refusal(back), (Some(2), "Found a non-monotonic sequence number"));
    }

    #[test]
    fn a_new_base_makes_history_of_all_but_the_increment_in_use() {
        let mut manifest = Manifest::default();
        manifest.new_base(b"a", true);
        manifest.new_incr(b"a");
        manifest.new_incr(b"a");
        manifest.new_base(b"a", false);
        manifest.retire_incr(1);
        let expected = "file a.2.base.aof seq 2 type b\nfile a.1.incr.aof seq 1 type h\n\
                        file a.1.base.rdb seq 1 type h\nfile a.2.incr.aof seq 2 type i\n";
        assert_eq!(String::from_utf8(manifest.text()).unwrap(), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\n]{0,200}") {
            if let Ok(manifest) = Manifest::parse(text.as_bytes()) {
                let again = Manifest::parse(&[b"#\n", &manifest.text()[..]].concat());
                prop_assert_eq!(again.as_ref(), Ok(&manifest));
            }
        }

        #[test]
        fn any_name_survives(name in prop::collection::vec(any::<u8>(), 1..20)) {
            let name: Vec<u8> = name.into_iter().filter(|byte| !b"/\\".contains(byte)).collect();
            // The configuration refuses an empty name.
            prop_assume!(!name.is_empty());
            let mut manifest = Manifest::default();
            manifest.adopt(&name);
            manifest.dirty = false;
            prop_assert_eq!(Manifest::parse(&manifest.text()), Ok(manifest));
        }
    }
}
