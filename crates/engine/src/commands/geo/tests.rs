//! Whole commands on positions; replies are those of redis-server 7.0.15.

use crate::level::Level;
use crate::testing::Bench;

fn script(bench: &mut Bench, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        assert_eq!(bench.run(&line.split(' ').collect::<Vec<_>>()), *reply, "{line}");
    }
}

fn sicily() -> Bench {
    let mut bench = Bench::new();
    bench.settings.level = Level::V7_0;
    script(&mut bench, &[("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2")]);
    bench
}

#[test]
fn positions_are_scores() {
    let mut bench = sicily();
    assert_eq!(bench.events(), ["new", "zadd"]);
    assert!(format!("{:?}", bench.fx.propagation).contains("Instead"));
    script(
        &mut bench,
        &[
            ("ZSCORE s Palermo", "$16 3479099956230698"),
            ("GEOPOS s Palermo nobody", "*2 *2 $20 13.36138933897018433 $20 38.11555639549629859 *-1"),
            ("GEOHASH s Palermo nobody", "*2 $11 sqc8b49rny0 $-1"),
            ("GEODIST s Palermo Catania", "$11 166274.1516"),
            ("GEODIST s Palermo Catania km", "$8 166.2742"),
            ("GEODIST s Palermo nobody", "$-1"),
            ("GEODIST s Palermo Catania x", "-ERR unsupported unit provided. please use M, KM, FT, MI"),
            ("GEOADD s 200 100 x", "-ERR invalid longitude,latitude pair 200.000000,100.000000"),
            ("GEOADD s NX 1 2", "-ERR syntax error"),
            ("GEOADD s XX CH 1 2 nobody", ":0"),
            ("GEOPOS none a", "*1 *-1"),
        ],
    );
}

#[test]
fn searches_show_what_they_are_asked_for() {
    let mut bench = sicily();
    script(
        &mut bench,
        &[
            (
                "GEORADIUS s 15 37 200 km WITHDIST ASC",
                "*2 *2 $7 Catania $7 56.4413 *2 $7 Palermo $8 190.4424",
            ),
            ("GEORADIUS s 15 37 100 km", "*1 $7 Catania"),
            ("GEORADIUS s 15 37 200 km WITHHASH COUNT 1", "*1 *2 $7 Catania :3479447370796909"),
            ("GEORADIUSBYMEMBER s Palermo 10 m", "*1 $7 Palermo"),
            ("GEORADIUSBYMEMBER s nobody 10 m", "-ERR could not decode requested zset member"),
            ("GEORADIUSBYMEMBER none nobody 10 m", "*0"),
            ("GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km DESC", "*2 $7 Palermo $7 Catania"),
            (
                "GEOSEARCH s FROMMEMBER Catania BYRADIUS 0 m WITHCOORD",
                "*1 *2 $7 Catania *2 $20 15.08726745843887329 $20 37.50266842333162032",
            ),
            ("GEOSEARCHSTORE t s FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", ":2"),
            ("ZRANGE t 0 -1", "*2 $7 Catania $7 Palermo"),
            ("GEORADIUS s 15 37 200 km STORE u", ":2"),
            ("ZSCORE u Palermo", "$16 3479099956230698"),
            ("GEORADIUS none 15 37 200 km STORE u", ":0"),
            ("ZCARD u", ":0"),
            (
                "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ANY",
                "-ERR the ANY argument requires COUNT argument",
            ),
            (
                "GEOSEARCH s BYRADIUS 200 km ASC ASC",
                "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH",
            ),
            (
                "geosearch s FROMLONLAT 15 37 ASC ASC",
                "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch",
            ),
            ("GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km BYBOX 1 1 m", "-ERR syntax error"),
            (
                "GEORADIUS s 15 37 200 km WITHDIST STORE u",
                "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
            ),
            ("GEORADIUS_RO s 15 37 200 km STORE u", "-ERR syntax error"),
            ("GEORADIUS s 15 37 x km", "-ERR need numeric radius"),
            ("GEORADIUS s 15 37 -1 km", "-ERR radius cannot be negative"),
            ("GEORADIUS s 15 37 1 km COUNT 0", "-ERR COUNT must be > 0"),
        ],
    );
}
