//! Searches around a position: the cells that cover a circle or a box, and what is inside.

use super::cell::{Cell, Span};

/// Metres from the middle of the earth: the quadratic mean radius of WGS-84.
const EARTH_RADIUS: f64 = 6_372_797.560_856;
/// Half the width of the Mercator map, metres.
const MERCATOR_MAX: f64 = 20_037_726.37;
/// Radians in a degree.
const RADIANS: f64 = std::f64::consts::PI / 180.0;

/// Around the centre first, then its neighbours in the order in which Redis reads them.
const ORDER: [(i8, i8); 9] = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

/// What surrounds the centre of a search, in the search's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Everything within a radius.
    Circle(f64),
    /// Everything within half a width east and west, and half a height north and south.
    Rect {
        /// From west to east.
        width: f64,
        /// From south to north.
        height: f64,
    },
}

/// A search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Longitude of the centre.
    pub lon: f64,
    /// Latitude of the centre.
    pub lat: f64,
    /// What is searched.
    pub shape: Shape,
    /// Metres of the unit of the shape.
    pub unit: f64,
}

impl Search {
    /// The metres from the centre to a position, if that is inside.
    pub fn distance_within(&self, lon: f64, lat: f64) -> Option<f64> {
        match self.shape {
            Shape::Circle(radius) => {
                let metres = distance(self.lon, self.lat, lon, lat);
                // Written so that a radius that is not a number holds everything, as in C.
                if metres > radius * self.unit { None } else { Some(metres) }
            }
            Shape::Rect { width, height } => {
                if lat_distance(lat, self.lat) > height * self.unit / 2.0
                    || distance(lon, lat, self.lon, lat) > width * self.unit / 2.0
                {
                    return None;
                }
                Some(distance(self.lon, self.lat, lon, lat))
            }
        }
    }

    /// The cells that cover the shape, in the order in which Redis reads them.
    ///
    /// A cell may occur twice where the shape is a good part of the world; neighbours in the list
    /// that are equal are left out, as Redis does.
    pub fn cover(&self) -> impl Iterator<Item = Cell> {
        let bounds = self.bounds();
        let mut centre = Cell::around(self.lon, self.lat, self.steps());
        if centre.step > 1 && !nine_cells_cover(centre, bounds) {
            centre = Cell::around(self.lon, self.lat, centre.step - 1);
        }
        let (own, last) = (centre.area(), std::cell::Cell::new(None));
        ORDER.into_iter().filter_map(move |(east, north)| {
            if centre.step >= 2 && useless(own, bounds, east, north) {
                return None;
            }
            let cell = centre.neighbour(east, north);
            // The centre is never the "previous" cell (membersOfAllNeighbors in geo.c).
            let repeated = last.get() == Some(cell);
            if !repeated && (east, north) != (0, 0) {
                last.set(Some(cell));
            }
            (!repeated).then_some(cell)
        })
    }

    /// Halvings after which nine cells are about as large as the shape.
    fn steps(&self) -> u8 {
        let mut metres = self.unit
            * match self.shape {
                Shape::Circle(radius) => radius,
                Shape::Rect { width, height } => {
                    ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt()
                }
            };
        if metres == 0.0 {
            return 26;
        }
        let mut step = 1;
        while metres < MERCATOR_MAX {
            metres *= 2.0;
            step += 1;
        }
        // Two less, so that the nine cells surely cover it; and again less where meridians meet.
        step -= 2;
        let lat = self.lat.abs();
        step -= i32::from(lat > 66.0) + i32::from(lat > 80.0);
        step.clamp(1, 26) as u8
    }

    /// The longitudes and latitudes of the box around the shape.
    fn bounds(&self) -> (Span, Span) {
        let (width, height) = match self.shape {
            Shape::Circle(radius) => (self.unit * radius, self.unit * radius),
            Shape::Rect { width, height } => (self.unit * (width / 2.0), self.unit * (height / 2.0)),
        };
        let lat_delta = height / EARTH_RADIUS / RADIANS;
        // A degree of longitude is shortest at the edge that is nearer to the pole.
        let edge = if self.lat < 0.0 { self.lat - lat_delta } else { self.lat + lat_delta };
        let lon_delta = width / EARTH_RADIUS / (edge * RADIANS).cos() / RADIANS;
        let lons = Span { min: self.lon - lon_delta, max: self.lon + lon_delta };
        (lons, Span { min: self.lat - lat_delta, max: self.lat + lat_delta })
    }
}

