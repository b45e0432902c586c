//! Expected texts come from a C program (gcc, x86-64) and from INCRBYFLOAT on Redis 7.0.15.

use super::*;
use proptest::prelude::*;

fn human(text: &str) -> Option<String> {
    Extended::parse(text.as_bytes()).map(|value| String::from_utf8_lossy(&value.to_human()).into_owned())
}

fn sum(a: &str, b: &str) -> Option<String> {
    let sum = Extended::parse(a.as_bytes())? + Extended::parse(b.as_bytes())?;
    Some(String::from_utf8_lossy(&sum.to_human()).into_owned())
}

#[test]
fn numbers_are_read_and_printed_as_in_c() {
    let facts = [
        ("268103710185796029526847.00020472906078", "268103710185796029530112"),
        ("-47.", "-47"),
        ("09801565497.08", "9801565497.08000000007450581"),
        ("030049.19700", "30049.19699999999999918"),
        ("39744985.4031461702315004912", "39744985.40314617023250321"),
        ("0046929415106615533.5", "46929415106615533.5"),
        ("0x1p-1074", "0"),
        ("-38600792112.0504e-9", "-38.6007921120504"),
        ("-7048208157152.8", "-7048208157152.80000019073486328"),
        ("4024254533763130509510010804082018860510014.900090", "4024254533763130509461519012937060258414592"),
        ("1e30", "1000000000000000000024696061952"),
        ("9.999999999999999999", "10"),
        ("-1e-18", "0"),
        ("-0", "0"),
        ("4e-4951", "0"),
        ("inf", "inf"),
        ("-Infinity", "-inf"),
    ];
    for (text, expected) in facts {
        assert_eq!(human(text).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(human("1.18973149535723176502e+4932").map(|text| text.len()), Some(4933));
}

#[test]
fn texts_out_of_range_or_malformed_are_refused() {
    let bad = [
        "",
        " 1",
        "1 ",
        "nan",
        "1e",
        ".",
        "0x",
        "1..2",
        "1e5.",
        "1e4933",
        "-1e99999999999",
        "1e-4952",
        "0x1p16384",
    ];
    for text in bad {
        assert_eq!(human(text), None, "{text}");
    }
    assert_eq!(human(&"1".repeat(5120)), None);
    assert!(human(&format!("{}.{}", "0".repeat(2000), "1".repeat(3118))).is_some());
}

#[test]
fn sums_are_those_of_the_x87() {
    let facts = [
        ("0.1", "0.2", "0.3"),
        ("10.5", "0.1", "10.6"),
        ("-1.5", "1.5", "0"),
        ("1", "1e-18", "1"),
        ("17179869184.5", "1.00000000000000001", "17179869185.5"),
        ("99999999999999999999", "1", "100000000000000000000"),
        ("0.00000000000000001", "0.00000000000000001", "0.00000000000000002"),
        ("123456789.123456789", "0.000000001", "123456789.12345678999554366"),
        ("9223372036854775807", "1.5", "9223372036854775808"),
        ("-1228.7506", "+0x598c76e7.945df065aa019621p-42", "-1228.75025839885963319"),
        ("+504.24733290683023109", "+18557376879057126543269956.35247130", "18557376879057126543065088"),
        (
            "3674980916.60330440440033396500323100430053085700509040049",
            "260.492",
            "3674981177.0953044043853879",
        ),
        ("17.0422045883000", "8031.003901961162350296e14", "803100390196116252.0625"),
        ("-028282886565948646899.80", "293385217605228114", "-27989501348343418786"),
        ("349600.76987120", "3046141", "3395741.7698712000001251"),
    ];
    for (a, b, expected) in facts {
        assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        assert_eq!(sum(b, a).as_deref(), Some(expected), "{b} + {a}");
    }
}

#[test]
fn infinities_and_nan_are_not_finite() {
    let infinity = Extended::from(f64::INFINITY);
    assert!(!(infinity + Extended::from(-1)).is_finite());
    assert!(!(infinity + Extended::from(f64::NEG_INFINITY)).is_finite());
    let huge = Extended::parse(b"1.18e4932");
    assert!(huge.is_some_and(|huge| huge.is_finite() && !(huge + huge).is_finite()));
    assert!(Extended::from(i64::MIN).is_finite());
}

proptest! {
    #[test]
    fn integers_add_exactly(a: i64, b: i64, shift in 0u32..64) {
        let (a, b) = (a >> shift >> 1, b >> shift >> 1);
        let sum = Extended::from(a) + Extended::from(b);
        prop_assert_eq!(sum.to_human(), (a + b).to_string().into_bytes());
    }

    #[test]
    fn both_ways_of_parsing_agree(digits in 0u64..10_000_000_000_000_000_000, exponent in -27i32..=27) {
        let text = digits.to_string();
        let decimal = Decimal { digits: text.as_bytes(), exponent };
        let (small, big) = (decimal.to_binary_small(), decimal.to_binary_big());
        prop_assert_eq!(small.round(PRECISION, MIN_EXPONENT), big.round(PRECISION, MIN_EXPONENT));
    }

    #[test]
    fn long_fractions_need_no_big_integers(text in "[1-9][0-9]{19,37}", exponent in -27i32..0) {
        let decimal = Decimal { digits: text.as_bytes(), exponent };
        let (small, big) = (decimal.to_binary_small(), decimal.to_binary_big());
        prop_assert_eq!(small.round(PRECISION, MIN_EXPONENT), big.round(PRECISION, MIN_EXPONENT));
    }

    #[test]
    fn doubles_print_their_exact_decimals(mantissa in -(1i64 << 53)..1 << 53, shift in 0i32..17) {
        let value = mantissa as f64 / 2f64.powi(shift);
        let text = format!("{value:.17}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        prop_assert_eq!(Extended::from(value).to_human(), text.as_bytes());
    }
}
