"""What the functions of ringsim return that is about links: calibrations and topologies."""

from dataclasses import dataclass

from ringsim.results import Shown
from ringsim.tables import flat


@dataclass(frozen=True)
class FitError:
    """Relative errors of a fit over so many sizes."""

    sizes: int
    median: float
    worst: float


@dataclass(frozen=True)
class LinkPiece:
    """What a link does with messages from this size on."""

    from_bytes: int
    latency_seconds: float
    bandwidth_bytes_per_second: float
    error: FitError | None


@dataclass(frozen=True, repr=False)
class Calibration(Shown):
    """Links fitted to a measured table."""

    file: str
    format: str
    operation: str
    ranks: int | None
    latency_from: str
    pieces: list[LinkPiece]
    error: FitError
    held_out_error: FitError | None
    warnings: list[str]

    def _rows(self):
        return [flat(piece) for piece in self.pieces]

    def _lines(self):
        kinds = {"error": self.error, "held-out error": self.held_out_error}
        return [
            f"{kind}: median {100 * error.median:.3g} %, worst {100 * error.worst:.3g} %, of {error.sizes} sizes"
            for kind, error in kinds.items()
            if error
        ] + [f"warning: {warning}" for warning in self.warnings]


@dataclass(frozen=True)
class GroupError:
    """Errors of the tables of a group ("all_reduce"), of the fit or held out (`kind`)."""

    kind: str
    group: str
    sizes: int
    median: float
    worst: float
    unknown: int


@dataclass(frozen=True, repr=False)
class ClusterCalibration(Shown):
    """A model of NCCL's collectives fitted to many tables; `calibration` and `model` are as a topology file has
    them."""

    tables: int
    calibration: dict
    sizes: int
    model: dict
    errors: list[GroupError]

    def _rows(self):
        return [flat(error) for error in self.errors]


@dataclass(frozen=True)
class TopologyLink:
    """A link and its direction."""

    name: str
    bandwidth_bytes_per_second: float
    latency_seconds: float


@dataclass(frozen=True)
class RingHop:
    """The way from a rank to the next one of the ring."""

    source: int
    target: int
    links: list[str]
    bandwidth_bytes_per_second: float
    latency_seconds: float


@dataclass(frozen=True, repr=False)
class Topology(Shown):
    """A topology file: its links, and the ring of its hosts."""

    name: str
    kind: str
    description: str
    hosts: int
    links: list[TopologyLink]
    ring: list[RingHop]

    @property
    def bottleneck(self) -> RingHop:
        """The slowest hop of the ring."""
        return min(self.ring, key=lambda hop: hop.bandwidth_bytes_per_second)

    def _rows(self):
        return [flat(link) for link in self.links]

    def _lines(self):
        return [f"{self.name}: {self.kind}, {self.hosts} hosts. {self.description}"]
