//! The text of INFO: sections of `name:value` lines.

use std::fmt::{Display, Write};

/// A growing text of INFO.
#[derive(Default)]
pub struct Text(String);

impl Text {
    /// Begins a section; an empty line stands between two.
    pub fn section(&mut self, title: &str) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# {title}\r\n");
    }

    /// Adds a line.
    pub fn line(&mut self, name: impl Display, value: impl Display) {
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    /// Adds a line with a truth: 1 or 0.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.line(name, u8::from(value));
    }

    /// Adds a size, and a second line that shows it with a unit.
    pub fn size(&mut self, name: &str, bytes: usize) {
        self.line(name, bytes);
        self.line(format_args!("{name}_human"), crate::memory::human(bytes as u64));
    }

    /// Adds a ratio and its difference in bytes.
    pub fn ratio(&mut self, name: &str, ratio: crate::memory::Ratio) {
        self.line(format_args!("{name}_ratio"), format_args!("{:.2}", ratio.ratio));
        self.line(format_args!("{name}_bytes"), ratio.bytes);
    }

    /// The text.
    pub fn finish(self) -> String {
        self.0
    }
}
