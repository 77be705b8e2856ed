#!/usr/bin/env python3
"""Writes what fuzzers begin with: FOLDER/READER/* for the readers of tests/fuzz/readers.
Usage: seeds.py RINGSIM SOURCE_ROOT FOLDER

They are real files: of the repository, of what its tests read, and what the program writes itself; cases that lie
beside the repository (../shared/cases) are taken, too, where they are there."""
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, str(ROOT / "tests/golden"))
import inputs as golden  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/attacks"))
del sys.modules["inputs"]
import inputs as attacked  # noqa: E402

attacked.ROOT = ROOT
DIVIDER = b"\n%%\n"
LARGEST = 1 << 17
ASTRA_SIM = [
    "topology: [ Ring ]  # one\nnpus_count: [ 8 ]\nbandwidth: [ 50.0 ]\nlatency: [ 500.0 ]\n",
    "topology: Switch\nnpus_count: 4\nbandwidth: 25\nlatency: 100\n",
    "topology: [Ring, FullyConnected, Switch]\nnpus_count: [4, 3, 2]\nbandwidth: [200, 10, 1]\nlatency: [100, 10, 1]\n",
]
MATRICES = [
    "\t\x1b[4mGPU0\tGPU1\tGPU2\tNIC0\tCPU Affinity\x1b[0m\n"
    "GPU0\t X \tNV4\tSYS\tPIX\t0-31\nGPU1\tNV4\t X \tNODE\tSYS\t0-31\nGPU2\tSYS\tNODE\t X \tSYS\t32-63\n"
    "NIC0\tPIX\tSYS\tSYS\t X \t\n\nLegend:\n\n  X    = Self\n",
    "\tGPU0\tGPU1\nGPU0\t X \tNV18\nGPU1\tNV18\t X \n",
    "\tGPU0\tGPU1\nGPU0\t X \tPIX\nGPU1\tPIX\t X \n",
]
LISTS = ["wte.weight (50257, 768)\nh.0.attn.bias (1024, 1024)\nfc.weight (10, 768)\nfc.bias (10,)\n", "a (1,)\n"]
TEXTS = {
    "quantity": "0s 5us 1.5ms 1e9s 25MiB 100MB 64B 10Gbps 1.25GBps 1bps 9TFLOPS 312TFLOPS 1e-15s 8Kibps 9PB".split(),
    "range": "1..5 0..9,20 1..3,7 7 1/64 0.5 1e3 1/0 18446744073709551615 0..18446744073709551615".split(),
    "word": "none dirichlet:0.3 shards:2 fixed:0.2 dispersion:2 density 3/8 1/1 slurm fixed:1e400".split(),
    "values": [
        *"dense,iwp 8..64*2 1Gbps..100Gbps*10 1/2..1/64*1/2 ../mine.json a\\,b 1..10+3 9..1+-2 0s..1ms+250us".split(),
        "1kB..1MB*2",
    ],
    "options": [
        "topology ring\nranks 4\nbandwidth 10Gbps\nlatency 5us\nscheme iwp\ndensity 1/64\nsteps 3\n",
        "model resnet50\nsource synthetic\nscheme topk\nsparse-sum ring\nbucket ddp\ngpu h100\nprecision bf16\n",
        "staleness 2\nquorum 3\nlocal-steps 1\nlabel-skew dirichlet:0.1\noptimizer adam\nlr 0.001\n",
        "bytes 1MB\ncompute-time 0s\ncollective nccl\nbackend fluid\njitter 0.1\nmask-encoding rice\n",
    ],
    "csv": ['a,b\n1,"x ""y"""\n', "a\r\nb\r\n", '"a\nb",\n'],
    "json": ['{"a": [1, -2, 3.5e-7, true, null, "x\\u00e9\\n"], "b": {}}', "[[[[]]]]", '"\\ud83d\\ude00"'],
    "journal-rows": ["0 done 0,1,2\n\n%%\n1 failed 1,,wrong\n\n%%\n4294967295 done x", "12 done "],
    "mask": [bytes([which, 200, 1, *range(0, 40, 7)]) for which in range(6)]
    + [bytes([4, 9, 0]), bytes([0, 8, 0, 255])],
    "mask-message": [bytes([3, 2, 5, 6, 1, 125, *[255] * 125, 2, 0]), bytes([5, 3, 7, 255, 1, 4, 1, 3, 3, 0])],
}
# The named files of these kinds, which readers take.
FILES = {
    "topology": ["topologies/*.json"],
    "topology-run": ["topologies/*.json"],
    "model": ["models/specs/*.json"],
    "gpu": ["models/profiles/gpus/*.json"],
    "profile": ["models/profiles/*.json"],
    "measured-csv": ["docs/measured/h100-x2/*all_reduce.csv", "docs/measured/public/*.csv"],
    "nccl-tests": ["docs/measured/h100-x2/*all_reduce.txt", "../shared/cases/nccl-*/*.txt"],
    "iperf3": ["../shared/cases/iperf-*/*.json"],
    "kineto": ["../shared/cases/trace-*/*.json*"],
    "npy": ["../shared/cases/*/*.npy"],
    "safetensors": ["../shared/cases/*/*.safetensors"],
    "csv": ["docs/measured/*/training.csv"],
}


