//! The parts of a report: values with a name, a kind and a unit, and rows of values that share a label.
//!
//! The functions [`gauge`], [`counter`], [`text`], [`status`], [`derived`] and [`quantile`] make fields, so that a builder
//! reads as a table of name, unit and value.

use std::borrow::Cow;

/// A value, with the precision that it is shown in.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number; every integer type of the server fits.
    Integer(i128),
    /// A number, and the decimals that it is shown with.
    Decimal(f64, usize),
    /// A percentage, shown with two decimals and a percent sign.
    Percent(f64),
    /// Yes or no, shown as 1 or 0.
    Flag(bool),
    /// Success or failure, shown as `ok` or `err`.
    Status(bool),
    /// A text.
    Text(Cow<'static, str>),
    /// Bytes, shown with two decimals and a unit: `1.50M`.
    Human(u64),
}

/// The behaviour of a value over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number that only grows, until a restart or CONFIG RESETSTAT.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A fact in words, or a number that is a name, such as a port.
    Text,
    /// A repetition of other fields for people.
    Derived,
    /// The value that this percentage of all measurements did not exceed.
    Quantile(f64),
}

/// The unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Kilobytes per second.
    KilobytesPerSecond,
    /// Seconds; for points in time, since 1970.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Hundredths of a whole.
    Percent,
    /// A quotient.
    Ratio,
}

/// A value with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name that INFO shows.
    pub name: Cow<'static, str>,
    /// The behaviour over time.
    pub kind: Kind,
    /// The unit of the value.
    pub unit: Unit,
    /// The value.
    pub value: Value,
}

/// Rows of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The text that INFO shows in front of the label: `cmdstat_`.
    pub prefix: &'static str,
    /// The beginning of the names of its metrics: `command`.
    pub metric: &'static str,
    /// The name of the label in metrics: `command`.
    pub label: &'static str,
}

/// One row of a family: `cmdstat_get:calls=3,usec=12`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The kind of the row.
    pub family: &'static Family,
    /// The label that tells it from other rows of its family. It may have any characters.
    pub label: String,
    /// The values. Fields with the same name are a list.
    pub fields: Vec<Field>,
}

/// One line of INFO.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A single value.
    Field(Field),
    /// Several values with a common label.
    Row(Row),
}

/// A section of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The name by which INFO is asked for it.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// The lines.
    pub items: Vec<Item>,
}

impl Section {
    /// A section without lines.
    pub fn new(name: &'static str, title: &'static str) -> Section {
        Section { name, title, items: Vec::new() }
    }

    /// Adds a field.
    pub fn push(&mut self, field: Field) {
        self.items.push(Item::Field(field));
    }

    /// Adds fields.
    pub fn extend(&mut self, fields: impl IntoIterator<Item = Field>) {
        self.items.extend(fields.into_iter().map(Item::Field));
    }

    /// Adds a size in bytes, and a second field `<name>_human` that shows it with a unit.
    pub fn size(&mut self, name: &'static str, bytes: impl TryInto<u64>) {
        let bytes = bytes.try_into().unwrap_or(u64::MAX);
        self.push(gauge(name, Unit::Bytes, bytes));
        self.push(derived(format!("{name}_human"), Unit::Bytes, Value::Human(bytes)));
    }

    /// Adds a row.
    pub fn row(&mut self, family: &'static Family, label: impl Into<String>, fields: Vec<Field>) {
        self.items.push(Item::Row(Row { family, label: label.into(), fields }));
    }
}

/// Makes a field whose value goes up and down.
pub fn gauge(name: impl Into<Cow<'static, str>>, unit: Unit, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Gauge, unit, value: value.into() }
}

/// Makes a field whose value only grows.
pub fn counter(name: impl Into<Cow<'static, str>>, unit: Unit, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Counter, unit, value: value.into() }
}

/// Makes a field with a fact, in words or as a number.
pub fn text(name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Text, unit: Unit::Count, value: value.into() }
}

/// Makes a field that says whether something succeeded.
pub fn status(name: impl Into<Cow<'static, str>>, is_ok: bool) -> Field {
    gauge(name, Unit::Count, Value::Status(is_ok))
}

/// Makes a field for people that repeats other fields.
pub fn derived(name: impl Into<Cow<'static, str>>, unit: Unit, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Derived, unit, value: value.into() }
}

/// Makes a field with the value that `percent` (0 to 100) of all measurements did not exceed.
pub fn quantile(name: impl Into<Cow<'static, str>>, percent: f64, unit: Unit, value: Value) -> Field {
    Field { name: name.into(), kind: Kind::Quantile(percent), unit, value }
}

macro_rules! integers {
    ($($Type:ty)*) => { $(
        impl From<$Type> for Value {
            fn from(number: $Type) -> Value {
                Value::Integer(number as i128)
            }
        }
    )* };
}

integers!(i32 i64 u16 u32 u64 usize);

impl From<bool> for Value {
    fn from(is: bool) -> Value {
        Value::Flag(is)
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Value {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text.into())
    }
}
