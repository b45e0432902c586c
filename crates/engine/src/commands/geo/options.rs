//! What a search is asked for: centre, shape, order, count, what to show, where to store.

use super::position::{position, unit};
use crate::command::*;
use crate::commands::number::int;
use crate::geo::{Shape, position_of};
use crate::level::Level;
use crate::text::{eq_ignore_case, parse_f64};
use crate::value::Zset;

/// Which command asks: they share options, but not all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// GEORADIUS and its relatives.
    Radius { may_store: bool },
    /// GEOSEARCH, GEOSEARCHSTORE.
    Search { stores: bool },
}

/// Around what is searched.
#[derive(Clone, Copy)]
pub(super) enum Centre {
    Position((f64, f64)),
    /// The position of a member, which is not known: there is no sorted set.
    Unknown,
}

impl Centre {
    pub(super) fn of_member(zset: &Zset, member: &[u8]) -> Result<Self, Error> {
        match zset.score(member) {
            Some(score) => Ok(Centre::Position(position_of(score))),
            None => Err(Error::fixed("ERR could not decode requested zset member")),
        }
    }
}

/// The order of the result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    None,
    Nearest,
    Farthest,
}

/// A search, understood.
pub(super) struct Options {
    family: Family,
    level: Level,
    pub(super) centre: Option<Centre>,
    /// The centre was given as a member.
    from_member: bool,
    /// The shape, and the metres of its unit.
    pub(super) shape: Option<(Shape, f64)>,
    pub(super) order: Order,
    /// Members at most; 0 is no limit.
    pub(super) count: usize,
    /// Any members do, not only the nearest.
    pub(super) any: bool,
    pub(super) with_distance: bool,
    pub(super) with_hash: bool,
    pub(super) with_position: bool,
    /// The argument that names the key to store at.
    pub(super) store_at: Option<usize>,
    /// Distances are stored, not positions.
    pub(super) store_distance: bool,
}

impl Options {
    pub(super) fn new(family: Family, level: Level) -> Self {
        Options {
            family,
            level,
            centre: None,
            from_member: false,
            shape: None,
            order: Order::None,
            count: 0,
            any: false,
            with_distance: false,
            with_hash: false,
            with_position: false,
            store_at: None,
            store_distance: false,
        }
    }

    /// Reads a radius and its unit.
    pub(super) fn circle(&mut self, args: Args<'_>, at: usize) -> Outcome {
        let error = Error::fixed("ERR need numeric radius");
        let radius = parse_f64(args.get(at)).ok_or(error)?;
        if radius < 0.0 {
            return Err(Error::fixed("ERR radius cannot be negative"));
        }
        self.shape = Some((Shape::Circle(radius), unit(args.get(at + 1), self.level)?));
        Ok(())
    }

    fn rect(&mut self, args: Args<'_>, at: usize) -> Outcome {
        let number = |at, error| parse_f64(args.get(at)).ok_or(Error::fixed(error));
        let width = number(at, "ERR need numeric width")?;
        let height = number(at + 1, "ERR need numeric height")?;
        if width < 0.0 || height < 0.0 {
            return Err(Error::fixed("ERR height or width cannot be negative"));
        }
        self.shape = Some((Shape::Rect { width, height }, unit(args.get(at + 2), self.level)?));
        Ok(())
    }

    /// Reads the options from argument `first` on.
    pub(super) fn parse(&mut self, args: Args<'_>, first: usize, zset: Option<&Zset>) -> Outcome {
        let mut at = first;
        while at < args.len() {
            at += match self.common(args, at)? {
                0 => match self.family {
                    Family::Radius { may_store } => self.of_radius(args, at, may_store)?,
                    Family::Search { stores } => self.of_search(args, at, stores, zset)?,
                },
                taken => taken,
            };
        }
        self.check(args)
    }

    /// Reads an option that all commands have; returns how many arguments it takes, 0 if it is none.
    fn common(&mut self, args: Args<'_>, at: usize) -> Result<usize, Error> {
        match args.get(at) {
            word if eq_ignore_case(word, b"withdist") => self.with_distance = true,
            word if eq_ignore_case(word, b"withhash") => self.with_hash = true,
            word if eq_ignore_case(word, b"withcoord") => self.with_position = true,
            word if eq_ignore_case(word, b"any") && self.level >= Level::V6_2 => self.any = true,
            word if eq_ignore_case(word, b"asc") => self.order = Order::Nearest,
            word if eq_ignore_case(word, b"desc") => self.order = Order::Farthest,
            word if eq_ignore_case(word, b"count") && at + 1 < args.len() => {
                self.count = match int(args.get(at + 1))? {
                    count @ 1.. => count as usize,
                    _ => return Err(Error::fixed("ERR COUNT must be > 0")),
                };
                return Ok(2);
            }
            _ => return Ok(0),
        }
        Ok(1)
    }

    fn of_radius(&mut self, args: Args<'_>, at: usize, may_store: bool) -> Result<usize, Error> {
        let word = args.get(at);
        let distance = eq_ignore_case(word, b"storedist");
        if !may_store || at + 1 >= args.len() || !(distance || eq_ignore_case(word, b"store")) {
            return Err(Error::SYNTAX);
        }
        (self.store_at, self.store_distance) = (Some(at + 1), distance);
        Ok(2)
    }

    fn of_search(
        &mut self,
        args: Args<'_>,
        at: usize,
        stores: bool,
        zset: Option<&Zset>,
    ) -> Result<usize, Error> {
        let (word, left) = (args.get(at), args.len() - at - 1);
        if eq_ignore_case(word, b"storedist") && stores {
            self.store_distance = true;
            return Ok(1);
        }
        if eq_ignore_case(word, b"frommember") && left >= 1 && (self.from_member || self.centre.is_none()) {
            self.centre = Some(match zset {
                Some(zset) => Centre::of_member(zset, args.get(at + 1))?,
                None => Centre::Unknown,
            });
            self.from_member = true;
            return Ok(2);
        }
        if eq_ignore_case(word, b"fromlonlat") && left >= 2 && !self.from_member {
            self.centre = Some(Centre::Position(position(args, at + 1)?));
            return Ok(3);
        }
        if eq_ignore_case(word, b"byradius")
            && left >= 2
            && !matches!(self.shape, Some((Shape::Rect { .. }, _)))
        {
            self.circle(args, at + 1)?;
            return Ok(3);
        }
        if eq_ignore_case(word, b"bybox") && left >= 3 && !matches!(self.shape, Some((Shape::Circle(_), _))) {
            self.rect(args, at + 1)?;
            return Ok(4);
        }
        Err(Error::SYNTAX)
    }

    /// GEOSEARCH rather than GEORADIUS?
    pub(super) fn is_search(&self) -> bool {
        matches!(self.family, Family::Search { .. })
    }

    fn check(&self, args: Args<'_>) -> Outcome {
        let is_search = self.is_search();
        if self.store_at.is_some() && (self.with_distance || self.with_hash || self.with_position) {
            let what = if is_search { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            return Err(Error::new(format!(
                "ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )));
        }
        let name = args.get(0);
        if is_search && self.centre.is_none() {
            return Err(Error::quoting(&[
                b"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ",
                name,
            ]));
        }
        if is_search && self.shape.is_none() {
            return Err(Error::quoting(&[
                b"ERR exactly one of BYRADIUS and BYBOX can be specified for ",
                name,
            ]));
        }
        if self.any && self.count == 0 {
            return Err(Error::fixed("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }
}
