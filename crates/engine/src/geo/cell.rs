//! Cells of the quadtree: encoding, decoding, neighbours, texts.
//!
//! ```text
//!   bits of a cell of n steps:   x(n-1) y(n-1) ... x1 y1 x0 y0      x: longitude, y: latitude
//!   as a score:                  the same, shifted to the top of 52 bits
//! ```

/// Steps of a stored position.
const STEPS: u8 = 26;

/// The letters of a geohash text.
const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// Bits of the latitude in interleaved bits.
const LAT_BITS: u64 = 0x5555_5555_5555_5555;
/// Bits of the longitude.
const LON_BITS: u64 = !LAT_BITS;

/// An interval of degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The lower end of the span.
    pub min: f64,
    /// The upper end of the span.
    pub max: f64,
}

/// The longitudes that can be stored.
pub const LON: Span = Span { min: -180.0, max: 180.0 };
/// The latitudes that can be stored: those of EPSG:900913.
pub const LAT: Span = Span { min: -85.051_128_78, max: 85.051_128_78 };

impl Span {
    /// Is a degree in it, ends included?
    pub fn contains(&self, degrees: f64) -> bool {
        degrees >= self.min && degrees <= self.max
    }

    /// The number of the part that holds a degree, of 2^steps parts.
    fn part(&self, degrees: f64, steps: u8) -> u32 {
        ((degrees - self.min) / (self.max - self.min) * (1u64 << steps) as f64) as u32
    }

    /// A part's own span.
    fn of_part(&self, part: u32, steps: u8) -> Self {
        let parts = (1u64 << steps) as f64;
        let width = self.max - self.min;
        let end = |part: u32| self.min + (f64::from(part) / parts) * width;
        Self { min: end(part), max: end(part.wrapping_add(1)) }
    }

    fn middle(&self) -> f64 {
        (self.min + self.max) / 2.0
    }
}

/// A rectangle of the quadtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub(super) bits: u64,
    pub(super) step: u8,
}

impl Cell {
    /// The cell around a position, after `step` halvings (1 to 26) of the storable rectangle.
    pub fn around(lon: f64, lat: f64, step: u8) -> Self {
        Self::within(LON, LAT, lon, lat, step)
    }

    fn within(lons: Span, lats: Span, lon: f64, lat: f64, step: u8) -> Self {
        Self { bits: interleave(lats.part(lat, step), lons.part(lon, step)), step }
    }

    /// The longitudes and latitudes of the cell.
    pub fn area(self) -> (Span, Span) {
        let (lat, lon) = deinterleave(self.bits);
        (LON.of_part(lon, self.step), LAT.of_part(lat, self.step))
    }

    /// The scores of the positions in it: the first, and the first behind.
    pub fn scores(self) -> (f64, f64) {
        let aligned = |bits: u64| (bits << (2 * (STEPS - self.step))) as f64;
        (aligned(self.bits), aligned(self.bits.wrapping_add(1)))
    }

    /// The neighbouring cell, `east` columns to the east and `north` rows to the north (-1, 0 or 1 each); the
    /// world is a torus here.
    ///
    /// A coordinate that does not move keeps even the bit by which the very edge of the world lies
    /// beyond it, as in Redis (geohash_move_x, geohash_move_y).
    pub fn neighbour(self, east: i8, north: i8) -> Self {
        let all = u64::MAX >> (64 - 2 * self.step);
        Self {
            bits: shift(self.bits, LON_BITS, all, east) | shift(self.bits, LAT_BITS, all, north),
            step: self.step,
        }
    }
}

/// One coordinate of interleaved bits, moved by one: the other's bits carry the carry.
fn shift(bits: u64, own: u64, all: u64, by: i8) -> u64 {
    let (value, other) = (bits & own, !own & all);
    match by {
        0 => value,
        1.. => value.wrapping_add(other + 1) & own & all,
        _ => (value | other).wrapping_sub(other + 1) & own & all,
    }
}

/// The score that stores a position.
pub fn score_of(lon: f64, lat: f64) -> u64 {
    Cell::around(lon, lat, STEPS).bits
}

/// The position that a score stores: longitude and latitude of the middle of its cell.
///
/// Any score names one; it need not come from `score_of`.
pub fn position_of(score: f64) -> (f64, f64) {
    // What the C cast does on x86-64: below 2^63 through a signed number, nothing from 2^64 on.
    let bits = match score {
        ..9_223_372_036_854_775_808.0 => (score as i64).cast_unsigned(),
        ..18_446_744_073_709_551_616.0 => score as u64,
        _ => 0,
    };
    let (lons, lats) = Cell { bits, step: STEPS }.area();
    (lons.middle().clamp(LON.min, LON.max), lats.middle().clamp(LAT.min, LAT.max))
}

