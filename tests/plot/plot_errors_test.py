#!/usr/bin/env python3
"""Tests of the errors of tools/plot. Usage: plot_errors_test.py SOURCE_ROOT. Exits with 77 where matplotlib is
missing."""
import unittest

from plot_case import LAYERS, SCAN, STEPS, Plots


class Errors(Plots):
    def check_error(self, message, *arguments):
        before = sorted(self.root.rglob("*"))
        self.assertEqual(self.plot(*arguments, "-o", self.root / "x.png"), (2, message + "\n"))
        self.assertEqual(sorted(self.root.rglob("*")), before)

    def test_files_that_are_missing_cut_off_or_others(self):
        accepted = "a result folder of ringsim run -o is accepted"
        self.check_error(
            f"{self.root}/none/steps.csv: No such file or directory; {accepted}", "loss", self.root / "none"
        )
        self.check_error(
            f"{self.root}/none.csv: No such file or directory; a file of ringsim calibrate --points is accepted",
            "calibration",
            self.root / "none.csv",
        )
        path = self.run_folder / "steps.csv"
        whole = path.read_text()
        cut = "a file that was not cut off is accepted"
        path.write_text(whole[:-14])
        self.check_error(f"{path}:4: found 6 of 9 cells; {cut}", "loss", self.run_folder)
        path.write_text(whole[:-2])
        self.check_error(f"{path}:4: found a line without an end; {cut}", "loss", self.run_folder)
        path.write_text(whole.replace("1,0.5\n", "1,0.5,7\n"))
        self.check_error(f"{path}:3: found 10 of 9 cells; {cut}", "loss", self.run_folder)
        path.write_text("step,start_s,total_s\n0,0,1\n")
        self.check_error(f"{path}: no column loss; found step, start_s, total_s; {accepted}", "loss", self.run_folder)
        path.write_text("")
        self.check_error(f"{path}: no column start_s; found nothing; {accepted}", "loss", self.run_folder)
        path.write_text(STEPS)
        self.check_error(f"{path}: no rows; {accepted}", "loss", self.run_folder)
        path.write_bytes(b"\x89PNG\xff")
        self.check_error(f"{path}: found bytes that are no text; {accepted}", "loss", self.run_folder)
        path.write_text('start_s,total_s,loss\n0,1,"1"2\n')
        self.check_error(f"{path}: found what is no CSV (',' expected after '\"'); {accepted}", "loss", self.run_folder)
        scan = self.scan / "scan.csv"
        scan.write_text("a,b,c,d,e,f,g,h,i,j\n")
        self.check_error(
            f"{scan}: no column point; found a, b, c, d, e, f, g, h, 2 more; "
            "a result folder of ringsim scan -o, or its scan.csv, is accepted",
            "scan",
            scan,
        )

    def test_cells_that_are_no_numbers(self):
        path = self.run_folder / "steps.csv"
        whole = path.read_text()
        for text, found in (("much", '"much"'), ("nan", '"nan"'), ("1e999", '"1e999"'), ("1_0", '"1_0"')):
            path.write_text(whole.replace("0.5,1,", f"0.5,{text},"))
            self.check_error(f"{path}:3: column loss: found {found}; a number is accepted", "loss", self.run_folder)
        path.write_text(whole.replace("0,0,0.25,", ",,0.25,"))
        self.check_error(f"{path}:2: column start_s: found nothing; a number is accepted", "loss", self.run_folder)

    def test_tables_without_what_is_drawn(self):
        steps, layers, links = (self.run_folder / name for name in ("steps.csv", "layers.csv", "links.csv"))
        steps.write_text(STEPS + "0,0,0,0,0,0,1,,\n")
        trained = "a run of ringsim run --source train is accepted"
        self.check_error(f"{steps}: the column loss is empty; {trained}", "loss", self.run_folder)
        self.check_error(f"{steps}: the column accuracy is empty; {trained}", "accuracy", self.run_folder)
        layers.write_text(LAYERS + "0,a,1,0,,,\n1,a,1,0,,,\n")
        self.check_error(f"{layers}: the column error is empty; {trained}", "error", self.run_folder)
        self.check_error(
            f"{layers}: no layer is pruned in two steps in a row; a run with a mask of its own in every step "
            "is accepted",
            "overlap",
            self.run_folder,
        )
        self.check_error(
            f"{layers}: every density is 0; a run that sends something is accepted", "density", self.run_folder
        )
        links.write_text("link,bytes,utilization\nx,0,0\n")
        nothing = f"{links}: no link carried anything; a run on two ranks or more is accepted"
        self.check_error(nothing, "links", self.run_folder)
        links.write_text("link,bytes,utilization\nx,1,0\ny,1,0\n")
        self.check_error(
            f"{self.run_folder}/links.csv: the links' names (x, y, ...) show no kind of topology; ring, switch, "
            "hierarchical, fat-tree, torus and dragonfly are accepted, and routes with --topology FILE, the one that "
            "the run was given; links draws any",
            "topology",
            self.run_folder,
        )
        (self.run_folder / "list.json").write_text("[]")
        self.check_error(
            f"{self.run_folder}/list.json: is no topology file; the one that the run was given is accepted",
            *("topology", self.run_folder, "--topology", self.run_folder / "list.json"),
        )
        stale = self.run_folder / "staleness.csv"
        stale.write_text("layer,age_steps,parameters\n")
        self.check_error(f"{stale}: no rows; a result folder of ringsim run -o is accepted", "ages", self.run_folder)
        stale.write_text("layer,age_steps,parameters\na,0,0\n")
        self.check_error(
            f"{stale}: every count of parameters is 0; a run that sends something is accepted", "ages", self.run_folder
        )
        points = self.run_folder / "points.csv"
        points.write_text("size_bytes,measured_s,fitted_s,piece,held_out\n0,1,1,0,0\n")
        self.check_error(
            f"{points}: no size and time above 0; a file of ringsim calibrate --points is accepted",
            "calibration",
            points,
        )

    def test_too_many_or_the_same_source(self):
        run = self.run_folder
        for plot, what in (("density", "result folders"), ("calibration", "files")):
            self.check_error(f"{plot}: found 2 {what}; one is accepted", plot, run, run)
        self.check_error(f"{run}: found twice; every result folder is accepted once", "loss", run, run)
        self.check_error(
            "step: result folders: found 25; at most 24 are accepted; draw some of them", "step", *[run] * 25
        )

    def test_choices_that_a_scan_does_not_have(self):
        scan = self.scan / "scan.csv"
        known = "ranks, bandwidth, scheme, density"
        for text in ("scheme", "schema=iwp"):
            self.check_error(
                f"{scan}: --where: found {text}; OPTION=VALUE[,VALUE...] is accepted, of {known}",
                "scan",
                self.scan,
                "--where",
                text,
            )
        self.check_error(
            f"{scan}: --where: scheme: found topk; dense, iwp are accepted", "scan", scan, "--where", "scheme=topk"
        )
        self.check_error(
            f"{scan}: --x: found latency, which does not vary; accepted: {known}", "scan", scan, "--x", "latency"
        )
        self.check_error("--y: has no effect with --as lines; leave it out", "scan", scan, "--y", "ranks")
        self.check_error(
            "--by: has no effect with --as map; leave it out", "scan", scan, "--as", "map", "--by", "ranks"
        )
        self.check_error(
            f"{scan}: no point is left (1 points failed, 12 have no accuracy); "
            "other values of --where or --figure are accepted",
            "scan",
            scan,
            "--figure",
            "accuracy",
        )
        self.check_error(
            f"{scan}: every point has 8 ranks; a scan over several is accepted", "scaling", scan, "--where", "ranks=8"
        )
        self.check_error(
            f"{scan}: found no option whose values compete; --by OPTION is accepted: ranks, bandwidth",
            "scan",
            scan,
            "--as",
            "crossover",
            "--where",
            "scheme=dense",
        )

    def test_more_lines_than_can_be_told_apart(self):
        rows = [f"{i},8,{1 + i % 2}Gbps,dense,1/{i // 2 + 1},8,1,1,,\n" for i in range(44)]
        (self.scan / "scan.csv").write_text(SCAN + "".join(rows))
        self.check_error(
            f"{self.scan}/scan.csv: lines: found 22; at most 21 are accepted; --where OPTION=VALUE chooses",
            "scan",
            self.scan,
            "--x",
            "bandwidth",
        )

    def test_endings_and_folders_that_cannot_be_written(self):
        for path, message in (
            (self.root / "x.pdf", 'found the ending ".pdf"; .png and .svg are accepted'),
            (self.root / "none/x.png", "cannot be written (No such file or directory)"),
        ):
            self.assertEqual(self.plot("loss", self.run_folder, "-o", path), (2, f"{path}: {message}\n"))


unittest.main()
