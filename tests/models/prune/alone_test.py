#!/usr/bin/env python3
"""Builds the prune library as a project of its own, as on a machine that has a C++ compiler and no other library: the
headers of fmt and nlohmann_json are hidden behind ones that do not compile, and nothing may stay undefined.
Usage: alone_test.py CMAKE SOURCE_ROOT BUILD COMPILER [CONFIGURE_OPTION...]"""
import pathlib
import subprocess
import sys

HIDDEN = (
    "fmt/core.h",
    "fmt/format.h",
    "fmt/ranges.h",
    "nlohmann/json.hpp",
    "openssl/evp.h",
    "zlib.h",
    "libdeflate.h",
    "Eigen/Core",
)


def hide_headers(folder):
    for name in HIDDEN:
        header = folder / name
        if not header.exists():
            header.parent.mkdir(parents=True, exist_ok=True)
            header.write_text(f'#error "<{name}> is not there where the prune library is built alone"\n')


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def main():
    cmake, root, build, compiler, *options = sys.argv[1:]
    build = pathlib.Path(build)
    hide_headers(build / "hidden")
    settings = {
        "CMAKE_CXX_COMPILER": compiler,
        "CMAKE_CXX_FLAGS": f"-I{build / 'hidden'}",
        "CMAKE_SHARED_LINKER_FLAGS": "-Wl,--no-undefined",
        "CMAKE_BUILD_TYPE": "None",
        "CMAKE_DISABLE_FIND_PACKAGE_fmt": "ON",
        "RINGSIM_CUDA": "OFF",
    }
    source = pathlib.Path(root) / "models/prune"
    run(
        cmake,
        "-G",
        "Ninja",
        "-S",
        source,
        "-B",
        build,
        *(f"-D{key}={value}" for key, value in settings.items()),
        *options,
    )
    run(cmake, "--build", build)
    needed = run("readelf", "--dynamic", build / "libringsim_prune.so")
    if "NEEDED" not in needed or "libfmt" in needed:
        sys.exit(f"libringsim_prune.so needs more than C++'s own library:\n{needed}")
    run(pathlib.Path(cmake).with_name("ctest"), "--test-dir", build, "--no-tests=error", "-R", "prune_library.py")


main()
