#!/usr/bin/env python3
"""Standard streams and files as they should not be. Usage: files_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import json
import os
import pathlib
import signal
import stat
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli_case import PROGRAM, Case, csv_rows  # noqa: E402

PURE = ["--bytes", "1MB", "--compute-time", "0s", "--scheme", "dense"]


class Streams(Case):
    """stdin, stdout and stderr, closed or full."""

    def shell(self, command, *arguments):
        return subprocess.run(
            ["bash", "-c", command, PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder
        )

    def test_a_full_stdout_is_an_error_of_every_command(self):
        (self.folder / "a.csv").write_text("bytes,seconds\n8,1e-5\n1000,2e-5\n2000,3e-5\n")
        for words in (
            ["--help"],
            ["topology", "show", "ring8-1g"],
            ["topology", "schema"],
            ["list", "schemes"],
            ["explain", "dense"],
            ["completion", "bash"],
            ["run", *PURE, "--quiet"],
            ["scan", *PURE, "--quiet"],
            ["optimize", "--bytes", "1MB", "--compute-time", "0s", "--scheme", "dense", "--quiet"],
            ["calibrate", "a.csv"],
        ):
            done = self.shell('"$0" "$@" > /dev/full', *words)
            message = "standard output: cannot be written (No space left on device)\n"
            self.assertEqual((done.returncode, done.stderr), (1, message), words)

    def test_a_closed_stdout_is_an_error(self):
        done = self.shell('"$0" topology check ring8-1g >&-')
        self.assertEqual(
            (done.returncode, done.stderr), (1, "standard output: cannot be written (Bad file descriptor)\n")
        )

    def test_what_goes_to_closed_streams_gets_into_no_file(self):
        for closed in ("2>&-", "<&- 2>&-", "<&- >&- 2>&-", "2>/dev/full"):
            folder = f"run{len(list(self.folder.iterdir()))}"
            done = self.shell(f'"$0" run "$@" {closed}', *PURE, "-o", folder)
            self.assertEqual(done.returncode, 1 if ">&- " in closed else 0, closed)
            links = (self.folder / folder / "links.csv").read_text()
            self.assertEqual(len(csv_rows(links)), 16)
            self.assertTrue(links.startswith("link,bytes,busy_s,utilization\nlink0,"), links)
        done = self.shell('"$0" scan "$@" -o scan 2>&-', *PURE, "--jitter", "0,0.1")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(csv_rows((self.folder / "scan/scan.csv").read_text())), 2)


class Outputs(Case):
    """What -o may name."""

    def export(self, path):
        done = self.ringsim("topology", "export", "ring8-1g", "-o", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_link_stays_and_its_target_is_written(self):
        (self.folder / "inner").mkdir()
        link, dangling = self.folder / "link", self.folder / "dangling"
        (self.folder / "target").write_text("old")
        link.symlink_to("target")
        dangling.symlink_to("inner/new")
        for path, target in ((link, "target"), (dangling, "inner/new")):
            self.export(path)
            self.assertTrue(path.is_symlink())
            self.assertIn("<platform", (self.folder / target).read_text())
        self.assertEqual(len(list(self.folder.iterdir())) + len(list((self.folder / "inner").iterdir())), 5)

    def test_a_pipe_is_written_to(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
            self.export(pipe)
            self.assertIn("<platform", reader.communicate()[0])
        self.assertTrue(pipe.is_fifo())

    def test_a_device_is_written_to(self):
        device = self.folder / "null"
        try:
            os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            device.read_bytes()
        except OSError as error:
            self.skipTest(f"devices cannot be made here ({error})")
        self.export(device)
        self.assertTrue(device.is_char_device())

    def test_a_file_is_named_once_and_has_a_name(self):
        table = self.folder / "a.csv"
        table.write_text("bytes,seconds\n8,1e-5\n1000,2e-5\n2000,3e-5\n")
        both = self.folder / "x.json"
        self.check_error(
            f"--points: {both} is the file of --output too; another file is accepted",
            *("calibrate", table, "--hosts", "4", "-o", both, "--points", both),
        )
        self.check_error(
            f"--output: {table} is the file that is read; another file is accepted",
            *("calibrate", table, "--hosts", "4", "-o", table),
        )
        for command in (["run", *PURE], ["scan", *PURE], ["topology", "export", "ring8-1g"], ["calibrate", table]):
            self.check_error('--output: found ""; the name of a file or folder is accepted', *command, "-o", "")

    def test_a_killed_run_does_not_block_the_next(self):
        folder = self.folder / "run"
        command = [PROGRAM, "run", "--epochs", "50", "-o", folder, "--quiet"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
            for _ in range(600):
                if folder.is_dir() and list(folder.glob("summary*")) + list(folder.glob("layers.csv.*")):
                    break
                time.sleep(0.05)
            self.check_error(
                f"{folder}: is not empty; a new or empty folder is accepted; choose another folder for -o, or "
                "remove this one",
                *("run", *PURE, "--quiet", "-o", folder),
            )
            run.send_signal(signal.SIGKILL)
        self.assertTrue(list(folder.iterdir()))
        self.good("run", *PURE, "--quiet", "-o", folder)
        self.assertEqual([path.name for path in folder.glob("*.partial")], [])


class Inputs(Case):
    """Inputs without an end, without a beginning, and changed ones."""

    def test_inputs_without_an_end_are_refused(self):
        pipe = self.folder / "pipe.json"
        os.mkfifo(pipe)
        for option in ("--topology", "--compute-time", "--compress-time", "--model"):
            source = ["--source", "synthetic"]
            device = self.ringsim("run", *source, option, "/dev/zero")
            self.assertEqual(device.returncode, 2, device.stderr)
            self.assertRegex(device.stderr, r"^/dev/zero: is a device; .*give a file or a pipe\n$")
            begun = time.monotonic()
            done = self.ringsim("run", *source, option, pipe)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, f"^{pipe}: is a pipe that nothing writes to")
            self.assertLess(time.monotonic() - begun, 5)
        self.check_error(
            "/dev/zero: is a device; a table of nccl-tests (text or JSON), JSON of iperf3, or CSV is accepted; "
            "give a file or a pipe",
            *("calibrate", "/dev/zero"),
        )

    def test_a_pipe_is_read_to_its_end_or_its_limit(self):
        ring = '{"name":"x","kind":"ring","hosts":4,"link":{"bandwidth":"1Gbps","latency":"5us"}}'
        done = self.ringsim("topology", "check", "/dev/stdin", input=ring)
        self.assertEqual((done.stdout, done.stderr), ("x: ring, 4 hosts, 8 links\n", ""))
        with subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE) as zeros:
            self.check_error(
                "/dev/stdin: goes on after 67.1MB, the most that is read of it",
                *("topology", "check", "/dev/stdin"),
                stdin=zeros.stdout,
            )
            zeros.kill()
        large = self.folder / "large.json"
        with large.open("wb") as file:
            file.truncate(1 << 40)
        self.check_error(
            f"{large}: has 1.1TB, more than the 268MB that are read of such a file", "topology", "check", large
        )

    def test_control_characters_in_names_are_refused_where_they_stand(self):
        link = {"bandwidth": "1Gbps", "latency": "5us"}
        accepted = "a text without control characters is accepted"
        for key, value, place, shown in (
            ("name", "a\x1b[31m", "/name", "a\\x1b[31m"),
            ("description", "a\nb", "/description", "a\\nb"),
            ("links", [{**link, "name": "c\x07"}, link, link], "/links/0/name", "c\\x07"),
        ):
            ring = {"name": "x", "kind": "ring", "links": [link, link, link], key: value}
            (self.folder / "x.json").write_text(json.dumps(ring))
            self.check_error(
                f'{self.folder}/x.json: {place}: found the string "{shown}"; {accepted}',
                *("topology", "check", self.folder / "x.json"),
            )

    def test_a_trace_that_was_changed_is_refused(self):
        values = array.array("f", ((i * 7919 % 1009 - 504) / 504 for i in range(2 * 2048)))
        for name, shape in (("w.npy", (2048,)), ("g.npy", (2, 2048))):
            header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
            count = 2048 * (len(shape) * 2 - 2 or 1)
            magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
            (self.folder / name).write_bytes(magic + header.encode() + values[:count].tobytes())
        dump = ["--weights", self.folder / "w.npy", "--gradients", self.folder / "g.npy"]
        trace = self.folder / "trace"
        self.good("prune", *dump, "--masks", "-o", trace, "--quiet")
        listed = json.loads((trace / "trace.json").read_text())["files"]
        self.assertEqual([file["name"] for file in listed], ["trace_layers.csv", "masks/step-000000.safetensors"])
        replay = ["run", "--source", f"trace:{trace}", "--compute-time", "1ms", "--quiet", "--topology", "ring"]
        replay += ["--ranks", "2", "--bandwidth", "1Gbps", "--latency", "5us"]
        on_ring = [*replay, "--scheme", "topk", "--sparse-sum", "ring"]
        self.good(*replay)
        self.good(*on_ring)
        mask = trace / "masks/step-000000.safetensors"
        mask.write_bytes(mask.read_bytes()[:-1] + b"\xff")
        self.good(*replay)
        self.assertRegex(
            self.ringsim(*on_ring).stderr,
            f"^{mask}: was changed after it was written: its SHA-256 is [0-9a-f]{{64}}; [0-9a-f]{{64}}, as in "
            "trace.json, is accepted; prune once more\n$",
        )
        table = trace / "trace_layers.csv"
        row = csv_rows(table.read_text())[0]
        encodings = [name for name in row if name.endswith("bytes") and row[name]]
        text = table.read_text().replace(row[encodings[0]], str(int(row[encodings[0]]) + 1), 1)
        table.write_text(text)
        done = self.ringsim(*replay)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{table}: was changed after it was written", done.stderr)


unittest.main()
