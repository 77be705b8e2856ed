#!/usr/bin/env python3
"""Tests of ringsim explain and of the documents that it makes. Usage: explain_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import ROOT, Case  # noqa: E402

RING = ["--topology", "ring", "--ranks", "4", "--bandwidth", "1Gbps", "--latency", "5us"]
EXCHANGE = ["--bytes", "1MB", "--scheme", "dense", "--quiet"]


def paths_of(value, prefix=""):
    """The paths of all keys of a JSON value; [] stands for the elements of a list."""
    if isinstance(value, list):
        for element in value:
            yield from paths_of(element, prefix + "[]")
    if isinstance(value, dict):
        for key, member in value.items():
            path = f"{prefix}.{key}" if prefix else key
            yield path
            yield from paths_of(member, path)


def header_of(path):
    return path.read_text().split("\n")[0].split(",")


class Explain(Case):
    def check_explained(self, names, file):
        for name in names:
            self.assertRegex(
                self.good("explain", name), rf"(?m)^{name.replace('[', '.').replace(']', '.')} in {file}(,|$)"
            )

    def test_every_column_and_key_of_a_run_is_explained(self):
        topology = self.folder / "dies.json"
        topology.write_text(
            json.dumps(
                {
                    "name": "dies",
                    "kind": "ring",
                    "hosts": 4,
                    "link": {"bandwidth": "1Gbps", "latency": "5us"},
                    "host_exceptions": [{"host": 2, "dies": "1.5s"}],
                }
            )
        )
        out = self.folder / "out"
        self.good(
            "run", *EXCHANGE, "--topology", topology, "--steps", "3", "--compute-time", "1s", "--transfers", "-o", out
        )
        tables = sorted(out.glob("*.csv"))
        self.assertEqual(
            [table.name for table in tables],
            ["faults.csv", "layers.csv", "links.csv", "staleness.csv", "steps.csv", "transfers.csv"],
        )
        for table in tables:
            self.check_explained(header_of(table), table.name)
        self.good("run", "--steps", "2", "--target-accuracy", "0.1", "--quiet", "-o", self.folder / "trained")
        summary = json.loads((self.folder / "trained/summary.json").read_text())
        paths = sorted(set(paths_of(summary)))
        for path in ("target.seconds", "bottleneck.kind", "provenance.inputs[].sha256"):
            self.assertIn(path, paths)
        self.check_explained(paths, "summary.json")

    def test_every_column_of_the_other_tables_is_explained(self):
        self.good("scan", *EXCHANGE, *RING, "--compute-time", "1ms,2ms", "-o", self.folder / "scan")
        names = [
            "option.NAME" if name.startswith("option.") else name for name in header_of(self.folder / "scan/scan.csv")
        ]
        self.assertEqual((names[:2], names[-1]), (["point", "option.NAME"], "error"))
        self.check_explained(names, "scan.csv")

        values = struct.pack("<64f", *((i * 37 % 64 - 31.5) / 64 for i in range(64)))
        for name, shape in (("w.npy", "(8, 8)"), ("g.npy", "(1, 8, 8)")):
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
            (self.folder / name).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + values)
        self.good(
            "prune",
            "--weights",
            self.folder / "w.npy",
            "--gradients",
            self.folder / "g.npy",
            "--whole-below",
            "1",
            "--quiet",
            "-o",
            self.folder / "trace",
        )
        self.check_explained(header_of(self.folder / "trace/trace_layers.csv"), "trace_layers.csv")

        table = self.folder / "nccl.txt"
        table.write_text(
            "\n".join(
                [
                    "# Collective test starting: all_reduce_perf",
                    *(f"#  Rank {rank} Group 0 Pid 1" for rank in range(2)),
                    "# size count type redop root time algbw busbw #wrong time algbw busbw #wrong",
                    *(
                        f"{2**i} {2**i // 4} float sum -1 {20 + 2**i / 1e4} 1.0 1.0 0 {20 + 2**i / 1e4} 1.0 1.0 0"
                        for i in range(12, 20)
                    ),
                ]
            )
            + "\n"
        )
        self.good("calibrate", table, "--points", self.folder / "points.csv")
        self.check_explained(header_of(self.folder / "points.csv"), "points.csv")

    def test_what_an_explanation_says(self):
        self.assertEqual(
            self.good("explain", "busy_s"), "busy_s in links.csv, unit: seconds\n  How long bytes flowed on the link.\n"
        )
        density = self.good("explain", "density")
        for table in ("summary.json", "layers.csv", "scan.csv", "trace_layers.csv"):
            self.assertIn(f"density in {table}, unit: a number without a unit\n", density)
        self.assertIn("\n--density D (group scheme)\n", density)
        self.assertIn(
            "\n  needs     --scheme iwp, magnitude, cltk, topk or randomk; --source train or synthetic", density
        )
        option = density.index("--density D")
        self.assertEqual(self.good("explain", "--", "--density"), density[option:])
        scheme = self.good("explain", "powersgd")
        for text in ("--scheme powersgd\n", "arXiv 1905.13727", "  defaults  learning rate ", "--rank"):
            self.assertIn(text, scheme)
        self.assertIn("  needs     --collective ring\n", self.good("explain", "channels"))

    def test_without_a_word_all_names_are_listed(self):
        words = self.good("explain").split()
        for name in ("seconds_per_step.total", "values_bytes", "held_out", "iwp", "mask-interval"):
            self.assertEqual(words.count(name), 1, name)

    def test_mistakes(self):
        rest = "a column, a key of summary.json, a scheme or an option is accepted; ringsim explain lists them"
        for word, meant in (
            ("valuesbytes", "values_bytes"),
            ("iwpp", "iwp"),
            ("mask-intervl", "mask-interval"),
            ("botleneck.kind", "bottleneck.kind"),
        ):
            self.check_error(f'explain: found "{word}" (did you mean "{meant}"?); {rest}', "explain", word)
        self.check_error(f'explain: found "colour of the sky"; {rest}', "explain", "colour of the sky")
        self.check_error(
            '--document: found "outputs" (did you mean "output"?); accepted: output, files, options, schema, man',
            "explain",
            "--document",
            "outputs",
        )
        self.check_error(
            "--document: stands beside a word to explain; one of them is accepted; leave the other one out",
            "explain",
            "density",
            "--document",
            "output",
        )


class Documents(Case):
    """Made anew by ringsim explain --document output > docs/output.md, and --document files for usage.md."""

    def test_docs_output_is_what_the_records_say(self):
        text = self.good("explain", "--document", "output")
        self.assertEqual((ROOT / "docs/output.md").read_text(), text)
        self.assertLessEqual(max(map(len, text.split("\n"))), 120)

    def test_the_readme_has_the_table_of_files(self):
        self.assertIn("\n\n" + self.good("explain", "--document", "files") + "\n", (ROOT / "docs/usage.md").read_text())


if __name__ == "__main__":
    unittest.main()