/// The standard geohash of the position of a score.
///
/// The standard halves the latitudes from -90 to 90, and 11 letters are 55 bits: the last is a 0.
pub fn geohash_text(score: f64) -> [u8; 11] {
    let (lon, lat) = position_of(score);
    let world = Span { min: -90.0, max: 90.0 };
    let bits = Cell::within(LON, world, lon, lat, STEPS).bits;
    let mut text = [ALPHABET[0]; 11];
    for (at, letter) in text[..10].iter_mut().enumerate() {
        *letter = ALPHABET[(bits >> (52 - (at + 1) * 5)) as usize & 31];
    }
    text
}

fn interleave(even: u32, odd: u32) -> u64 {
    spread(even) | spread(odd) << 1
}

fn deinterleave(bits: u64) -> (u32, u32) {
    (gather(bits), gather(bits >> 1))
}

/// Masks of the steps that double the distance between bits.
const MASKS: [(u32, u64); 5] = [
    (1, LAT_BITS),
    (2, 0x3333_3333_3333_3333),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (8, 0x00ff_00ff_00ff_00ff),
    (16, 0x0000_ffff_0000_ffff),
];

/// Puts every bit at twice its place.
fn spread(value: u32) -> u64 {
    MASKS.iter().rev().fold(u64::from(value), |bits, (by, mask)| (bits | bits << by) & mask)
}

/// Takes every second bit, from the lowest on.
fn gather(bits: u64) -> u32 {
    let first = bits & LAT_BITS;
    let halves = MASKS[1..].iter().fold(first, |bits, (by, mask)| (bits | bits >> (by / 2)) & mask);
    (halves | halves >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What redis-server 7.0.15 answers: longitude, latitude, ZSCORE, GEOPOS, GEOHASH.
    const FACTS: [(f64, f64, u64, &str, &str, &str); 5] = [
        (
            13.361389,
            38.115556,
            3479099956230698,
            "13.36138933897018433",
            "38.11555639549629859",
            "sqc8b49rny0",
        ),
        (
            15.087269,
            37.502669,
            3479447370796909,
            "15.08726745843887329",
            "37.50266842333162032",
            "sqdtr74hyu0",
        ),
        (
            -122.4194155,
            37.7749295,
            1367859919124776,
            "-122.41941779851913452",
            "37.77493042721969374",
            "9q8yyk8yuv0",
        ),
        (179.9999, -85.05, 3002399751663091, "179.99990075826644897", "-85.04999956172352427", "pbzupvpgvd0"),
        (0.0, 0.0, 3377699720527872, "0.00000268220901489", "0.00000126736058093", "s0000000000"),
    ];

    #[test]
    fn scores_positions_and_texts_are_those_of_redis() {
        for (lon, lat, score, stored_lon, stored_lat, text) in FACTS {
            assert_eq!(score_of(lon, lat), score);
            let (lon, lat) = position_of(score as f64);
            assert_eq!((format!("{lon:.17}"), format!("{lat:.17}")), (stored_lon.into(), stored_lat.into()));
            assert_eq!(geohash_text(score as f64), text.as_bytes());
        }
    }

    #[test]
    fn neighbours_wrap_around_the_world() {
        for step in [1, 5] {
            let cell = Cell::around(179.99, 85.05, step);
            let (west, south) = (Cell::around(-179.99, 85.05, step), Cell::around(179.99, -85.05, step));
            assert_eq!((cell.neighbour(1, 0), cell.neighbour(0, 1)), (west, south));
            assert_eq!((west.neighbour(-1, 0), south.neighbour(0, -1)), (cell, cell));
            assert_eq!(cell.neighbour(-1, -1).neighbour(1, 1), cell);
        }
    }

    #[test]
    fn a_score_that_is_no_position_still_names_a_place_in_the_world() {
        for score in [-1.0, f64::NEG_INFINITY, f64::INFINITY, 1e300, 0.5, f64::MAX] {
            let (lon, lat) = position_of(score);
            assert!(LON.contains(lon) && LAT.contains(lat));
        }
        // As redis-server 7.0.15 on x86-64 casts it.
        assert_eq!(position_of(f64::INFINITY), position_of(0.0));
    }
}
