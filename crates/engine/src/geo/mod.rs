//! Geohash arithmetic: cells, neighbours, distances.
