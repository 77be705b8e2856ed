#!/usr/bin/env python3
"""What `ringsim run` says of wrong input. Usage: mistakes_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import json
import os
import pathlib
import stat
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import QUICK, ROOT, Case  # noqa: E402


class RunMistakes(Case):
    def test_a_hierarchical_all_reduce_is_refused_where_nodes_do_not_stay_whole(self):
        topology = self.folder / "nodes.json"

        def run_with(**changes):
            topology.write_text(
                json.dumps(
                    {
                        "name": "nodes",
                        "kind": "hierarchical",
                        "nodes": 2,
                        "gpus_per_node": 2,
                        "inner": {"bandwidth": "100Gbps", "latency": "1us"},
                        "nics": "per-gpu",
                        "nic": {"bandwidth": "10Gbps", "latency": "5us"},
                        **changes,
                    }
                )
            )
            return [
                "run",
                "--bytes",
                "8MB",
                "--scheme",
                "dense",
                "--compute-time",
                "0s",
                "--topology",
                topology,
                "--collective",
                "hierarchical",
                "--quiet",
            ]

        # Inside the nodes 2 rounds of 2 us + 4 MB / 12.5 GB/s, between them 2 of 10 us + 2 MB / 1.25 GB/s.
        summary = json.loads(self.good(*run_with(), "--format", "json"))
        self.assertAlmostEqual(
            summary["simulated_seconds"], 2 * (2e-6 + 4e6 / 12.5e9) + 2 * (10e-6 + 2e6 / 1.25e9), places=12
        )
        self.check_error(
            "--ranks: found 3; a multiple of 2, the GPUs of a node, is accepted with --collective hierarchical",
            *run_with(),
            "--ranks",
            "3",
        )
        self.check_error(
            "--collective: hierarchical needs whole nodes, and hosts of nodes die; another one is accepted "
            "(ringsim list collectives)",
            *run_with(host_exceptions=[{"host": 1, "dies": "10ms"}]),
        )

    def test_wrong_input(self):
        missing = self.folder / "missing.json"
        self.check_error(f"{missing}: no such file", "run", "--topology", missing)
        broken = self.folder / "broken.json"
        broken.write_text('{\n  "kind": ring\n}\n')
        done = self.ringsim("run", "--topology", broken)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(
            done.stderr,
            f'{broken}: line 2, column 11: broken JSON: found "ring"; a value is accepted\n',
        )
        text = (ROOT / "topologies/ring8-1g.json").read_text()

        def topology_with(old, new):
            path = self.folder / "ring.json"
            self.assertIn(old, text)
            path.write_text(text.replace(old, new))
            return path

        path = topology_with('"hosts"', '"hostss"')
        self.check_error(
            f'{path}: /hostss: unknown key (did you mean "hosts"?); accepted keys: $schema, name, description, '
            "kind, gpu, library, nvls, hosts, link, links, link_exceptions, host, host_exceptions, "
            "calibration",
            "run",
            "--topology",
            path,
        )
        path = topology_with('"1Gbps"', "1000")
        self.check_error(
            f'{path}: /link/bandwidth: found the number 1000; a bandwidth such as "10Gbps" is accepted; write '
            "it as a string with its unit",
            "run",
            "--topology",
            path,
        )
        path = topology_with('"1Gbps"', '"-1Gbps"')
        self.check_error(
            f'{path}: /link/bandwidth: "-1Gbps" is negative; a bandwidth above zero such as 10Gbps or 1.25GBps '
            "is accepted",
            "run",
            "--topology",
            path,
        )
        path = topology_with('"hosts": 8', '"hosts": 1')
        self.check_error(
            f"{path}: /hosts: found the number 1; a whole number from 2 to 1048576 is accepted",
            "run",
            "--topology",
            path,
        )
        self.check_error("--ranks: found 9; 2 to 8 (the hosts of ring8-1g) is accepted", "run", "--ranks", "9")
        self.check_error(
            '--scheme: unknown scheme "iwq" (did you mean "iwp"?); accepted: dense, iwp, magnitude, cltk, '
            "topk, randomk, qsgd, terngrad, signsgd, powersgd",
            "run",
            "--scheme",
            "iwq",
        )
        self.check_error(
            '--model: unknown model "lenet" (did you mean "lenet5"?); accepted: mlp, lenet5, cnn-bn, alexnet, '
            "bert-base, "
            "bert-large, gpt2-small, gpt2-xl, resnet101, resnet50, resnet50-1001, vgg16, or a file or folder of a "
            "model (with / or .json in its name)",
            "run",
            "--model",
            "lenet",
        )
        self.check_error(
            "--model: resnet50 is known by its layers alone and cannot be trained; mlp, lenet5, cnn-bn are accepted; "
            "add --source synthetic",
            "run",
            "--model",
            "resnet50",
        )
        self.check_error(
            "--scheme: powersgd needs the shapes of a model's layers; use --source synthetic with a --model in place "
            "of --bytes",
            "run",
            "--bytes",
            "4MB",
            "--compute-time",
            "0s",
            "--scheme",
            "powersgd",
        )
        self.check_error(
            '--optimizer: unknown optimizer "adma" (did you mean "adam"?); accepted: sgd, nesterov, adam',
            "run",
            "--optimizer",
            "adma",
        )
        self.check_error(
            '--label-skew: found "0.5"; none, dirichlet:X (X from 0.001 to 1e6) or shards:K (K a whole number from '
            "1 to 1000) is accepted",
            "run",
            "--label-skew",
            "0.5",
        )
        for option, value in (("optimizer", "adam"), ("label-skew", "shards:2"), ("evaluate", "validation")):
            self.check_error(
                f"--{option}: has no effect with --source synthetic; leave it out",
                "run",
                "--source",
                "synthetic",
                f"--{option}",
                value,
            )
        for density in ("0", "1.5", "x"):
            self.check_error(
                f'--density: found "{density}"; a number above 0 and at most 1 such as 0.01 or 1/64 is accepted',
                "run",
                "--density",
                density,
            )

    def test_wrong_output_folders_are_refused_before_the_run(self):
        run = self.run_into("run")
        self.check_error(
            f"{run}: holds another run (summary.json); a new or empty folder is accepted; choose another folder "
            "for -o, or remove this one",
            "run",
            *QUICK,
            "-o",
            run,
        )
        closed = self.folder / "closed"
        closed.mkdir()
        if os.geteuid() == 0:
            # Root may write anywhere but in /proc.
            self.check_error(
                "/proc/x: cannot be created (No such file or directory); a folder that can be written to is "
                "accepted; choose another folder for -o",
                "run",
                *QUICK,
                "-o",
                "/proc/x",
            )
        else:
            closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
            self.check_error(
                f"{closed}: cannot be written to; a folder that can be written to is accepted; choose another "
                "folder for -o",
                "run",
                *QUICK,
                "-o",
                closed,
            )

    def test_a_run_that_fails_leaves_nothing(self):
        done = self.ringsim(
            "run", "--steps", "40", "--scheme", "dense", "--lr", "100000", "-o", self.folder / "a" / "b", "--quiet"
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(
            done.stderr, r"^training diverged in step \d+: the loss is not finite; a smaller --lr may help\n$"
        )
        self.assertEqual(list(self.folder.iterdir()), [])


class StalenessMistakes(Case):
    def test_wrong_options(self):
        for option in ("delay-scaling", "delay-compensation", "fresh-error"):
            value = "1" if option == "delay-compensation" else "on"
            self.check_error(
                f"--{option}: has no effect with --staleness 0; give --staleness S, or leave it out",
                "run",
                f"--{option}",
                value,
            )
        self.check_error(
            "--staleness: has no effect with a run that does not train; leave it out",
            "run",
            "--bytes",
            "1MB",
            "--compute-time",
            "1ms",
            "--staleness",
            "2",
        )
        self.check_error(
            "--local-steps: has no effect with --staleness or --quorum; leave one of the two out",
            "run",
            "--local-steps",
            "2",
            "--staleness",
            "2",
        )
        self.check_error(
            "--momentum-correction: found on with --local-steps; off is accepted; leave one of the two out: the "
            "momentum is that of each rank's own steps",
            "run",
            "--local-steps",
            "2",
            "--momentum-correction",
            "on",
        )
        self.check_error(
            "--overlap: has no effect with --local-steps; leave it out: the weights have moved when the last step "
            "has ended",
            "run",
            "--local-steps",
            "2",
            "--overlap",
            "on",
        )
        self.check_error(
            "--masks-ahead: has no effect with --local-steps; leave it out",
            "run",
            "--local-steps",
            "2",
            "--bucket",
            "100KiB",
            "--masks-ahead",
            "on",
        )
        self.check_error(
            "--masks-ahead: has no effect with --staleness or --quorum; leave it out: a bucket's mask is exchanged "
            "right before its values",
            "run",
            "--quorum",
            "2",
            "--bucket",
            "100KiB",
            "--masks-ahead",
            "on",
        )


unittest.main()
