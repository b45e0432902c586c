//! The parts of a report: values with a name, a kind and a unit, and rows of values that share a label.
//!
//! The functions [`gauge`], [`counter`], [`text`], [`status`], [`derived`] and [`quantile`] make fields, so that a builder
//! reads as a table of name, unit and value.

use std::borrow::Cow;

/// A value, in the precision that it is shown with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number; every integer type of the server fits.
    Integer(i128),
    /// A number, shown with so many decimals.
    Decimal(f64, usize),
    /// A share of 100, shown with two decimals and a percent sign.
    Percent(f64),
    /// Yes or no, shown as 1 or 0.
    Flag(bool),
    /// Success or failure, shown as `ok` or `err`.
    Status(bool),
    /// Words.
    Text(Cow<'static, str>),
    /// Bytes, shown with two decimals and a letter: `1.50M`.
    Human(u64),
}

/// What a value does over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It grows only, until a restart or CONFIG RESETSTAT.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It says what something is; numbers such as a port included.
    Text,
    /// It repeats other fields for people.
    Derived,
    /// The value that so many percent of all measurements did not exceed.
    Quantile(f64),
}

/// What a value is counted in. A share is in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Kilobytes per second.
    KilobytesPerSecond,
    /// Seconds; of a point in time, since 1970.
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
    /// What it does over time.
    pub kind: Kind,
    /// What it is counted in.
    pub unit: Unit,
    /// The value.
    pub value: Value,
}

/// Rows of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// What INFO shows in front of the label: `cmdstat_`.
    pub prefix: &'static str,
    /// What the name of a metric begins with: `command`.
    pub metric: &'static str,
    /// What the label tells: `command`.
    pub label: &'static str,
}

/// One thing of a family: `cmdstat_get:calls=3,usec=12`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What kind of thing it is.
    pub family: &'static Family,
    /// Which one it is; any characters.
    pub label: String,
    /// What is known of it. A name that comes twice is a list.
    pub fields: Vec<Field>,
}

/// One line of INFO.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A single value.
    Field(Field),
    /// Several values of one thing.
    Row(Row),
}

/// A section of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Its lines.
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

    /// Adds a size, and a second field that shows it with a unit.
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

/// A value that goes up and down.
pub fn gauge(name: impl Into<Cow<'static, str>>, unit: Unit, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Gauge, unit, value: value.into() }
}

/// A value that only grows.
pub fn counter(name: impl Into<Cow<'static, str>>, unit: Unit, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Counter, unit, value: value.into() }
}

/// What something is, in words or as a number.
pub fn text(name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Text, unit: Unit::Count, value: value.into() }
}

/// Whether something went well.
pub fn status(name: impl Into<Cow<'static, str>>, is_ok: bool) -> Field {
    gauge(name, Unit::Count, Value::Status(is_ok))
}

/// What only people want to read, because other fields tell it.
pub fn derived(name: impl Into<Cow<'static, str>>, unit: Unit, value: impl Into<Value>) -> Field {
    Field { name: name.into(), kind: Kind::Derived, unit, value: value.into() }
}

/// The value that `percent` of all measurements did not exceed.
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
