#!/usr/bin/env python3
"""Standard streams and files as they should not be. Usage: files_test.py RINGSIM SOURCE_ROOT [CASE...]"""
import array
import gzip
import json
import os
import pathlib
import resource
import signal
import stat
import struct
import subprocess
import sys
import time
import unittest
import zlib

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
        done = self.shell('"$0" scan "$@" -o scan 2>&-', *PURE, "--steps", "1,2")
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


class Memory(Case):
    """Runs that cannot fit are refused before anything is written."""

    def refused(self, *options, limit=None):
        begun = time.monotonic()
        done = subprocess.run(
            [PROGRAM, "run", "--scheme", "dense", "--bandwidth", "1Gbps", "--latency", "1us"]
            + [*map(str, options), "--quiet", "-o", self.folder / "run"],
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))),
        )
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(list(self.folder.iterdir()), [])
        return done.stderr

    def test_the_option_is_named_that_would_make_a_run_fit(self):
        needs = r"the run would take .*B of memory, .*B of it for {}, and .*B are free \(.*\); {}\n$"
        self.assertRegex(
            self.refused(*"--bytes 1TB --bucket 1B --topology ring --ranks 8 --compute-time 0s".split()),
            "^--bucket: " + needs.format("250000000001 buckets", "give a larger --bucket"),
        )
        self.assertRegex(
            self.refused(
                *"--bytes 1MB --topology switch --ranks 1048576 --collective pairwise --compute-time 0s".split()
            ),
            "^--collective: " + needs.format("1099510579200 routes", "choose a --collective .*, or fewer --ranks"),
        )

    @unittest.skipIf(b"__asan_init" in pathlib.Path(PROGRAM).read_bytes(), "sanitizers take all addresses")
    def test_the_limits_of_the_process_count(self):
        # Steps in which updates come late are kept; others are written as they end.
        small = ["--source", "train", "--topology", "ring", "--ranks", "2", "--staleness", "1"]
        limit = 2_000_000 * 1024
        self.assertRegex(
            self.refused(*small, "--steps", "100000000", limit=limit),
            r"^--steps: .* 100000000 steps, and .* are free \(ulimit -v\); give fewer --steps\n$",
        )

    @unittest.skipIf(b"__asan_init" in pathlib.Path(PROGRAM).read_bytes(), "sanitizers take all addresses")
    def test_memory_that_ends_meanwhile_is_called_so(self):
        limit = 60_000 * 1024  # the program itself is loaded; the training's images do not fit
        done = self.ringsim(
            *"run --steps 2 --scheme dense --quiet -o".split(),
            self.folder / "run",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        )
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr),
            (
                1,
                "",
                "the machine gives no more memory; fewer ranks, a smaller model, fewer jobs or a higher limit "
                "(ulimit -v) is needed\n",
            ),
        )
        self.assertEqual(list(self.folder.iterdir()), [])


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

    def test_data_that_are_elsewhere_are_said_to_be(self):
        environment = os.environ | {"RINGSIM_DATA": str(self.folder)}
        for kind, words in (
            ("topologies", [*PURE, "--topology", "ring8-1g"]),
            ("gpus", [*PURE, *"--topology ring --ranks 2 --bandwidth 1Gbps --latency 0s --gpu v100".split()]),
            ("traces", ["--source", "trace:alexnet"]),
        ):
            self.check_error(
                f"{self.folder}/{kind}: there are no {kind} of ringsim's own; a folder that has them is accepted for "
                "RINGSIM_DATA; unset it to take those of the program",
                "run",
                *words,
                env=environment,
            )

    def bounded(self, *arguments, stdin=subprocess.DEVNULL):
        """What is said of an input that does not end, within a second of CPU and 200 MB."""
        child = subprocess.Popen(
            [PROGRAM, *map(str, arguments)], stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        said = child.stderr.read()
        child.stderr.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 2, said)
        if b"__asan_init" not in pathlib.Path(PROGRAM).read_bytes():
            self.assertLess(usage.ru_utime + usage.ru_stime, 1, arguments)
            self.assertLess(usage.ru_maxrss, 200e6 / 1024, arguments)
        return said

    def test_inputs_without_an_end_take_little_time_and_memory(self):
        # A block of zeros that the packer has begun anew after may stand as often as one likes.
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
        block = packer.compress(bytes(1 << 22)) + packer.flush(zlib.Z_FULL_FLUSH)
        bomb = self.folder / "bomb.json.gz"
        bomb.write_bytes(head + 128 * block)  # 512 MiB
        model = ["--source", "synthetic", "--model", "alexnet", "--scheme", "dense"]
        self.assertEqual(
            self.bounded("run", *model, "--compute-time", bomb),
            f"{bomb}: byte 67108864 of the unpacked data: the data goes on where it has to end; a packed trace of up "
            "to 64 MiB, or of 256 MiB that was packed to a hundredth or more, is accepted; "
            "unpack it, or record fewer steps\n",
        )
        datasets = self.folder / "fashion-mnist"
        datasets.mkdir()
        names = [
            f"{part}-{kind}.gz" for part in ("train", "t10k") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ]
        for name in names:
            os.link(bomb, datasets / name)
        os.environ["RINGSIM_DATASETS"] = str(self.folder)
        self.addCleanup(os.environ.pop, "RINGSIM_DATASETS")
        self.assertRegex(self.bounded("run", "--steps", 1), "unpacked data: the data goes on where it has to end")
        pipe = self.folder / "pipe.json"
        os.mkfifo(pipe)
        for source in (pipe, "/dev/zero"):
            self.bounded("run", *model, "--compute-time", source)
            self.bounded("run", "--topology", source)
            self.bounded("scan", "--topology", source)
        with subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE) as zeros:
            self.bounded("topology", "check", "/dev/stdin", stdin=zeros.stdout)
            zeros.kill()

    def test_a_packed_trace_is_read_as_it_is_unpacked(self):
        path = self.folder / "step.json.gz"
        path.write_bytes(gzip.compress(b'{"traceEvents": 5}'))
        self.check_error(
            f"{path}: /traceEvents: found the number 5; a list is accepted",
            *("run", "--source", "synthetic", "--model", "alexnet", "--scheme", "dense", "--compute-time", path),
        )
        path.write_bytes(path.read_bytes()[:-12])
        self.assertRegex(
            self.ringsim("run", "--source", "synthetic", "--model", "alexnet", "--compute-time", path).stderr,
            "the gzip stream is cut off",
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
