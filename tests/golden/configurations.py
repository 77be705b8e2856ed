"""The configurations: a name, and the command that is run, or several one after the other in the same folder.

in/ holds the files of inputs.py. A command that begins with "! " ends with status 1. Where a run or scan names no
folder, its results are in run/ or scan/. Not every run has --transfers: what is faster without them is compared, too.
"""

import commands
import exchanges
import training

CONFIGURATIONS = {
    **training.TRAINED,
    **exchanges.FOR_A_MODEL,
    **exchanges.FOR_BYTES,
    **training.TRAINING,
    **exchanges.MODELS,
    **exchanges.COLLECTIVES,
    **exchanges.TOPOLOGIES,
    **exchanges.FAULTS,
    **training.STALENESS,
    **commands.TRACES,
    **commands.SCANS,
    **commands.TABLES,
}
