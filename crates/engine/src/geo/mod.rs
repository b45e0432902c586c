//! Geohash arithmetic: positions as 52-bit cells, the cells that cover a search, distances.
//!
//! A position is a cell of a quadtree over the web Mercator rectangle, 26 halvings in each
//! direction, and the number of the cell is the score in a sorted set: cells that are near each
//! other mostly have near scores, so that a search reads nine ranges of scores at most.
//! Every result is to be bit-exact with Redis's (geohash.c, geohash_helper.c, commit state 7.2):
//! expressions keep its order of operations.

mod cell;
mod search;

pub use cell::{Cell, LAT, LON, Span, geohash_text, position_of, score_of};
pub use search::{Search, Shape, distance};
