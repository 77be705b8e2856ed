#!/usr/bin/env python3
"""The parser is stricter than the JSON Schema, never looser: what it accepts the schema accepts, and what the schema
refuses it refuses. And topology.schema.json is what `ringsim topology schema` prints.

Usage: schema_test.py RINGSIM SOURCE_ROOT. Exits with 77 where python3-jsonschema is missing."""
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
text = (root / "topology.schema.json").read_text()
printed = subprocess.run([program, "topology", "schema"], capture_output=True, text=True, check=True).stdout
if printed != text:
    sys.exit("topology.schema.json is not what this prints: ringsim topology schema > topologies/topology.schema.json")
schema = json.loads(text)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

uniform = {"name": "n", "kind": "ring", "hosts": 3, "link": {"bandwidth": "1Gbps", "latency": "5us"}}
listed = {"name": "n", "kind": "ring", "links": [{"bandwidth": "1Gbps", "latency": "5us"}] * 2}

star = {"name": "n", "kind": "switch", "hosts": 3, "link": uniform["link"]}
nodes = {
    "name": "n",
    "kind": "hierarchical",
    "nodes": 2,
    "gpus_per_node": 2,
    "inner": uniform["link"],
    "nic": uniform["link"],
    "nics": "per-gpu",
}
tree = {
    "name": "n",
    "kind": "fat-tree",
    "leaves": 2,
    "hosts_per_leaf": 2,
    "spines": 1,
    "link": uniform["link"],
    "oversubscription": 2,
}
torus = {"name": "n", "kind": "torus", "dimensions": [3, 2], "link": uniform["link"]}
fly = {"name": "n", "kind": "dragonfly", "groups": 2, "chassis": 1, "routers": 2, "nodes": 1, "link": uniform["link"]}
one_way = uniform["link"]
routes = {
    "name": "n",
    "kind": "routes",
    "hosts": 2,
    "links": [dict(one_way, link="a:up"), dict(one_way, link="b")],
    "routes": [{"from": 0, "to": 1, "links": ["a:up", "b"]}, {"from": 1, "to": 0, "links": ["b"]}],
}


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
cases = [
    (json.loads(path.read_text()), True, True) for path in sorted(root.glob("*[!a].json")) if "schema" not in path.name
]
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
    (changed(uniform, kind="star"), False, False),
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
    (star, True, True),
    (changed(star, hosts=None, link=None, links=listed["links"]), True, True),
    (changed(star, backbone=uniform["link"]), True, True),
    (changed(uniform, backbone=uniform["link"]), False, False),
    (nodes, True, True),
    (changed(nodes, nics="per-node", backbone=uniform["link"]), True, True),
    (changed(nodes, nics=None), False, False),
    (changed(nodes, nics="both"), False, False),
    (changed(nodes, nodes=1, gpus_per_node=1), False, True),
    (changed(nodes, hosts=4), False, False),
    (tree, True, True),
    (changed(tree, oversubscription=None, uplink=uniform["link"]), True, True),
    (changed(tree, oversubscription=None), False, False),
    (changed(tree, uplink=uniform["link"]), False, False),
    (changed(tree, spines=0), False, False),
    (torus, True, True),
    (changed(torus, dimensions=[3, 2, 1], rank_order="row-major"), True, True),
    (changed(torus, rank_order="random"), False, False),
    (changed(torus, dimensions=[3]), False, False),
    (changed(torus, dimensions=[3, 2, 2, 2]), False, False),
    (changed(torus, dimensions=[3, 0]), False, False),
    (changed(torus, dimensions=[1, 1]), False, True),
    (changed(torus, link=None), False, False),
    (changed(torus, nodes=2), False, False),
    (routes, True, True),
    (changed(routes, gpus_per_node=2, nics="per-node"), True, True),
    (changed(routes, gpus_per_node=0), False, False),
    (changed(routes, gpus_per_node=3), False, True),
    (changed(routes, nics="both"), False, False),
    (changed(routes, routes=routes["routes"][:1]), False, False),
    (changed(routes, routes=[routes["routes"][0]] * 2), False, True),
    (changed(routes, routes=[dict(routes["routes"][0], links=["c"]), routes["routes"][1]]), False, True),
    (changed(routes, links=[dict(one_way, link="b")] * 2), False, True),
    (changed(routes, links=[one_way] * 2), False, False),
    (changed(routes, hosts=4096), False, False),
    (fly, True, True),
    (changed(fly, green=2, black=3, blue=4, routing="minimal"), True, True),
    (changed(fly, routing="adaptive"), False, False),
    (changed(fly, green=0), False, False),
    (changed(fly, groups=3), False, True),
    (changed(fly, nodes=None), False, False),
    (changed(fly, dimensions=[2, 2]), False, False),
    (with_link(efficiency=0.9), True, True),
    (with_link(efficiency=0), False, False),
    (with_link(medium="ethernet", mtu=1500), True, True),
    (with_link(medium="ethernet"), False, False),
    (with_link(mtu=1500), False, False),
    (with_link(medium="ethernet", mtu=1500, efficiency=0.9), False, False),
    (with_link(sizes=[{"from": "0B", "latency": "1us", "bandwidth": "1Gbps"}]), True, True),
    (with_link(sizes=[{"from": "64KiB", "latency": "1us", "bandwidth": "2Gbps"}]), False, True),
    (with_link(sizes=[{"from": 0, "latency": "1us", "bandwidth": "1Gbps"}]), False, False),
    (with_link(sizes=[]), False, False),
    (with_link(efficiency=0.9, sizes=[{"from": "0B", "latency": "1us", "bandwidth": "0.5Gbps"}]), False, False),
    (with_link(profile=[{"at": "1s", "bandwidth": "1Gbps"}]), True, True),
    (with_link(profile=[{"at": "1s", "bandwidth": "0Gbps"}]), False, True),
    (with_link(profile=[{"at": "1s"}]), False, False),
    (with_link(outages=[{"from": "1s", "until": "2s"}]), True, True),
    (with_link(outages=[{"from": "1s"}]), False, False),
    (with_link(background=[{"bandwidth": "0.5Gbps"}]), True, True),
    (with_link(background=[{"bandwidth": "0.5Gbps", "from": "1s", "until": "1.5s"}]), True, True),
    (with_link(background=[{"bandwidth": "5Gbps"}]), False, True),
    (with_link(background="0.5Gbps"), False, False),
    (changed(uniform, host={"speed": 0.5, "jitter": 0.1, "profile": [{"at": "1s", "speed": 1}]}), True, True),
    (changed(uniform, host={"speed": 0}), False, False),
    (changed(uniform, host={"dies": "1s"}), False, False),
    (changed(uniform, host_exceptions=[{"host": 1, "dies": "1s"}]), True, True),
    (changed(uniform, host_exceptions=[{"host": 3}]), False, True),
    (changed(uniform, host_exceptions=[{"speed": 1}]), False, False),
    (changed(uniform, link_exceptions=[{"link": "link0", "bandwidth": "1Gbps", "latency": "5us"}]), True, True),
    (changed(uniform, link_exceptions=[{"link": "link9", "bandwidth": "1Gbps", "latency": "5us"}]), False, True),
    (changed(uniform, link_exceptions=[{"link": "link0"}]), False, False),
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
            print(
                f"{document}: parser and schema accept {found}, expected {(parser_accepts, schema_accepts)}; "
                f"{done.stderr}"
            )
print(f"{len(cases)} documents, {failures} surprises")
sys.exit(1 if failures else 0)
