"""The points that are measured: tools/validate/points.json, which says of each whether the link's latency is fitted to
it or it is held out. The file was written before anything was measured."""
import dataclasses
import json
import pathlib

FILE = pathlib.Path(__file__).with_name("points.json")


@dataclasses.dataclass
class Point:
    name: str
    family: str  # what it is summed up under
    ranks: int
    rates: list  # Mbit/s, of each link
    bytes: str = ""
    split: str = "held out"  # or "calibration"
    topology: str = "ring"
    mtu: int = 1500
    steps: int = 1
    repeat: int = 2
    compute: float = 0  # seconds a step
    speeds: dict = dataclasses.field(default_factory=dict)  # {rank: speed}
    changes: list = dataclasses.field(default_factory=list)  # [link, seconds after the start, Mbit/s]
    options: dict = dataclasses.field(default_factory=dict)  # of ringsim run
    has_sizes: bool = False  # the sizes of pruned messages are those of the trace sizes/NAME

    def __post_init__(self):
        if len(self.rates) == 1:
            self.rates = self.rates * self.ranks

    @property
    def is_duplex(self):
        """Whether links carry data both ways, and with it acknowledgements of each other's."""
        return self.topology == "switch" or self.options.get("directions") == "2"

    def compute_of(self, rank):
        return self.compute / self.speeds.get(str(rank), 1)


def load(file=FILE):
    return [Point(**row) for row in json.loads(pathlib.Path(file).read_text())]
