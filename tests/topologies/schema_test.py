#!/usr/bin/env python3
"""The parser is stricter than the JSON Schema, never looser: what it accepts the schema accepts, and what the schema
refuses it refuses. Usage: schema_test.py RINGSIM SOURCE_ROOT. Exits with 77 where python3-jsonschema is missing."""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

program, root = sys.argv[1], pathlib.Path(sys.argv[2]) / "topologies"
schema = json.loads((root / "topology.schema.json").read_text())
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

uniform = {"name": "n", "kind": "ring", "hosts": 3, "link": {"bandwidth": "1Gbps", "latency": "5us"}}
listed = {"name": "n", "kind": "ring", "links": [{"bandwidth": "1Gbps", "latency": "5us"}] * 2}


def changed(base, **members):
    document = copy.deepcopy(base)
    for key, value in members.items():
        if value is None:
            del document[key]
        else:
            document[key] = value
    return document


def with_link(**members):
    return changed(uniform, link=changed(uniform["link"], **members))


# (document, accepted by the parser, accepted by the schema)
cases = [(json.loads(path.read_text()), True, True) for path in sorted(root.glob("*[!a].json")) if "schema" not in path.name]
cases += [
    (uniform, True, True),
    (listed, True, True),
    (changed(uniform, description="x"), True, True),
    (with_link(bandwidth="1.25 GiBps"), True, True),
    (with_link(latency="0s"), True, True),
    (with_link(latency="1e-3ms"), True, True),
    (changed(listed, links=[{"name": "a", "bandwidth": "1Gbps", "latency": "5us"}] * 2), False, True),
    (with_link(bandwidth="0Gbps"), False, True),
    (with_link(bandwidth=10), False, False),
    (with_link(bandwidth="10"), False, False),
    (with_link(bandwidth="-1Gbps"), False, False),
    (with_link(bandwidth="10Gb"), False, False),
    (with_link(latency="5"), False, False),
    (with_link(latency=None), False, False),
    (with_link(name="a"), False, False),
    (with_link(speed="1Gbps"), False, False),
    (changed(uniform, hosts=1), False, False),
    (changed(uniform, hosts=2.5), False, False),
    (changed(uniform, hosts="3"), False, False),
    (changed(uniform, kind="torus"), False, False),
    (changed(uniform, kind=None), False, False),
    (changed(uniform, name=None), False, False),
    (changed(uniform, name=3), False, False),
    (changed(uniform, description=3), False, False),
    (changed(uniform, links=listed["links"]), False, False),
    (changed(uniform, link=None), False, False),
    (changed(uniform, colour="red"), False, False),
    (changed(listed, links=listed["links"][:1]), False, False),
    (changed(listed, links=[{"name": "a:b", "bandwidth": "1Gbps", "latency": "5us"}] * 2), False, False),
    ([], False, False),
]
failures = 0
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "t.json"
    for document, parser_accepts, schema_accepts in cases:
        path.write_text(json.dumps(document))
        done = subprocess.run([program, "topology", "check", str(path)], capture_output=True, text=True)
        found = (done.returncode == 0, validator.is_valid(document))
        if found != (parser_accepts, schema_accepts) or done.returncode not in (0, 2):
            failures += 1
            print(f"{document}: parser and schema accept {found}, expected {(parser_accepts, schema_accepts)}; {done.stderr}")
print(f"{len(cases)} documents, {failures} surprises")
sys.exit(1 if failures else 0)
