#!/usr/bin/env python3
"""Packs the build for Debian, and installs, uses and removes the package on a Debian 12 that has nothing else.
Usage: package_test.py CPACK BUILD. Exits with 77 without debootstrap, lintian or root; a mirror has to be there."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CPACK, BUILD = sys.argv.pop(1), sys.argv.pop(1)
# What lintian finds and why it stays.
STAYS = {
    "bogus-mail-host": "there is no address that answers",
    "link-to-shared-library-in-wrong-package": "programs that build on the library need the link",
    "maintscript-calls-ldconfig": "cpack does so, besides the trigger",
    "no-changelog": "CHANGELOG.md is the changelog; the package is of no archive",
    "no-copyright-file": "nobody has chosen a licence so far",
    "no-manual-page": "ringsim-plot says with --help what it takes",
    "package-name-doesnt-match-sonames": "the library comes with the program, in one package",
}


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def files_of(root):
    """What is there, but for what a package manager writes of its own."""
    own = ("var/log", "var/cache", "var/lib/dpkg", "var/lib/apt", "etc/ld.so.cache", "tmp", "proc", "dev", "run")
    found = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if not path.startswith(own):
                found.add(path)
    return found


class Package(unittest.TestCase):
    def setUp(self):
        for program in ("debootstrap", "lintian"):
            if not shutil.which(program):
                print(f"{program} is not installed", file=sys.stderr)
                os._exit(77)
        if os.geteuid() != 0:
            print("a clean system is made by root alone", file=sys.stderr)
            os._exit(77)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def pack(self, name):
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        run(CPACK, "-G", "DEB", "-B", self.folder / name, cwd=BUILD, env=environment)
        (package,) = (self.folder / name).glob("*.deb")
        return package

    def test_the_same_build_gives_the_same_package(self):
        self.assertEqual(self.pack("a").read_bytes(), self.pack("b").read_bytes())

    def test_lintian(self):
        done = subprocess.run(["lintian", self.pack("a")], capture_output=True, text=True)
        found = [line.split()[2] for line in done.stdout.splitlines() if line.startswith(("E: ", "W: "))]
        self.assertEqual([tag for tag in found if tag not in STAYS], [], done.stdout)

    def test_it_is_installed_used_and_removed_on_a_clean_system(self):
        root = self.folder / "root"
        run("debootstrap", "--variant=minbase", "bookworm", root)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        # The program finds its data beside itself through /proc.
        run("mount", "-t", "proc", "proc", root / "proc")
        self.addCleanup(subprocess.run, ["umount", root / "proc"])
        package = self.pack("a")
        shutil.copy(package, root / "tmp/ringsim.deb")
        inside = ("chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/bin:/usr/sbin:/bin:/sbin")
        run(*inside, "apt-get", "update")
        dependencies = run("dpkg-deb", "-f", package, "Depends")
        names = [each.split()[0] for each in dependencies.split(", ")]
        # What it depends on may stay; it is there before.
        run(*inside, "apt-get", "install", "-y", "--no-install-recommends", *names)
        before = files_of(root)
        run(*inside, "apt-get", "install", "-y", "--no-install-recommends", "/tmp/ringsim.deb")
        for folder in ("/", "/tmp", "/var"):
            said = run(
                *inside,
                *(
                    "sh",
                    "-c",
                    f"cd {folder} && ringsim run --bytes 1MB --compute-time 0s --topology switch8-25g --quiet",
                ),
            )
            self.assertIn("bottleneck", said)
        # A module that the program loads when it is asked for; what it needs came with the package.
        if list((root / "usr/lib").rglob("ringsim/ringsim_simgrid.so")):
            self.assertIn("libsimgrid", dependencies)
            simgrid = "--bytes 1MB --compute-time 0s --topology switch8-25g --backend simgrid --format json --quiet"
            summary = json.loads(run(*inside, "ringsim", "run", *simgrid.split()))
            self.assertEqual((summary["backend"], summary["ranks"]), ("simgrid", 8))
        self.assertIn("resnet50", run(*inside, "ringsim", "list", "models"))
        model = "--model resnet50 --source synthetic --gpu h100 --compress-time torch --scheme topk --quiet"
        self.assertIn("compress", run(*inside, "ringsim", "run", *model.split()))
        run(*inside, "ringsim", "run", *model.split(), "-o", "/tmp/results")
        if (root / "usr/share/ringsim/report/page.html").is_file():
            run(*inside, "ringsim", "report", "/tmp/results", "-o", "/tmp/report.html")
        run(*inside, "apt-get", "purge", "-y", "ringsim")
        self.assertEqual(files_of(root) ^ before, set())


unittest.main()
