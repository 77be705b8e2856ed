"""Builds the package without an index (PEP 517, and PEP 660 for `pip install -e`): a wheel is a ZIP file of the
package's files, three files of metadata and their hashes. Name, version and description stand in pyproject.toml."""

import base64
import hashlib
import pathlib
import tarfile
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
# The same files give the same bytes: no time of the day stands in an archive (the first that ZIP files know).
MOMENT = (1980, 1, 1, 0, 0, 0)
WHEEL = "Wheel-Version: 1.0\nGenerator: ringsim build_backend\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def project():
    return tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def release():
    """Name and version as file names have them."""
    return f"{project()['name']}-{project()['version']}"


def package_files():
    return sorted([*(HERE / "ringsim").rglob("*.py"), HERE / "ringsim/py.typed"])


def metadata():
    facts = project()
    return (
        f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: {facts['version']}\n"
        f"Summary: {facts['description']}\nRequires-Python: {facts['requires-python']}\n"
    )


def record_line(name, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def write_wheel(folder, files):
    """Writes the wheel of these files, contents by name, and returns its name."""
    information = f"{release()}.dist-info"
    files = {
        **files,
        f"{information}/METADATA": metadata().encode(),
        f"{information}/WHEEL": WHEEL.encode(),
    }
    record = "".join(record_line(name, content) for name, content in files.items())
    files[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n".encode()
    wheel = f"{release()}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(
        wheel_directory,
        {path.relative_to(HERE).as_posix(): path.read_bytes() for path in package_files()},
    )


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """The package stays where it is: a .pth file leads to it."""
    return write_wheel(wheel_directory, {"ringsim-editable.pth": f"{HERE}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    name = f"{release()}.tar.gz"
    with tarfile.open(pathlib.Path(sdist_directory) / name, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path in (
            HERE / "pyproject.toml",
            HERE / "build_backend.py",
            *package_files(),
        ):
            archive.add(path, f"{release()}/{path.relative_to(HERE).as_posix()}")
        package_information = pathlib.Path(sdist_directory) / "PKG-INFO"
        package_information.write_text(metadata(), encoding="utf-8")
        archive.add(package_information, f"{release()}/PKG-INFO")
        package_information.unlink()
    return name
