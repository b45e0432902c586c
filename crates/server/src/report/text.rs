//! The text of INFO: sections of `name:value` lines, byte for byte as clients of Redis parse them.
//!
//! ```text
//! # Keyspace
//! db0:keys=3,expires=1,avg_ttl=5000
//! <empty line between sections>
//! ```

use super::Report;
use super::field::{Field, Item, Row, Section, Value};
use std::fmt::{self, Display, Formatter, Write};

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let mut text = String::with_capacity(8 << 10);
    for (at, section) in report.sections.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{section}", if at == 0 { "" } else { "\r\n" });
    }
    text
}

/// A size with two decimals and a unit: `1.50M`.
fn human(bytes: u64) -> String {
    const UNITS: [char; 5] = ['K', 'M', 'G', 'T', 'P'];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let power = ((bytes.ilog2() / 10) as usize).min(UNITS.len());
    format!("{:.2}{}", bytes as f64 / 1024f64.powi(power as i32), UNITS[power - 1])
}

impl Display for Section {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "# {}\r\n", self.title)?;
        self.items.iter().try_for_each(|item| match item {
            Item::Field(Field { name, value, .. }) => write!(f, "{name}:{value}\r\n"),
            Item::Row(row) => write!(f, "{row}\r\n"),
        })
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.family.prefix)?;
        // A colon or a line end in the label would end the name, or the line.
        let harmless = |c: char| if c == ':' || c.is_control() { '_' } else { c };
        self.label.chars().try_for_each(|c| f.write_char(harmless(c)))?;
        for (at, Field { name, value, .. }) in self.fields.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { ':' } else { ',' })?;
        }
        // A row without fields is its name with a colon.
        if self.fields.is_empty() { f.write_char(':') } else { Ok(()) }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(number) => write!(f, "{number}"),
            Value::Decimal(number, decimals) => write!(f, "{number:.decimals$}"),
            Value::Percent(number) => write!(f, "{number:.2}%"),
            Value::Flag(is) => write!(f, "{}", u8::from(*is)),
            Value::Status(is_ok) => f.write_str(if *is_ok { "ok" } else { "err" }),
            Value::Text(text) => f.write_str(text),
            Value::Human(bytes) => f.write_str(&human(*bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::{Family, Unit, counter, gauge, status, text};
    use super::*;

    static ERRORS: Family = Family { prefix: "errorstat_", metric: "error", label: "error" };

    #[test]
    fn sizes_are_shown_with_a_unit() {
        let shown = [0, 1023, 1024, 1536 << 10, 5 << 30].map(human);
        assert_eq!(shown, ["0B", "1023B", "1.00K", "1.50M", "5.00G"]);
    }

    #[test]
    fn values_are_shown_in_their_precision() {
        let values = [
            Value::from(-1),
            Value::from(u64::MAX),
            Value::Decimal(0.0, 2),
            Value::Decimal(12.345_678, 6),
            Value::Percent(99.996),
            Value::from(true),
            Value::Status(false),
        ];
        let shown = values.map(|value| value.to_string());
        assert_eq!(shown, ["-1", "18446744073709551615", "0.00", "12.345678", "100.00%", "1", "err"]);
    }

    #[test]
    fn an_empty_line_stands_between_sections_and_a_section_may_be_empty() {
        let mut first = Section::new("first", "First");
        first.extend([text("role", "master"), status("state", true)]);
        first.size("used", 2048_u64);
        let report = Report { sections: vec![first, Section::new("modules", "Modules")] };
        assert_eq!(
            render(&report),
            "# First\r\nrole:master\r\nstate:ok\r\nused:2048\r\nused_human:2.00K\r\n\r\n# Modules\r\n"
        );
        assert_eq!(render(&Report::default()), "");
    }

    #[test]
    fn a_row_is_one_line_whatever_its_label_is() {
        let mut section = Section::new("errorstats", "Errorstats");
        section.row(&ERRORS, "A:B\r\n", vec![counter("count", Unit::Count, 3), gauge("x", Unit::Count, 0)]);
        section.row(&ERRORS, "none", Vec::new());
        let report = Report { sections: vec![section] };
        assert_eq!(render(&report), "# Errorstats\r\nerrorstat_A_B__:count=3,x=0\r\nerrorstat_none:\r\n");
    }
}
