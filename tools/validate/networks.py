"""Rings and switches of network namespaces, whose links are pairs of veth with a shaper (tc's tbf) at each sender.

All of it lives in namespaces of processes and mounts that enter() makes: when the process that it was called in dies,
by SIGKILL too, the kernel takes every process, namespace and link away.
"""
import os
import pathlib
import subprocess
import sys

INSIDE = "RINGSIM_VALIDATE_INSIDE"
# What may pass at once after a pause: so many seconds at the link's rate, and two frames at least.
BURST_SECONDS = 0.001
FRAME_HEADER = 14
# Longer than any queue gets: nothing is dropped.
QUEUE_BYTES = 16_000_000


def enter():
    """Goes on in namespaces of its own, with the same words."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        os.mkdir("/run/netns")
        return
    os.environ[INSIDE] = "1"
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net"]
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def burst(rate, mtu):
    """Bytes; the rate in Mbit/s."""
    return max(2 * (mtu + FRAME_HEADER), int(rate * 1e6 / 8 * BURST_SECONDS))


def shaper(rate, at_once):
    return ["root", "tbf", "rate", f"{rate}mbit", "burst", str(at_once), "limit", str(QUEUE_BYTES)]


def call(*words):
    subprocess.run([str(word) for word in words], check=True)


class Network:
    """Hosts are the namespaces r0, r1, ...; `rates` in Mbit/s, None: not shaped."""

    def __init__(self, ranks, mtu):
        self.ranks, self.mtu, self.changers, self.bursts = ranks, mtu, {}, {}
        self.namespaces = []
        for rank in range(ranks):
            self.add_namespace(f"r{rank}")

    def add_namespace(self, name):
        call("ip", "netns", "add", name)
        self.namespaces.append(name)

    def cable(self, one, one_device, other, other_device):
        veth = ["link", "add", "name", one_device, "mtu", self.mtu, "netns", one, "type", "veth"]
        call("ip", *veth, "peer", "name", other_device, "mtu", self.mtu, "netns", other)
        for namespace, device in ((one, one_device), (other, other_device)):
            call("ip", "-n", namespace, "link", "set", device, "up")

    def shape(self, namespace, device, rate):
        if rate:
            self.bursts[namespace, device] = burst(rate, self.mtu)
            words = shaper(rate, self.bursts[namespace, device])
            call("tc", "-n", namespace, "qdisc", "add", "dev", device, *words)

    def changer(self, link):
        """A tc that waits for lines, so that a change costs no start of a process."""
        namespace, _ = self.device(link)
        if namespace not in self.changers:
            command = ["nsenter", f"--net=/run/netns/{namespace}", "tc", "-batch", "-"]
            self.changers[namespace] = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
        return self.changers[namespace]

    def change(self, link, rate):
        device = self.device(link)
        # A shaper never lets a packet pass that is longer than its burst, and such may wait in it already.
        self.bursts[device] = max(self.bursts[device], burst(rate, self.mtu))
        pipe = self.changer(link).stdin
        words = ["qdisc", "change", "dev", device[1], *shaper(rate, self.bursts[device])]
        pipe.write(" ".join(words) + "\n")
        pipe.flush()

    def close(self):
        for changer in self.changers.values():
            changer.stdin.close()
            changer.wait(10)
        for namespace in self.namespaces:
            call("ip", "netns", "delete", namespace)


class Ring(Network):
    """Link i leads from rank i to rank i+1, over a cable of its own, also where there are two ranks."""

    def __init__(self, ranks, rates, mtu):
        super().__init__(ranks, mtu)
        for link, rate in enumerate(rates):
            after = (link + 1) % ranks
            self.cable(f"r{link}", f"next{link}", f"r{after}", f"before{link}")
            for rank, device, host in ((link, f"next{link}", 1), (after, f"before{link}", 2)):
                call("ip", "-n", f"r{rank}", "addr", "add", f"10.0.{link}.{host}/30", "dev", device)
                self.shape(f"r{rank}", device, rate)

    def device(self, link):
        return f"r{link}", f"next{link}"

    def address(self, source, target):
        if target == (source + 1) % self.ranks:
            return f"10.0.{source}.2"
        if source == (target + 1) % self.ranks:
            return f"10.0.{target}.1"
        raise ValueError(f"ranks {source} and {target} are no neighbours")


class Switch(Network):
    """A bridge in a namespace of its own; both ends of every cable are shaped."""

    def __init__(self, ranks, rates, mtu):
        super().__init__(ranks, mtu)
        self.add_namespace("switch")
        call("ip", "-n", "switch", "link", "add", "name", "bridge0", "mtu", mtu, "type", "bridge")
        call("ip", "-n", "switch", "link", "set", "bridge0", "up")
        for rank, rate in enumerate(rates):
            self.cable(f"r{rank}", "uplink", "switch", f"port{rank}")
            call("ip", "-n", f"r{rank}", "addr", "add", f"10.1.0.{rank + 1}/24", "dev", "uplink")
            call("ip", "-n", "switch", "link", "set", f"port{rank}", "master", "bridge0")
            self.shape(f"r{rank}", "uplink", rate)
            self.shape("switch", f"port{rank}", rate)

    def device(self, link):
        return f"r{link}", "uplink"

    def address(self, source, target):
        return f"10.1.0.{target + 1}"


def make(point):
    kind = {"ring": Ring, "switch": Switch}[point.topology]
    return kind(point.ranks, point.rates, point.mtu)


def write_table(path, notes, heading, rows):
    lines = [f"# {note}" for note in notes] + [",".join(heading)]
    lines += [",".join(str(cell) for cell in row) for row in rows]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")
