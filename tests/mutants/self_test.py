#!/usr/bin/env python3
"""Tests where mutants are found in a source, what each of them says, and what a build's messages make of it."""
import pathlib
import unittest

from building import wrong_mutants
from copy_of_sources import mutated
from places import places

SOURCE = """
#include <vector>
// a < b is no place in a comment, "a < b" none in a text
constexpr int twice(int a) { return a + a; }
static_assert(1 < 2);
const int table[] = {1 + 2};

bool Thing::check(int a, const std::vector<int>& b) const {
  const char* text = "a < b";
  if (a < 3 && !b.empty()) return false;
  sum_ += a - b.front() * 2;
  if (a > 4) throw Error("too many" + std::to_string(a - 1));
  reserve(a + 1);
  report(std::min(a, -a));
  return a == sum_ ? true : flag(std::max<int>(a, 1));
}
"""


def found(text):
    return [(place.kind, place.was, place.became) for place in places(text)]


class Places(unittest.TestCase):
    def setUp(self):
        self.found = found(SOURCE)

    def test_of_each_kind_where_the_code_of_a_function_is(self):
        for place in (
            ("bound", "a < 3", "((a) <= (3))"),
            ("bound", "a > 4", "((a) >= (4))"),
            ("logic", "a < 3 && !b.empty()", "((a < 3) || (!b.empty()))"),
            ("condition", "a < 3 && !b.empty()", "!(a < 3 && !b.empty())"),
            ("condition", "a == sum_", "!(a == sum_)"),
            ("equality", "a == sum_", "((a) != (sum_))"),
            ("constant", "false", "true"),
            ("constant", "3", "4"),
            ("statement", "sum_ += a - b.front() * 2", "void()"),
            ("assignment", "sum_ += a - b.front() * 2", "void(sum_ -= a - b.front() * 2)"),
            ("arithmetic", "a - b.front() * 2", "((a) + (b.front() * 2))"),
            ("term", "a - b.front() * 2", "(a)"),
            ("arithmetic", "b.front() * 2", "((b.front()) / (2))"),
            ("term", "b.front() * 2", "(b.front())"),
            ("statement", "report(std::min(a, -a))", "void()"),
            ("minimum", "std::min(a, -a)", "std::max(a, -a)"),
            ("minimum", "std::max<int>(a, 1)", "std::min<int>(a, 1)"),
            ("sign", "-a", "(a)"),
        ):
            self.assertIn(place, self.found)

    def test_none_in_constants_texts_messages_and_what_only_spares_time(self):
        for was in ("a + a", "1 < 2", "1 + 2", "a < b", "a - 1", "a + 1", "reserve(a + 1)", "std::vector<int>& b"):
            self.assertNotIn(was, [place[1] for place in self.found])

    def test_an_operand_ends_where_what_binds_less_begins(self):
        places_of = found("void f() {\n  x = a + b * c < d << 2 || e;\n}\n")
        self.assertIn(("bound", "a + b * c < d << 2", "((a + b * c) <= (d << 2))"), places_of)
        self.assertIn(("logic", "a + b * c < d << 2 || e", "((a + b * c < d << 2) && (e))"), places_of)
        self.assertIn(("arithmetic", "a + b * c", "((a) - (b * c))"), places_of)
        left = found("void f() {\n  x = a - b + c;\n}\n")
        self.assertIn(("arithmetic", "a - b + c", "((a - b) - (c))"), left)
        self.assertIn(("arithmetic", "a - b", "((a) + (b))"), left)

    def test_a_step_of_a_loop_is_no_statement(self):
        self.assertNotIn("statement", [place[0] for place in found("void f() {\n  for (; n > 2; n -= 2) ++m;\n}\n")])


class Copies(unittest.TestCase):
    def setUp(self):
        self.text = "bool f(int a) {\n  return a <\n         3;\n}\n"
        (bound,) = (place for place in places(self.text) if place.kind == "bound")
        self.mutant = {"number": 7, "file": "base/f.cpp", "line": 2, "start": bound.start, "end": bound.end}
        self.mutant["code"] = bound.mutated("is(7)")

    def test_a_mutant_stands_beside_what_was_there_and_lines_stay(self):
        self.assertEqual(
            mutated(self.text, [self.mutant]),
            '#include "mutants.hpp"\nbool f(int a) {\n  return (is(7) ? ((a) <= (3)) : ((a) < (3)))\n;\n}\n',
        )
        self.assertEqual(mutated(self.text, []), self.text)

    def wrong(self, output):
        tree = pathlib.Path("/copy")
        return wrong_mutants(output, [self.mutant], tree, tree / "build" / "dev")

    def test_a_failed_build_names_the_mutant(self):
        output = (
            "[1/2] fine\nFAILED: base/f.cpp.o\nccache g++ -o base/f.cpp.o -c /copy/base/f.cpp\n"
            "../../base/f.cpp:3:10: error: no match\n"
        )
        self.assertEqual(self.wrong(output), {7: "error: no match"})
        self.assertEqual(self.wrong(output.replace(":3:", ":9:")), {7: "error: no match"})
        with self.assertRaises(SystemExit):
            self.wrong(output.replace("base/f.cpp:3", "base/g.cpp:3").replace("/copy/base/f", "/copy/base/g"))


if __name__ == "__main__":
    unittest.main()
