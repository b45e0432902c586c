//! The options of SET and GETEX: conditions, and times in four forms.

use crate::command::*;
use crate::commands::number::int;
use crate::level::Level;
use crate::text::eq_ignore_case;
use crate::time::UnixMs;

/// What happens to the expiry of a key.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Expiry<'a> {
    /// Nothing was said.
    #[default]
    Unsaid,
    /// KEEPTTL.
    Keep,
    /// PERSIST.
    Persist,
    /// EX, PX, EXAT, PXAT with their argument.
    At(Form, &'a [u8]),
}

/// The forms of a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Ex,
    Px,
    ExAt,
    PxAt,
}

impl Form {
    const NAMES: [(&'static [u8], Form); 4] =
        [(b"EX", Form::Ex), (b"PX", Form::Px), (b"EXAT", Form::ExAt), (b"PXAT", Form::PxAt)];

    fn of(word: &[u8]) -> Option<Form> {
        Form::NAMES.iter().find(|(name, _)| eq_ignore_case(word, name)).map(|row| row.1)
    }

    /// A point in time, not just a duration.
    pub(super) fn is_absolute(self) -> bool {
        matches!(self, Form::ExAt | Form::PxAt)
    }

    /// The absolute time that an argument in this form means; it must lie after 1970.
    pub(super) fn resolve(self, ctx: &Ctx<'_>, text: &[u8]) -> Result<UnixMs, Error> {
        let given = int(text)?;
        let unit = if matches!(self, Form::Ex | Form::ExAt) { 1000 } else { 1 };
        let base = if self.is_absolute() { 0 } else { ctx.now.0 };
        let absolute = given.checked_mul(unit).and_then(|ms| ms.checked_add(base));
        match absolute {
            Some(at) if given > 0 => Ok(UnixMs(at)),
            _ => Err(Error::invalid_expire(ctx.name, ctx.level())),
        }
    }
}

/// Parsed options.
#[derive(Default)]
pub(super) struct Options<'a> {
    pub(super) nx: bool,
    pub(super) xx: bool,
    pub(super) get: bool,
    pub(super) expiry: Expiry<'a>,
}

impl<'a> Options<'a> {
    /// The options of SET, from the fourth argument on.
    pub(super) fn of_set(args: Args<'a>, level: Level) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 3;
        while at < args.len() {
            let word = args.get(at);
            if eq_ignore_case(word, b"NX") && !options.xx {
                options.nx = true;
            } else if eq_ignore_case(word, b"XX") && !options.nx {
                options.xx = true;
            } else if eq_ignore_case(word, b"GET") && level >= Level::V6_2 {
                options.get = true;
            } else if eq_ignore_case(word, b"KEEPTTL") && level >= Level::V6_2 {
                options.expire(Expiry::Keep)?;
            } else {
                at += options.time(args, at, level)?;
            }
            at += 1;
        }
        if options.nx && options.get && level < Level::V7_0 {
            return Err(Error::SYNTAX);
        }
        Ok(options)
    }

    /// The options of GETEX, from the third argument on.
    pub(super) fn of_getex(args: Args<'a>) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 2;
        while at < args.len() {
            if eq_ignore_case(args.get(at), b"PERSIST") {
                options.expire(Expiry::Persist)?;
            } else {
                at += options.time(args, at, Level::Latest)?;
            }
            at += 1;
        }
        Ok(options)
    }

    /// Parses a time at argument `at`; returns how many arguments it has beyond the first.
    fn time(&mut self, args: Args<'a>, at: usize, level: Level) -> Result<usize, Error> {
        let form = Form::of(args.get(at)).ok_or(Error::SYNTAX)?;
        let value = args.try_get(at + 1).ok_or(Error::SYNTAX)?;
        if form.is_absolute() && level < Level::V6_2 {
            return Err(Error::SYNTAX);
        }
        self.expire(Expiry::At(form, value))?;
        Ok(1)
    }

    /// Takes an option of expiry. The same one may be repeated, and the last counts; different ones exclude
    /// each other.
    fn expire(&mut self, new: Expiry<'a>) -> Result<(), Error> {
        let same = match (self.expiry, new) {
            (Expiry::Unsaid, _) => true,
            (Expiry::At(old, _), Expiry::At(new, _)) => old == new,
            (old, new) => old == new,
        };
        if !same {
            return Err(Error::SYNTAX);
        }
        self.expiry = new;
        Ok(())
    }
}
