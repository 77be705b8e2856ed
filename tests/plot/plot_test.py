#!/usr/bin/env python3
"""Tests of what tools/plot draws. Usage: plot_test.py SOURCE_ROOT. Exits with 77 where matplotlib is missing."""
import ast
import json
import re
import subprocess
import sys
import unittest

from plot_case import LAYERS, PROGRAM, SCAN, STEPS, Plots, Scan, ringsim_plot, write_runs


class EveryPlot(Plots):
    def test_a_png_is_written(self):
        for plot, *_ in ringsim_plot.PLOTS:
            with self.subTest(plot):
                path = self.root / f"{plot}.png"
                self.assertEqual(self.plot(plot, self.source(plot), "-o", path), (0, ""))
                self.assertEqual(path.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
                self.assertEqual([path.name for path in self.root.glob(".*")], [])

    def test_the_program_by_itself_draws_the_same_bytes(self):
        arguments = ["scan", self.scan, "--as", "crossover"]
        here, there = ([self.root / f"{name}.{kind}" for kind in ("png", "svg")] for name in ("here", "there"))
        self.assertEqual(self.plot(*arguments, "-o", here[0], "-o", here[1]), (0, ""))
        done = subprocess.run(
            [sys.executable, PROGRAM, *arguments, "-o", there[0], "-o", there[1]], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertIn(b"<svg", here[1].read_bytes())
        self.assertEqual([path.read_bytes() for path in here], [path.read_bytes() for path in there])

    def test_the_data_is_what_is_drawn(self):
        changes = {
            "loss": ("steps.csv", "0.5,2,", "0.5,3,"),
            "accuracy": ("steps.csv", "0.75", "0.7"),
            "step": ("steps.csv", "0.25,,0.5,0.25", "0.125,0.125,0.5,0.25"),
            "error": ("layers.csv", "0.8,0.4", "0.81,0.4"),
            "ages": ("staleness.csv", "a,4,2", "a,5,2"),
            "links": ("links.csv", "0.002", "0.003"),
            "topology": ("links.csv", "0.002", "0.3"),
            "density": ("layers.csv", "2,a,10,0.01", "2,a,10,0.02"),
            "overlap": ("layers.csv", "0.5,0.25", "0.5,0.5"),
            "scan": ("../scan/scan.csv", "0.5,8.0", "0.5,7.0"),
            "scaling": ("../scan/scan.csv", ",8,0.5,8.0", ",8,0.25,8.0"),
            "calibration": ("points.csv", "9000,5e-6", "9000,6e-6"),
            "hops": ("hops.csv", "0.15", "0.16"),
        }
        for plot, *_ in ringsim_plot.PLOTS:
            with self.subTest(plot):
                name, before, after = changes[plot]
                drawn = self.drawn(plot, self.source(plot))
                path = self.run_folder / name
                text = path.read_text()
                self.assertIn(before, text)
                path.write_text(text.replace(before, after))
                self.assertNotEqual(self.drawn(plot, self.source(plot))[0], drawn[0])
                path.write_text(text)

    def test_a_single_row_and_values_far_apart_are_drawn(self):
        other = self.root / "other"
        write_runs(other)
        self.write("steps.csv", STEPS + "0,0,1e-9,0,0,0,1e-9,1,0\n")
        self.write("layers.csv", LAYERS + "0,a,1,1e-9,1e9,0,\n")
        self.write("links.csv", "link,bytes,utilization\nl0,1,1e-9\nl1,1,0.9\nl0:reverse,1,0\nl1:reverse,1,0\n")
        self.write("staleness.csv", "layer,age_steps,parameters\na,0,1\n")
        for plot in ("loss", "accuracy", "step", "error", "ages", "links", "density", "topology"):
            with self.subTest(plot):
                self.drawn(plot, self.run_folder)
        for plot in ("loss", "accuracy", "step", "error", "ages", "links"):
            with self.subTest(plot):
                self.drawn(plot, self.run_folder, other)
        self.assertIn("1.00 ns = 1.00 ns + 0 s + 0 s", self.drawn("step", self.run_folder)[1])
        self.assertIn("1e-07 %", self.drawn("links", self.run_folder)[1])


class Runs(Plots):
    def test_step_names_its_parts(self):
        _, texts = self.drawn("step", self.run_folder)
        self.assertIn("500 ms = 250 ms + 0 s + 250 ms", texts)
        self.assertIn("exposed exchange", texts)
        self.assertIn("time of the step", texts)

    def test_density_leaves_out_what_is_sent_whole(self):
        _, texts = self.drawn("density", self.run_folder)
        self.assertIn("layer, from the input (1 that are sent whole are left out)", texts)
        self.assertNotIn("b", texts)
        layers = self.run_folder / "layers.csv"
        layers.write_text(layers.read_text().replace("2,b,1,1,", "2,b,1,0.5,"))
        _, texts = self.drawn("density", self.run_folder)
        self.assertIn("layer, from the input", texts)
        self.assertIn("b", texts)

    def test_density_of_many_layers_names_those_that_have_a_place(self):
        self.write("layers.csv", LAYERS + "".join(f"0,layer{i},1,0.{i + 10},,,\n" for i in range(161)))
        _, texts = self.drawn("density", self.run_folder)
        self.assertEqual([t for t in texts if re.fullmatch(r"layer\d+", t)], [f"layer{3 * i}" for i in range(54)])
        self.assertIn("layer, from the input; one in 3 is named", texts)

    def test_overlap_draws_what_is_pruned_beside_chance(self):
        _, texts = self.drawn("overlap", self.run_folder)
        self.assertIn("a, by chance", texts)
        self.assertNotIn("b", texts)
        rows = [f"{step},layer{i},1,0.{i + 1},,,0.5\n" for step in range(2) for i in range(7)]
        self.write("layers.csv", LAYERS + "".join(rows))
        _, texts = self.drawn("overlap", self.run_folder)
        self.assertIn("layer6", texts)
        self.assertNotIn("layer6, by chance", texts)

    def test_error_of_many_layers_is_their_mean_and_range(self):
        self.assertIn("a", self.drawn("error", self.run_folder)[1])
        rows = [f"{step},layer{i},1,0.5,0.{i + 1 + step},0.5,\n" for step in range(2) for i in range(7)]
        self.write("layers.csv", LAYERS + "".join(rows))
        _, texts = self.drawn("error", self.run_folder)
        self.assertIn("from the least to the most of 7 layers", texts)
        self.assertNotIn("layer6", texts)

    def test_ages_of_many_layers_are_those_of_the_largest(self):
        _, texts = self.drawn("ages", self.run_folder)
        self.assertIn("all layers", texts)
        # What is sent whole is never old.
        self.assertIn("a", texts)
        self.assertNotIn("b", texts)
        rows = [f"layer{i},5,{i}\n" for i in range(1, 9)]
        self.write("staleness.csv", "layer,age_steps,parameters\n" + "".join(rows))
        _, texts = self.drawn("ages", self.run_folder)
        self.assertIn("the 6 largest of 8 layers that are not sent whole", texts)
        self.assertIn("layer3", texts)
        self.assertNotIn("layer2", texts)

    def test_links_are_bars_where_few_and_a_line_where_many(self):
        _, texts = self.drawn("links", self.run_folder)
        self.assertEqual([text for text in texts if " %" in text], ["50 %", "0.2 %"])
        self.assertNotIn("l0:reverse", texts)
        rows = [f"link{i},1,{(i + 1) / 1e4}\n" for i in range(128)]
        self.write("links.csv", "link,bytes,utilization\n" + "".join(rows))
        _, texts = self.drawn("links", self.run_folder)
        self.assertIn("run: 128 links, the busiest link127 at 1.28 %", texts)
        self.assertEqual([t for t in texts if re.fullmatch(r"link\d+", t)], [f"link{4 * i}" for i in range(32)])

    def test_calibration_draws_each_piece_and_what_was_held_out(self):
        _, texts = self.drawn("calibration", self.run_folder / "points.csv")
        for text in ("fitted, piece 2", "measured, held out", "size [B]", "error [%]"):
            self.assertIn(text, texts)
        self.assertNotIn("fitted, piece 3", texts)


class Topologies(Plots):
    # Links in the order in which topologies/kinds/ name them.
    KINDS = {
        "ring": ["a", "b", "c", "a:reverse", "b:reverse", "c:reverse"],
        "switch": ["x:up", "y:up", "x:down", "y:down", "backbone"],
        "hierarchical": [f"gpu{i}:{way}" for way in ("up", "down") for i in range(4)]
        + [f"nic{i}:{way}" for way in ("up", "down") for i in range(2)],
        "fat-tree": [f"host{i}:{way}" for way in ("up", "down") for i in range(4)]
        + [f"leaf{i}-spine0:{way}" for way in ("up", "down") for i in range(2)],
        "torus": [
            f"{cable}:{way}"
            for way in ("up", "down")
            for cable in ("host0-host1", "host3-host2", "host0-host3", "host1-host2")
        ],
        "dragonfly": [f"host{i}:{way}" for way in ("up", "down") for i in range(2)]
        + ["group0-group1:up", "group0-group1:down"],
    }

    def test_every_kind_is_known_by_the_names_of_its_links(self):
        for kind, links in self.KINDS.items():
            with self.subTest(kind):
                rows = [f"{link},{i},{i / 100}\n" for i, link in enumerate(links)]
                self.write("links.csv", "link,bytes,utilization\n" + "".join(rows))
                _, texts = self.drawn("topology", self.run_folder)
                carried = f"{len(links) - 1} of {len(links)} links carried something (grey: nothing),"
                self.assertIn(f"{kind}: {carried}", texts)
                self.assertIn(f"the busiest {links[-1]} at {len(links) - 1} %", texts)
                hosts = 3 if kind == "ring" else 2 if kind in ("switch", "dragonfly") else 4
                for host in range(hosts):
                    self.assertIn(str(host), texts)

    def test_any_network_is_drawn_by_the_routes_of_its_file(self):
        routes = [(0, 1, ["a", "b"]), (1, 0, ["c"]), (0, 2, ["a", "d"]), (2, 0, ["e"]), (1, 2, ["f"]), (2, 1, ["g"])]
        topology = {
            "kind": "routes",
            "hosts": 3,
            "routes": [{"from": source, "to": target, "links": links} for source, target, links in routes],
        }
        file = self.run_folder / "mine.json"
        file.write_text(json.dumps(topology))
        self.write("links.csv", "link,bytes,utilization\n" + "".join(f"{link},1,0.5\n" for link in "abcdefg"))
        numbers, texts = self.drawn("topology", self.run_folder, "--topology", file)
        self.assertIn("network: 7 of 7 links carried something (grey: nothing),", texts)
        for host in range(3):
            self.assertIn(str(host), texts)
        # Three hosts, the place where "a" ends, and a line of each link.
        points = [len(line) - 1 for line in ast.literal_eval(numbers) if isinstance(line, list)]
        self.assertEqual((points.count(2), points.count(1)), (7, 4))

    def test_a_file_tells_the_nodes_of_gpus_with_a_card_each(self):
        names = [f"{what}{i}:{way}" for what in ("gpu", "nic") for way in ("up", "down") for i in range(4)]
        self.write("links.csv", "link,bytes,utilization\n" + "".join(f"{link},1,0.5\n" for link in names))
        file = self.run_folder / "mine.json"
        file.write_text(json.dumps({"kind": "hierarchical", "gpus_per_node": 2}))
        self.assertIn("node 1", self.drawn("topology", self.run_folder, "--topology", file)[1])
        self.assertNotIn("node 1", self.drawn("topology", self.run_folder)[1])


class Scans(Plots):
    def test_lines_are_the_combinations_and_what_failed_is_said(self):
        _, texts = self.drawn("scan", self.scan, "--x", "bandwidth")
        for text in ("ranks 8, dense", "ranks 16, iwp, density 1/16", "bandwidth", "100Gbps", "seconds_per_step.total"):
            self.assertIn(text, texts)
        self.assertIn("1 points failed and are left out", texts)

    def test_where_chooses_points(self):
        _, texts = self.drawn("scan", self.scan, "--where", "scheme=iwp", "--where", "density=1/64", "--x", "ranks")
        self.assertIn("1Gbps", texts)
        self.assertNotIn("dense", " ".join(texts))
        self.assertNotIn("1 points failed and are left out", texts)

    def test_a_map_has_a_panel_for_each_other_combination(self):
        _, texts = self.drawn("scan", self.scan, "--as", "map", "--y", "ranks", "--where", "density=1/64")
        self.assertIn("dense", texts)
        self.assertIn("iwp, density 1/64", texts)
        self.assertIn("16.0 s", texts)

    def test_crossover_over_one_option_says_where_two_are_equal(self):
        chosen = ("--where", "ranks=8", "--where", "density=1/64")
        _, texts = self.drawn("scan", self.scan, "--as", "crossover", *chosen)
        self.assertIn("iwp = dense at bandwidth 31.6Gbps", texts)

    def test_crossover_over_two_options_has_the_factor_in_each_cell(self):
        _, texts = self.drawn("scan", self.scan, "--as", "crossover", "--y", "ranks")
        self.assertIn("dense: 2 of 4", texts)
        self.assertIn("iwp: 2 of 4", texts)
        self.assertEqual([text for text in texts if re.fullmatch(r"[\d.]+x", text)], ["8.00x", "2.00x"] * 2)
        self.assertEqual([text for text in texts if text in ("iwp", "dense")], ["iwp", "dense"] * 2)

    def test_what_an_option_does_not_apply_to_holds_for_all_its_values(self):
        # dense has no density: it competes at each, where both of iwp are.
        _, texts = self.drawn("scan", self.scan, "--as", "crossover", "--y", "density", "--where", "ranks=8")
        self.assertEqual([text for text in texts if text.endswith("x")], ["8.00x", "5.33x", "2.00x", "3.00x"])

    def test_seeds_are_averaged_over(self):
        """Times 1, 2 and 3 s: the mean is 2 s, and 4.303 / sqrt(3) s lie on each side of it."""
        rows = [
            f"{point},8,{bandwidth},{scheme},,{seed},8,0.5,{time},,\n"
            for point, (bandwidth, scheme, seed, time) in enumerate(
                (bandwidth, scheme, seed, time if scheme == "iwp" else 10)
                for bandwidth in ("1Gbps", "100Gbps")
                for scheme in ("dense", "iwp")
                for seed, time in ((1, 1), (2, 2), (3, 3))
            )
        ]
        (self.scan / "scan.csv").write_text(SCAN.replace("density,", "density,option.seed,") + "".join(rows))
        numbers, texts = self.drawn("scan", self.scan)
        self.assertIn("means over seeds, on lines with their 95 % intervals", texts)
        self.assertNotIn("seed 1", " ".join(texts))
        points = Scan(self.scan, "seconds_per_step.total", []).points
        self.assertEqual([point.value for point in points], [10, 2, 10, 2])
        self.assertAlmostEqual(points[1].half, 4.303 / 3**0.5, places=12)
        self.assertIn(f"{2 - points[1].half}", numbers)
        # One option is left: the crossover is a map of seeds where they are asked for alone.
        self.assertIn("iwp: 6 of 6", self.drawn("scan", self.scan, "--as", "crossover", "--y", "seed")[1])
        self.assertNotIn("iwp: 6 of 6", self.drawn("scan", self.scan, "--as", "crossover")[1])

    def test_scaling_draws_the_share_of_computing(self):
        _, texts = self.drawn("scaling", self.scan)
        self.assertIn("scaling factor: computing [%]", texts)
        self.assertIn("1Gbps, iwp, density 1/64", texts)


unittest.main()
