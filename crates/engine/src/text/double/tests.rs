//! Expected texts come from C programs: glibc for `strtod` and `%.17g`, fpconv for the shortest digits.

use super::*;
use proptest::prelude::*;

fn reply(value: f64, style: DoubleStyle) -> String {
    String::from_utf8_lossy(DoubleText::reply(value, style).as_bytes()).into_owned()
}

#[test]
fn texts_are_read_as_strtod_reads_them() {
    let facts: &[(&str, u64)] = &[
        ("5959676.87011", 0x4156bbff37afe1da),
        ("+05478853147.94220586633", 0x41f4690aa1bf1346),
        ("-0x6.a1a5c73394ab2c89p-16", 0xbf1a86971cce52ad),
        ("-67.1", 0xc050c66666666666),
        ("5691237683.70406958462029003804602152003000", 0x41f53396533b43de),
        ("7841798844.8743e246", 0x7510b66138211beb),
        ("+0x1cb.b813507967b5d300p-74", 0x3bdcbb813507967b),
        ("0e99999999999", 0),
        ("-0", 1 << 63),
        (".5", 0x3fe0000000000000),
        ("5.", 0x4014000000000000),
        ("4.9e-324", 1),
        ("0x1p-1074", 1),
        ("0x1.8p-1074", 2),
        ("inf", 0x7ff0000000000000),
        ("-InFiNiTy", 0xfff0000000000000),
    ];
    for &(text, bits) in facts {
        assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), Some(bits), "{text}");
    }
}

#[test]
fn texts_that_are_no_whole_finite_number_are_refused() {
    let bad = [
        "",
        " 1",
        "1 ",
        "nan",
        "-NAN",
        "nan(1)",
        "1e",
        "1e+",
        ".",
        "e5",
        "0x",
        "0x1p",
        "0x.p1",
        "1..2",
        "1e5.",
        "infinit",
        "1_0",
        "--1",
        "+-1",
        "1e400",
        "-1e400",
        "1e-400",
        "2e-324",
        "0x1p-1075",
        "0x1p1024",
        "1\0",
    ];
    for text in bad {
        assert_eq!(parse_f64(text.as_bytes()), None, "{text}");
    }
    assert_eq!(parse_f64(b"1\xff"), None);
}

#[test]
fn seventeen_digits_print_as_in_c() {
    let facts: &[(u64, &str)] = &[
        (0x4156bbff37afe1da, "5959676.8701099996"),
        (0xc050c66666666666, "-67.099999999999994"),
        (0x422ce1d794de6c11, "62024043119.211067"),
        (0x45465c59d4b388c4, "5.4064965669825483e+25"),
        (0x3cff05c9f3aca929, "6.8884038008600798e-15"),
        (0x3f15160000000000, "8.0436468124389648e-05"),
        (0x3c37780000000000, "1.2722434867759591e-18"),
        (0xccd5f64bebdc022a, "-1.411669101673446e+62"),
        (0x3e60000000000000, "2.9802322387695312e-08"),
        (0x3f55160000000000, "0.0012869834899902344"),
        (1e16f64.to_bits(), "10000000000000000"),
        (1e17f64.to_bits(), "1e+17"),
        (1, "4.9406564584124654e-324"),
        (1 << 63, "-0"),
        (3f64.to_bits(), "3"),
    ];
    for &(bits, text) in facts {
        assert_eq!(reply(f64::from_bits(bits), DoubleStyle::Digits17), text);
    }
}

#[test]
fn shortest_texts_are_laid_out_as_redis_does() {
    let facts = [
        (3.0, "3"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (-67.1, "-67.1"),
        (2.94899, "2.9489899999999998"),
        (5.516909543528858e16, "55169095435288576"),
        (8.743797426803388e13, "87437974268033.87"),
        (-3.1827392243662894e-147, "-3.1827392243662893e-147"),
        (f64::MAX, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (1e17, "100000000000000000"),
        (1e19, "1e+19"),
        (1.5e300, "1.5e+300"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (0.00012345678901, "1.2345678901e-4"),
        (0.0012345678901, "0.0012345678901"),
        (1.2345678901e-9, "1.2345678901e-9"),
        (123456.789, "123456.789"),
        (-1.25e-100, "-1.25e-100"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ];
    for (value, text) in facts {
        assert_eq!(reply(value, DoubleStyle::Shortest), text);
    }
}

#[test]
fn stored_scores_print_integers_plainly_in_both_styles() {
    for style in [DoubleStyle::Digits17, DoubleStyle::Shortest] {
        assert_eq!(DoubleText::score(1e17, style).as_bytes(), b"100000000000000000");
    }
    assert_eq!(DoubleText::score(0.1, DoubleStyle::Digits17).as_bytes(), b"0.10000000000000001");
}

#[test]
fn fixed_point_rounds_in_decimal_or_in_binary() {
    let fixed = |value, style| {
        let mut out = Vec::new();
        push_fixed(&mut out, value, 4, style);
        String::from_utf8_lossy(&out).into_owned()
    };
    for style in [DoubleStyle::Digits17, DoubleStyle::Shortest] {
        assert_eq!(fixed(0.0, style), "0.0000");
        assert_eq!(fixed(0.775, style), "0.7750");
        assert_eq!(fixed(-166274.15156960033, style), "-166274.1516");
        assert_eq!(fixed(12.5, style), "12.5000");
    }
}

proptest! {
    #[test]
    fn every_text_reads_back_as_the_same_double(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        for style in [DoubleStyle::Digits17, DoubleStyle::Shortest] {
            for text in [DoubleText::reply(value, style), DoubleText::score(value, style)] {
                prop_assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), Some(bits));
            }
        }
    }

    #[test]
    fn hexadecimal_texts_are_exact(mantissa in 0u64..1 << 53, exponent in -200i32..200) {
        let text = format!("{mantissa:#x}p{exponent}");
        prop_assert_eq!(parse_f64(text.as_bytes()), Some(mantissa as f64 * 2f64.powi(exponent)));
    }
}
