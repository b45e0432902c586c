//! Reading and showing simple values: yes or no, numbers, texts.

use ochre_engine::text::{parse_i64, repr::repr, units::parse_memory};

use super::directive::{Refusal, Rule, Setting, Unit};

impl Setting for bool {
    fn read(&mut self, _: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        *self = match args {
            [word] if word.eq_ignore_ascii_case(b"yes") => true,
            [word] if word.eq_ignore_ascii_case(b"no") => false,
            _ => return Err("argument must be 'yes' or 'no'".into()),
        };
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        if *self { b"yes".to_vec() } else { b"no".to_vec() }
    }
}

/// The number in `args`, if the rule allows it.
fn read_number(rule: &Rule, args: &[&[u8]]) -> Result<i128, Refusal> {
    let (&[text], &Rule::Number { min, max, unit }) = (args, rule) else {
        return Err(Refusal::WRONG_NUMBER);
    };
    let number = match unit {
        Unit::Plain => parse_i64(text).map(i128::from).ok_or("argument couldn't be parsed into an integer"),
        Unit::Bytes => parse_bytes(text).ok_or("argument must be a memory value"),
        Unit::BytesOrPercent => parse_bytes(text)
            .or_else(|| parse_percent(text))
            .ok_or("argument must be a memory or percent value"),
        Unit::Octal => parse_octal(text).ok_or("argument couldn't be parsed as an octal number"),
    }?;
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(match unit {
        Unit::BytesOrPercent if number < 0 => {
            format!("percentage argument must be less or equal to {}", -min)
        }
        Unit::Octal => format!("argument must be between {min:o} and {max:o} inclusive"),
        _ => format!("argument must be between {min} and {max} inclusive"),
    }
    .into())
}

fn parse_bytes(text: &[u8]) -> Option<i128> {
    parse_memory(text).map(i128::from)
}

/// `20%` as -20.
fn parse_percent(text: &[u8]) -> Option<i128> {
    let percent = parse_i64(text.strip_suffix(b"%")?)?;
    (percent >= 0).then_some(-i128::from(percent))
}

fn parse_octal(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    i64::from_str_radix(text, 8).ok().map(i128::from)
}

fn show_number(rule: &Rule, number: i128) -> String {
    match rule {
        Rule::Number { unit: Unit::Octal, .. } => format!("{number:o}"),
        Rule::Number { unit: Unit::BytesOrPercent, .. } if number < 0 => format!("{}%", -number),
        _ => number.to_string(),
    }
}

fn write_number(rule: &Rule, number: i128) -> String {
    match rule {
        Rule::Number { unit: Unit::Bytes | Unit::BytesOrPercent, .. } if number > 0 => {
            written_bytes(number.unsigned_abs())
        }
        _ => show_number(rule, number),
    }
}

/// A size with the largest unit that leaves a whole number: `100mb`.
pub(super) fn written_bytes(bytes: u128) -> String {
    let units = [(30, "gb"), (20, "mb"), (10, "kb")];
    match units.iter().find(|(shift, _)| bytes != 0 && bytes.trailing_zeros() >= *shift) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

macro_rules! numbers {
    ($($Number:ty),*) => { $(
        impl Setting for $Number {
            fn read(&mut self, rule: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
                let number = read_number(rule, args)?;
                // The ranges of the directives fit their fields; a test holds them to it.
                *self = <$Number>::try_from(number).map_err(|_| Refusal::from("argument is out of range"))?;
                Ok(())
            }

            fn show(&self, rule: &Rule) -> Vec<u8> {
                show_number(rule, *self as i128).into_bytes()
            }

            fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
                vec![write_number(rule, *self as i128).into_bytes()]
            }
        }
    )* };
}
numbers!(u16, i32, u32, i64, u64, usize);

/// A text of any bytes: a path, an address, a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<u8>);

impl Text {
    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text for people, with bytes that are not UTF-8 replaced.
    pub fn lossy(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The text as a path.
    pub fn path(&self) -> &std::path::Path {
        use std::os::unix::ffi::OsStrExt;
        std::path::Path::new(std::ffi::OsStr::from_bytes(&self.0))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.as_bytes().to_vec())
    }
}

impl Setting for Text {
    fn read(&mut self, rule: &Rule, args: &[&[u8]]) -> Result<(), Refusal> {
        let [text] = args else { return Err(Refusal::WRONG_NUMBER) };
        if let Rule::Text { check, .. } = rule {
            check(text)?;
        }
        self.0 = text.to_vec();
        Ok(())
    }

    fn show(&self, _: &Rule) -> Vec<u8> {
        self.0.clone()
    }

    fn lines(&self, rule: &Rule) -> Vec<Vec<u8>> {
        match rule {
            Rule::Text { empty_is_none: true, .. } if self.is_empty() => Vec::new(),
            _ => vec![repr(&self.0)],
        }
    }
}
