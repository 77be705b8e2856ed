#!/usr/bin/env python3
"""Tests of `ringsim report`: what the page holds, and what is refused. tests/browser opens the page itself.
Usage: report_test.py RINGSIM SOURCE_ROOT [TEST...]"""
import base64
import csv
import gzip
import io
import json
import os
import unittest

from cli_case import Case

ACCEPTED = "result folders of `run -o` and a folder of `scan -o` are accepted"
EXCHANGE = ["--bytes", "1kB", "--scheme", "dense"]
QUICK = {"compute-time": "0s", "topology": "ring8-1g", "steps": "3"}
QUICK_WORDS = [word for option, value in QUICK.items() for word in (f"--{option}", value)]
HOSTILE = '</script><script>x\u2028"\x01,=cmd()'


class Report(Case):
    """With a page of its own, so that neither node nor npm has to be there."""

    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        (self.data / "report").mkdir(parents=True)
        (self.data / "report/page.html").write_text("<before>@RESULTS@<after>")
        self.page = self.folder / "report.html"

    def environment(self):
        return os.environ | {"RINGSIM_DATA": str(self.data)}

    def run_folder(self, name, **options):
        options = QUICK | {option.replace("_", "-"): value for option, value in options.items()}
        words = [word for option, value in options.items() for word in (f"--{option}", value)]
        self.good("run", *EXCHANGE, *words, "-o", self.folder / name, "--quiet")
        return self.folder / name

    def report(self, *folders):
        done = self.ringsim("report", *folders, "-o", self.page, env=self.environment())
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        text = self.page.read_text()
        self.assertTrue(text.startswith("<before>") and text.endswith("<after>"))
        packed = text.removeprefix("<before>").removesuffix("<after>")
        self.assertRegex(packed, "^[A-Za-z0-9+/]+=*$")
        return json.loads(gzip.decompress(base64.b64decode(packed)))

    def refused(self, message, *folders):
        self.check_error(message, "report", *folders, "-o", self.page, env=self.environment())
        self.assertFalse(self.page.exists())

    def test_runs_are_on_the_page_as_their_files_have_them(self):
        first, second = self.run_folder("a"), self.run_folder("b", collective="tree")
        data = self.report(first, second)
        self.assertEqual([run["name"] for run in data["runs"]], ["a", "b"])
        for run, folder in zip(data["runs"], [first, second]):
            self.assertEqual(run["summary"], json.loads((folder / "summary.json").read_text()))
            for table in ["steps", "layers", "links", "staleness"]:
                self.assertEqual(run[table], (folder / f"{table}.csv").read_text())
            self.assertEqual(run["every"], {"steps": 1, "layers": 1})
            self.assertIsNone(run["transfers"])

    def test_the_first_messages_are_on_the_page_where_they_were_recorded(self):
        out = self.folder / "messages"
        few = ["--topology", "ring8-1g", "--compute-time", "0s", "--steps", "60"]
        self.good("run", *EXCHANGE, *few, "--transfers", "-o", out, "--quiet")
        lines = (out / "transfers.csv").read_text().splitlines(keepends=True)
        self.assertEqual(len(lines), 1 + 60 * 8 * 14)
        transfers = self.report(out)["runs"][0]["transfers"]
        self.assertEqual(transfers, {"csv": "".join(lines[:6001]), "is_whole": False})

    def test_runs_of_several_seeds_come_in_the_order_of_their_numbers(self):
        self.run_folder("seeds", jitter="0.01", compute_time="1ms", seed="9..11")
        names = [run["name"] for run in self.report(self.folder / "seeds")["runs"]]
        self.assertEqual(names, ["seed-9", "seed-10", "seed-11"])

    def test_runs_of_one_name_are_named_by_their_paths(self):
        paths = [str(self.run_folder(name)) for name in ["x/same", "y/same"]]
        self.assertEqual([run["name"] for run in self.report(*paths)["runs"]], paths)

    def test_long_tables_are_thinned_evenly_and_keep_the_last_step(self):
        data = self.report(self.run_folder("long", steps="12001"))["runs"][0]
        self.assertEqual(data["every"]["steps"], 3)
        steps = [int(row["step"]) for row in csv.DictReader(io.StringIO(data["steps"]))]
        self.assertEqual(steps, [*range(0, 12001, 3)])
        self.assertEqual(steps[-1], 12000)

    def test_the_gpus_of_a_node_come_from_the_topology_while_it_is_the_same(self):
        topology = self.folder / "mine.json"
        link = {"bandwidth": "10Gbps", "latency": "1us"}
        nodes = {"kind": "hierarchical", "nodes": 2, "gpus_per_node": 4, "nics": "per-gpu", "inner": link, "nic": link}
        topology.write_text(json.dumps({"name": "mine", **nodes}))
        folder = self.run_folder("mine", topology=topology)
        self.assertEqual(self.report(folder)["runs"][0]["gpus_per_node"], 4)
        topology.write_text(json.dumps({"name": "mine", **nodes, "nodes": 3}))
        self.assertIsNone(self.report(folder)["runs"][0]["gpus_per_node"])

    def test_text_of_users_is_kept_and_cannot_end_the_page(self):
        folder = self.run_folder("hostile")
        table = folder / "links.csv"
        quoted = '"' + HOSTILE.replace('"', '""') + '"'
        table.write_text(table.read_text().replace("\nlink0,", f"\n{quoted},"))
        self.assertIn(quoted, self.report(folder)["runs"][0]["links"])

    def test_a_scan_is_its_table(self):
        timing = ["--compute-time", "0s", "--steps", "1", "--topology", "ring8-1g,ring8-10g"]
        self.good("scan", *EXCHANGE, *timing, "-o", self.folder / "scan", "--quiet")
        data = self.report(self.folder / "scan")
        self.assertEqual(data["scan"], {"name": "scan", "csv": (self.folder / "scan/scan.csv").read_text()})

    def test_wrong_folders_are_refused(self):
        run, empty, unfinished, scan = self.run_folder("run"), *(self.folder / name for name in "esx")
        for folder in [empty, unfinished, scan]:
            folder.mkdir()
        self.refused(f"{self.folder}/no: there is no such folder; {ACCEPTED}", self.folder / "no")
        self.refused(f"{run}/steps.csv: is no folder; {ACCEPTED}", run / "steps.csv")
        self.refused(f"{empty}: found neither summary.json nor scan.csv in it; {ACCEPTED}", empty)
        (unfinished / "scan.json").write_text("{}")
        self.refused(
            f"{unfinished}: found a scan without its table scan.csv: it has not ended; run the command of the scan "
            "again, which goes on; or end it with Ctrl-C",
            unfinished,
        )
        (scan / "scan.csv").write_text("something else\n")
        self.refused(f"{scan}/scan.csv: found no table of points; {ACCEPTED}", scan)
        self.refused(f"{scan}: found a scan beside other folders; several runs, or one scan, are accepted", run, scan)
        heading = (run / "layers.csv").read_text().partition("\n")[0]
        (run / "layers.csv").write_text(f'{heading}\n"0,fc\n')
        self.refused(f"{run}/layers.csv: ends within a quoted cell", run)
        (run / "layers.csv").write_text(f"{heading}\nfc,0\n")
        self.refused(f"{run}/layers.csv: row 2: begins with no step; {ACCEPTED}", run)
        (run / "layers.csv").unlink()
        self.refused(f"{run}/layers.csv: cannot be read; {ACCEPTED}", run)

    def test_tables_that_lack_columns_are_refused(self):
        run = self.run_folder("run")
        self.good("run", *EXCHANGE, "--transfers", "-o", self.folder / "messages", "--quiet", *QUICK_WORDS)
        for folder, table, column in [
            (run, "steps", "exposed_exchange_s"),
            (run, "layers", "density"),
            (run, "links", "utilization"),
            (run, "staleness", "age_steps"),
            (self.folder / "messages", "transfers", "start_s"),
        ]:
            path = folder / f"{table}.csv"
            whole = path.read_text()
            path.write_text(whole.replace(f",{column}", f",no_{column}", 1))
            self.refused(
                f"{path}: row 1: found no column {column}; a {table}.csv as `run -o` writes it is accepted", folder
            )
            path.write_text(whole)
        (run / "steps.csv").write_text("")
        self.refused(f"{run}/steps.csv: is empty; {ACCEPTED}", run)

    def test_seeds_have_the_verdict_of_their_means(self):
        folder = self.run_folder("seeds", jitter="0.1", compute_time="1ms", seed="9..11")
        data = self.report(folder)
        runs = [run["summary"]["seconds_per_step"]["total"] for run in data["runs"]]
        self.assertEqual(len(set(runs)), 3)
        mean = 1e3 * sum(runs) / 3
        self.assertRegex(data["verdict"][0], f"^dense takes {mean:.3g}ms a step on 8 ranks: ")
        # Beside another configuration they are one.
        other = self.run_folder("other", jitter="0.1", compute_time="10ms", seed="9,10")
        verdict = self.report(folder, other)["verdict"][0]
        self.assertRegex(verdict, rf"^seeds \(3 seeds\) is fastest: {mean:.3g}ms a step, .*other \(2 seeds\) ")

    def test_a_page_that_is_not_built_says_how_to_build_it(self):
        (self.data / "report/page.html").unlink()
        self.refused(
            f"{self.data}/report/page.html: the page of reports has not been built; tools/install page, then build the "
            "target report_page; it needs node and npm",
            self.run_folder("run"),
        )


unittest.main()