class Seeds:
    def __init__(self, folder):
        self.folder = folder

    def add(self, reader, content):
        content = content.encode() if isinstance(content, str) else content
        if len(content) > LARGEST:
            return
        (self.folder / reader).mkdir(parents=True, exist_ok=True)
        number = len(list((self.folder / reader).iterdir()))
        (self.folder / reader / f"seed-{number:03}").write_bytes(content)

    def add_files(self, reader, *paths):
        """Files that make one input together."""
        self.add(reader, DIVIDER.join(path.read_bytes() for path in paths))


def add_raw_texts(seeds):
    """What tests in C++ write into files themselves."""
    for reader, sources in (("model-config", "tests/models/specs/*.cpp"), ("topology", "tests/topologies/*.cpp")):
        for source in sorted(ROOT.glob(sources)):
            for text in re.findall(r'R"\((.*?)\)"', source.read_text(), re.DOTALL):
                if text.lstrip().startswith("{"):
                    seeds.add(reader, text)


def add_inputs_of_tests(seeds):
    for topology in [*attacked.TOPOLOGIES.values(), *golden.TOPOLOGIES]:
        for reader in ("topology", "topology-run"):
            seeds.add(reader, json.dumps(topology))
    seeds.add("model", golden.model_spec())
    seeds.add("kineto", golden.profiler_json())
    seeds.add("kineto", gzip.compress(golden.profiler_json().encode(), mtime=0))
    seeds.add("gzip", gzip.compress(golden.profiler_json().encode(), mtime=0))
    seeds.add("nccl-tests", golden.nccl_text())
    seeds.add("nccl-tests", attacked.NCCL_TEXT)
    seeds.add("nccl-tests-json", json.dumps(attacked.NCCL_JSON))
    seeds.add("iperf3", json.dumps(attacked.IPERF))
    seeds.add("iperf3", golden.iperf_json())
    seeds.add("measured-csv", golden.measured_csv())
    seeds.add("model-list", '{"a.weight": [48, 50], "a.bias": [50]}')
    weights, gradients = golden.safetensors(golden.TENSORS, 5), golden.safetensors(golden.TENSORS, 50, ranks=[3])
    small = {"a": [2, 3], "b": [2]}
    for content in (weights, gradients, golden.safetensors(small, 1)):
        seeds.add("safetensors", content)
        seeds.add("model-header", content)
    seeds.add("npy", golden.npy((4, 6), 0))
    seeds.add("dump", golden.npy((4, 6), 0) + DIVIDER + golden.npy((2, 4, 6), 1))
    seeds.add("dump", golden.safetensors(small, 1) + DIVIDER + golden.safetensors(small, 2, ranks=[2]))
    seeds.add("capture", json.dumps(attacked.CAPTURE))
    seeds.add("scan-file", json.dumps(attacked.SCAN))
    seeds.add("scan-file", '{"zip": true, "scheme": ["dense", "iwp"], "ranks": "2,4", "density": "1/8..1/64*1/2"}')
    seeds.add("points", "scheme,density\ndense,\niwp,1/16\n")
    seeds.add("points", "--scheme,--bandwidth,ranks\ndense,1Gbps,2\niwp,2Gbps,4\ntopk,5Gbps,8\n")
    layers = ("l0.weight", "l1.weight", "l2.weight")
    seeds.add(
        "ready-times", "# ms\nlayer,ready_s\n" + "".join(f"{layer},0.00{i + 1}\n" for i, layer in enumerate(layers))
    )
    masks = json.dumps(
        {
            f"rank{rank}/{name}": {
                "dtype": "U8",
                "shape": [size],
                "data_offsets": [at + 11 * rank, at + 11 * rank + size],
            }
            for rank in (0, 1)
            for name, size, at in (("a", 9, 0), ("b", 2, 9))
        }
    ).encode()
    seeds.add("trace-masks", len(masks).to_bytes(8, "little") + masks + bytes([7, *[0] * 8, 255, 3] * 2))


def add_written_by_program(seeds, program):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        attacked.prepare(program, folder)
        for trace in ("trace", "old-trace"):
            seeds.add_files("trace", folder / trace / "trace.json", folder / trace / "trace_layers.csv")
        for mask in (folder / "trace").glob("masks/*"):
            seeds.add_files("safetensors", mask)
        run = folder / "run"
        tables = ["steps.csv", "layers.csv", "links.csv", "staleness.csv"]
        seeds.add_files("summary", run / "summary.json")
        seeds.add_files("run-folder", run / "summary.json", *(run / table for table in tables))
        scan = folder / "scan"
        seeds.add_files("manifest", scan / "scan.json")
        seeds.add_files("scan-folder", scan / "scan.json", scan / "scan.csv")
        seeds.add_files("journal", scan / "points.journal")
        seeds.add_files("csv", scan / "scan.csv")
        for topology in ("ring.json", "nodes.json", "switch.json"):
            subprocess.run([program, "topology", "export", topology, "-o", "out.xml"], cwd=folder, check=True)
            seeds.add_files("simgrid-platform", folder / "out.xml")


def main():
    program, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[3])
    seeds = Seeds(folder)
    for reader, patterns in FILES.items():
        for pattern in patterns:
            for path in sorted(ROOT.glob(pattern) if not pattern.startswith("..") else ROOT.parent.glob(pattern[3:])):
                seeds.add_files(reader, path)
    for reader, texts in {**TEXTS, "astra-sim": ASTRA_SIM, "nvidia-smi": MATRICES, "model-list": LISTS}.items():
        for text in texts:
            seeds.add(reader, text)
    add_raw_texts(seeds)
    add_inputs_of_tests(seeds)
    add_written_by_program(seeds, program)


main()
