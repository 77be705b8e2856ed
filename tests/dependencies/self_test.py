"""Trees that break each rule of check.py, and what it has to say of them."""
import pathlib
import sys
import tempfile

# Files with their text; then the lines that are expected.
CASES = [
    ({"base/a.hpp": '#include "models/x.hpp"'}, ["base/a.hpp:1: base includes models"]),
    ({"base/a.hpp": "#include <models/x.hpp>"}, ["base/a.hpp:1: base includes models"]),
    ({"models/a.cpp": '#  include "traces/x.hpp"'}, ["models/a.cpp:1: models includes traces"]),
    ({"traces/a.cpp": '\n#include "sim/x.hpp"'}, ["traces/a.cpp:2: traces includes sim"]),
    (
        {"models/a.hpp": '#include "../sim/x.hpp"'},
        ["models/a.hpp:1: includes a header of ours that is not named from the root"],
    ),
    (
        {"models/a.hpp": '#include "x.hpp"'},
        ["models/a.hpp:1: includes a header of ours that is not named from the root"],
    ),
    # Rooms.
    ({"sim/learning/a.cpp": '#include "sim/timing/b.hpp"'}, ["sim/learning/a.cpp:1: sim/learning includes sim/timing"]),
    (
        {"sim/learning/a.cpp": '#include "sim/backend/b.hpp"'},
        ["sim/learning/a.cpp:1: sim/learning includes sim/backend"],
    ),
    ({"sim/timing/a.hpp": '#include "sim/learning/b.hpp"'}, ["sim/timing/a.hpp:1: sim/timing includes sim/learning"]),
    (
        {"sim/backend/a.hpp": '#include "sim/simgrid/b.hpp"'},
        ["sim/backend/a.hpp:1: sim/backend includes sim/simgrid"],
    ),
    (
        {"sim/recurrence/a.hpp": '#include "sim/timing/b.hpp"'},
        ["sim/recurrence/a.hpp:1: sim/recurrence includes sim/timing"],
    ),
    ({"sim/sources/a.hpp": '#include "sim/run/b.hpp"'}, ["sim/sources/a.hpp:1: sim/sources includes sim/run"]),
    ({"sim/run/a.hpp": '#include "sim/scan/b.hpp"'}, ["sim/run/a.hpp:1: sim/run includes sim/scan"]),
    (
        {"sim/scan/a.hpp": '#include "sim/run/b.hpp"\n#include "sim/timing/b.hpp"'},
        ["sim/scan/a.hpp:2: sim/scan includes sim/timing"],
    ),
    (
        {"models/prune/a.cpp": '#include "models/schemes/b.hpp"'},
        ["models/prune/a.cpp:1: models/prune includes models/schemes"],
    ),
    (
        {"models/schemes/a.cpp": '#include "models/networks/b.hpp"'},
        ["models/schemes/a.cpp:1: models/schemes includes models/networks"],
    ),
    ({"sim/a.hpp": ""}, ["sim/a.hpp: sim is no room that tests/dependencies/check.py knows"]),
    ({"models/new/a.hpp": ""}, ["models/new/a.hpp: models/new is no room that tests/dependencies/check.py knows"]),
    # Units in a circle: two headers; a source and the other's header; three units, told once.
    (
        {"sim/run/a.hpp": '#include "sim/run/b.hpp"', "sim/run/b.hpp": '#include "sim/run/a.hpp"'},
        ["sim/run/a -> sim/run/b -> sim/run/a: units that include one another"],
    ),
    (
        {
            "sim/run/a.hpp": "",
            "sim/run/a.cpp": '#include "sim/run/a.hpp"\n#include "sim/run/b.hpp"',
            "sim/run/b.hpp": '#include "sim/run/a.hpp"',
        },
        ["sim/run/a -> sim/run/b -> sim/run/a: units that include one another"],
    ),
    (
        {
            "base/a.hpp": '#include "base/b.hpp"',
            "base/b.hpp": '#include "base/formats/c.hpp"',
            "base/formats/c.hpp": '#include "base/a.hpp"',
        },
        ["base/a -> base/b -> base/formats/c -> base/a: units that include one another"],
    ),
    ({"base/a.hpp": '#include "base/b.hpp"', "base/b.hpp": "", "base/a.cpp": '#include "base/a.hpp"'}, []),
    # Types of one name.
    (
        {
            "base/a.hpp": "namespace ringsim {\nclass File {};\n}  // namespace ringsim",
            "models/b.hpp": "namespace ringsim {\nstruct File {\n};\n}  // namespace ringsim",
        },
        ["models/b.hpp: defines ringsim::File, as base/a.hpp does"],
    ),
    (
        {
            "base/a.hpp": "namespace ringsim {\nclass File {};\n}  // namespace ringsim",
            "models/b.hpp": "namespace ringsim {\nclass File;\nnamespace {\nstruct File {};\n}  // namespace\n"
            "}  // namespace ringsim\nnamespace ringsim::other {\nclass File {};\n}  // namespace ringsim::other",
        },
        [],
    ),
    # Libraries, the build, and length.
    ({"sim/run/a.cpp": "#include <simgrid/s4u.hpp>"}, ["sim/run/a.cpp:1: includes simgrid/s4u.hpp"]),
    ({"sim/run/a.cpp": "#include <xbt/log.h>"}, ["sim/run/a.cpp:1: includes xbt/log.h"]),
    ({"tools/ringsim/a.cpp": "#include <nlohmann/json.hpp>"}, ["tools/ringsim/a.cpp:1: includes nlohmann/json.hpp"]),
    ({"sim/run/forgotten.cpp": ""}, ["sim/run/forgotten.cpp: no CMakeLists.txt names it"]),
    ({"base/a.hpp": "\n" * 400}, ["base/a.hpp: 401 lines; 400 are accepted"]),
    ({"tools/plot/a.py": "\n" * 400}, ["tools/plot/a.py: 401 lines; 400 are accepted"]),
    ({"tests/base/a.hpp": "\n" * 400}, ["tests/base/a.hpp: 401 lines; 400 are accepted"]),
    # Tests lie where what they test lies.
    (
        {"sim/run/a.hpp": "", "tests/sim/run/test_a.cpp": 'TEST_CASE("x", "[x]") {}'},
        ["tests/sim/run/test_a.cpp: holds tests, but its name does not end in _test"],
    ),
    (
        {"tests/cli/test_a.py": "class A:\n    def test_b(self):\n"},
        ["tests/cli/test_a.py: holds tests, but its name does not end in _test"],
    ),
    (
        {"sim/run/a.hpp": "", "tests/sim/a_test.cpp": 'TEST_CASE("x", "[x]") {}'},
        ["tests/sim/a_test.cpp: no folder sim of sources is tested there"],
    ),
    ({"tests/a_test.cpp": 'TEST_CASE("x", "[x]") {}'}, ["tests/a_test.cpp: no folder . of sources is tested there"]),
    # What is right.
    ({"sim/run/a.hpp": "", "tests/sim/run/a_test.cpp": 'TEST_CASE("x", "[x]") {}'}, []),
    ({"tests/cli/a_test.py": "class A:\n    def test_b(self):\n", "tests/cli/case.py": ""}, []),
    ({"sim/simgrid/a.cpp": "#include <simgrid/s4u.hpp>"}, []),
    ({"sim/timing/a.cpp": '#include "sim/backend/b.hpp"\n#include "models/schemes/b.hpp"'}, []),
    ({"tools/ringsim/a.cpp": '#include "sim/run/x.hpp"'}, []),
    ({"models/schemes/two_words.cpp": "#include <vector>"}, []),
]


def run(violations):
    for files, expected in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "\n")
                listing = root / pathlib.Path(name).parts[0] / "CMakeLists.txt"
                listing.write_text("registry(NAMES two-words)\nlibrary(x/a.cpp)\n")
            found = violations(root)
            if found != expected:
                sys.exit(f"self test: {files}: found {found}, expected {expected}")
