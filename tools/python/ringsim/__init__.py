"""ringsim simulates gradient exchange in distributed training: does pruning the gradients pay on my cluster?

The functions call the program `ringsim` (environment variable RINGSIM, else PATH) and return what it reports as
dataclasses, which show themselves in a notebook and become pandas.DataFrames where that is installed:

    import ringsim
    scan = ringsim.scan(topology="ring8-1g,ring8-10g", model="resnet50", source="synthetic", scheme=["dense", "iwp"])
    print(scan)                    # a table and a verdict
    scan.best().options            # {"topology": ..., "scheme": ...}
    scan.report("report.html")     # the decision map

Needs the standard library alone. ringsim.capture has the measurements on real machines."""

from ringsim.functions import (
    breakeven,
    calibrate,
    compare,
    import_model,
    optimize,
    read_run,
    run,
    scan,
    topology,
)
from ringsim.program import (
    ProgramNotFound,
    RingsimError,
    RunFailed,
    WrongInput,
    find_program,
)

__all__ = [
    "ProgramNotFound",
    "RingsimError",
    "RunFailed",
    "WrongInput",
    "breakeven",
    "calibrate",
    "compare",
    "find_program",
    "import_model",
    "optimize",
    "read_run",
    "run",
    "scan",
    "topology",
]
