"""What the readers of sources are expected to find. Run by `make check`."""

import unittest

from imports import Crate, flat
from rust_source import without_tests, without_texts


class Sources(unittest.TestCase):
    def test_texts_and_comments_are_blanked_and_lines_stay(self):
        code = without_texts('let a = "use x;"; // use y\nlet b = \'"\'; let c: &\'static str = r#"use "z" "#;\n/* use w */ d')
        self.assertNotIn("use", code)
        self.assertEqual(code.count("\n"), 2)
        self.assertIn("&'static str", code)
        self.assertTrue(code.endswith(" d"))

    def test_items_for_tests_are_blanked_to_their_end(self):
        code = without_tests(
            "#[cfg(test)]\n#[allow(x)]\nmod tests { fn a() { b } }\nuse c;\n#[cfg(test)]\nuse d::{e, f};\n"
            "#[cfg(any(test, feature = \"\"))]\npub mod g;\nfn h() {}")
        self.assertEqual(code.split(), "use c; fn h() {}".split())

    def test_a_use_is_a_tree_of_paths(self):
        self.assertEqual(flat("a::{self, b::c, d as e, f::*}"),
                         [(("a",), "a"), (("a", "b", "c"), "c"), (("a", "d"), "e"), (("a", "f", "*"), "*")])


class Imports(unittest.TestCase):
    def names(self, sources):
        crate = Crate(sources)
        return {pair: sorted(names) for pair, names in crate.imports.items()}

    def test_paths_lead_to_the_file_that_defines_the_name(self):
        found = self.names({
            "main.rs": "mod a; mod b;",
            "a/mod.rs": "mod c; mod d; pub use c::Thing; pub struct Own;",
            "a/c.rs": "pub struct Thing; use super::Own; fn f(_: super::d::Other) {}",
            "a/d.rs": "pub struct Other;",
            "b.rs": "use crate::a::{self, Own, Thing as T}; fn g() { crate::a::f(); a::Own; }",
        })
        self.assertEqual(found, {
            ("a/c.rs", "a/mod.rs"): ["Own"],
            ("a/c.rs", "a/d.rs"): ["Other"],
            ("b.rs", "a/mod.rs"): ["Own", "f"],
            ("b.rs", "a/c.rs"): ["Thing"],
        })

    def test_an_export_is_an_import_only_if_its_file_uses_the_name(self):
        sources = {"lib.rs": "mod a;", "a/mod.rs": "mod b; pub use b::Thing;", "a/b.rs": "pub struct Thing;"}
        self.assertEqual(self.names(sources), {})
        sources["a/mod.rs"] += " fn f(_: Thing) {}"
        self.assertEqual(self.names(sources), {("a/mod.rs", "a/b.rs"): ["Thing"]})

    def test_globs_are_followed_to_the_names_that_are_used(self):
        found = self.names({
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "pub use crate::b::*;",
            "b.rs": "pub struct Used; pub struct Unused;",
            "c.rs": "use crate::a::*; fn f(_: Used) {}",
        })
        self.assertEqual(found, {("c.rs", "b.rs"): ["Used"]})

    def test_a_program_beside_a_library_is_a_crate_of_its_own(self):
        found = self.names({"lib.rs": "mod a; mod b;", "main.rs": "use x::a; fn main() {}",
                            "a.rs": "use crate::b::B;", "b.rs": "pub struct B;"})
        self.assertEqual(found, {("a.rs", "b.rs"): ["B"]})

    def test_tests_macros_and_visibilities_count_as_what_they_are(self):
        found = self.names({
            "main.rs": "mod log; mod a; mod tests;",
            "log.rs": "#[macro_export] macro_rules! note { () => {} } pub fn set() {}",
            "a.rs": "use crate::note; pub(in crate::log) fn f() {} #[cfg(test)] mod t { use crate::log::set; }",
            "tests.rs": "use crate::log::set;",
        })
        self.assertEqual(found, {("a.rs", "log.rs"): ["note"]})

    CIRCLE = {"lib.rs": "mod a; mod b; mod c; mod d;", "a.rs": "use crate::b::B; pub struct A;",
              "b.rs": "use crate::c::C; pub struct B;", "c.rs": "use crate::a::A; pub struct C;",
              "d.rs": "use crate::a::A; pub struct D;"}

    def test_circles_and_chains_are_found(self):
        crate = Crate(self.CIRCLE)
        self.assertEqual(crate.circles(), [["a.rs", "b.rs", "c.rs"]])
        self.assertEqual(crate.chain("d.rs", "c.rs"), ["d.rs", "a.rs", "b.rs", "c.rs"])
        self.assertIsNone(crate.chain("a.rs", "d.rs"))

    def test_imports_upward_are_problems(self):
        layers = [["lib.rs", "a.rs"], ["b.rs", "c.rs"]]
        self.assertEqual(list(Crate(self.CIRCLE).upward(layers)), [
            "d.rs is in no layer",
            "a.rs imports B from b.rs, which is in a higher layer",
        ])


if __name__ == "__main__":
    unittest.main()
