"""Where a network is drawn of which a topology file of the kind "routes" says nothing but the ways between its hosts.
As tools/ringsim/link_ends.cpp and tools/report/src/any_network.js do it."""

import json
import math

from .network_layout import HOST, Drawing
from .tables import InputError


def read_topology(path):
    """The object of a topology file, of which little is checked: the program has read it before."""
    try:
        with open(path, encoding="utf-8") as file:
            topology = json.load(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}")
    if not isinstance(topology, dict) or not isinstance(topology.get("kind"), str):
        raise InputError(f"{path}: is no topology file; the one that the run was given is accepted")
    return topology


def _ends(topology):
    """{link: (from, to)} of the links that routes pass, and the hosts: what follows a link on a route begins where
    that ends. None where two hosts would be one, as a link is passed in both directions."""
    parent = {}

    def find(one):
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    for route in topology["routes"]:
        at = route["from"]
        for link in route["links"]:
            parent[find(at)] = find((link, "begin"))
            at = (link, "end")
        parent[find(at)] = find(route["to"])
    hosts = range(topology["hosts"])
    names = {find(host): host for host in hosts}
    if len(names) < len(hosts):
        return None
    passed = dict.fromkeys(link for route in topology["routes"] for link in route["links"])
    ends = [(link, names.get(find((link, "begin")), find((link, "begin"))), find((link, "end"))) for link in passed]
    return {link: (begin, names.get(end, end)) for link, begin, end in ends}


def any_network(topology, links):
    """A drawing of these links, or None where the file has no routes, others, or one that is passed both ways."""
    try:
        ends = _ends(topology) if topology["kind"] == "routes" else None
    except (KeyError, TypeError):
        ends = None
    if ends is None or set(ends) != set(links):
        return None
    drawing = Drawing("network")
    hosts = topology["hosts"]
    for host in range(hosts):
        angle = math.pi / 2 - 2 * math.pi * host / hosts
        drawing.host(host, (math.cos(angle), math.sin(angle)))
    for place in dict.fromkeys(place for pair in ends.values() for place in pair):
        if place not in drawing.vertices:
            drawing.node(place, (0, 0))
    for link in links:
        drawing.edge(link, "up", *ends[link])
    _settle(drawing)
    return drawing


def _settle(drawing):
    """Moves every vertex that is no host into the middle of its neighbours, and those that lie together apart."""
    inner = [name for name, vertex in drawing.vertices.items() if vertex[2] != HOST]
    around = {name: [] for name in inner}
    for _, a, b in drawing.edges:
        for one, other in ((a, b), (b, a)):
            if one in around:
                around[one].append(other)
    places = {name: vertex[:2] for name, vertex in drawing.vertices.items()}
    for _ in range(200):
        for name in inner:
            near = [places[other] for other in around[name]]
            if near:
                places[name] = tuple(sum(at[i] for at in near) / len(near) for i in (0, 1))
    for name in inner:
        together = [other for other in inner if math.dist(places[other], places[name]) < 0.05]
        x, y = places[name]
        for i, other in enumerate(together if len(together) > 1 else []):
            angle = 2 * math.pi * i / len(together)
            places[other] = x + 0.06 * math.cos(angle), y + 0.06 * math.sin(angle)
    for name in inner:
        drawing.node(name, places[name])