/// Do a cell and its neighbours reach the bounds on all sides?
fn nine_cells_cover(centre: Cell, (lons, lats): (Span, Span)) -> bool {
    let side = |east, north| centre.neighbour(east, north).area();
    !(side(0, 1).1.max < lats.max
        || side(0, -1).1.min > lats.min
        || side(1, 0).0.max < lons.max
        || side(-1, 0).0.min > lons.min)
}

/// Is a neighbour beyond the bounds, because the centre cell reaches over them on that side?
fn useless(own: (Span, Span), bounds: (Span, Span), east: i8, north: i8) -> bool {
    let beyond = |own: Span, bounds: Span, to: i8| {
        (to < 0 && own.min < bounds.min) || (to > 0 && own.max > bounds.max)
    };
    beyond(own.0, bounds.0, east) || beyond(own.1, bounds.1, north)
}

/// Metres between two positions, by the haversine formula.
pub fn distance(lon1: f64, lat1: f64, lon2: f64, lat2: f64) -> f64 {
    let v = ((lon2 * RADIANS - lon1 * RADIANS) / 2.0).sin();
    if v == 0.0 {
        return lat_distance(lat1, lat2);
    }
    let (lat1, lat2) = (lat1 * RADIANS, lat2 * RADIANS);
    let u = ((lat2 - lat1) / 2.0).sin();
    let a = u * u + lat1.cos() * lat2.cos() * v * v;
    2.0 * EARTH_RADIUS * a.sqrt().asin()
}

/// Metres between two latitudes.
fn lat_distance(lat1: f64, lat2: f64) -> f64 {
    EARTH_RADIUS * (lat2 * RADIANS - lat1 * RADIANS).abs()
}

#[cfg(test)]
mod tests {
    use super::super::{position_of, score_of};
    use super::*;
    use proptest::prelude::*;

    const PALERMO: (f64, f64) = (13.361389, 38.115556);
    const CATANIA: (f64, f64) = (15.087269, 37.502669);

    fn stored((lon, lat): (f64, f64)) -> (f64, f64) {
        position_of(score_of(lon, lat) as f64)
    }

    #[test]
    fn distances_are_those_of_redis() {
        let between = |a, b| {
            let ((lon1, lat1), (lon2, lat2)) = (stored(a), stored(b));
            distance(lon1, lat1, lon2, lat2)
        };
        // GEODIST of redis-server 7.0.15.
        assert_eq!(format!("{:.4}", between(PALERMO, CATANIA)), "166274.1516");
        let (frisco, edge, null) = ((-122.4194155, 37.7749295), (179.9999, -85.05), (0.0, 0.0));
        assert_eq!(format!("{:.4}", between(PALERMO, frisco) / 1000.0), "10441.3908");
        assert_eq!(format!("{:.4}", between(edge, null) / 1609.34), "6562.2786");
        assert_eq!(format!("{:.4}", between(null, frisco) / 0.3048), "41991559.5253");
    }

    #[test]
    fn a_circle_and_a_box_hold_what_redis_finds() {
        let circle = Search { lon: 15.0, lat: 37.0, shape: Shape::Circle(200.0), unit: 1000.0 };
        let boxed = Search { shape: Shape::Rect { width: 400.0, height: 400.0 }, ..circle };
        for search in [circle, boxed] {
            for (place, km) in [(PALERMO, "190.4424"), (CATANIA, "56.4413")] {
                let (lon, lat) = stored(place);
                let metres = search.distance_within(lon, lat).unwrap();
                assert_eq!(format!("{:.4}", metres / 1000.0), km);
            }
        }
        let narrow = Search { shape: Shape::Rect { width: 100.0, height: 400.0 }, ..circle };
        let (lon, lat) = stored(PALERMO);
        assert_eq!(narrow.distance_within(lon, lat), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 256 }))]
        #[test]
        fn what_is_inside_is_covered(
            lon in -170.0f64..170.0, lat in -60.0f64..60.0, radius in 1.0f64..500_000.0,
            (east, north) in (-1.0f64..1.0, -1.0f64..1.0),
        ) {
            let search = Search { lon, lat, shape: Shape::Circle(radius), unit: 1.0 };
            let metre = 360.0 / 40_000_000.0;
            let (lon, lat) = (lon + east * radius * metre, lat + north * radius * metre);
            let score = score_of(lon.clamp(-180.0, 180.0), lat);
            let (lon, lat) = position_of(score as f64);
            if search.distance_within(lon, lat).is_some() {
                let score = score as f64;
                let inside = |cell: Cell| { let (min, max) = cell.scores(); min <= score && score < max };
                prop_assert!(search.cover().any(inside));
            }
        }
    }
}
