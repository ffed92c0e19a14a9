"""A package index in a folder: tiny wheels written by the tests, which pip and uv install without a network."""

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Package:
    """What a wheel says about itself. It holds no code: only what it asks for matters here."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"


def publish(folder: Path, packages: list[Package]) -> dict[str, str]:
    """Write wheels and pages into the folder; answers {"name==version": SHA-256 of the wheel}."""
    hashes = {}
    (folder / "files").mkdir(parents=True)
    for package in packages:
        wheel = folder / "files" / f"{package.filename}-py3-none-any.whl"
        _write(wheel, package)
        checksum = hashlib.sha256(wheel.read_bytes()).hexdigest()
        page = folder / "simple" / package.name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a") as links:
            links.write(f'<a href="../../files/{wheel.name}#sha256={checksum}">{wheel.name}</a>\n')
        hashes[f"{package.name}=={package.version}"] = checksum
    return hashes


def lock(pins: list[Requirement], hashes: dict[str, str]) -> str:
    """The text of a lock with these hashes, in the form in which `make lock` writes one."""
    return "".join(
        f"{pin} \\\n    --hash=sha256:{hashes[f'{pin.name}{pin.specifier}']}\n" for pin in pins
    )


def only_index(folder: Path) -> dict[str, str]:
    """Environment variables under which pip and uv know this index and no other, whatever is configured."""
    pages = (folder / "simple").as_uri()
    return {
        "PIP_INDEX_URL": pages,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "UV_DEFAULT_INDEX": pages,
        "UV_NO_CONFIG": "1",
        "UV_NO_CACHE": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def _write(wheel: Path, package: Package) -> None:
    headers = [
        *("Metadata-Version: 2.1", f"Name: {package.name}", f"Version: {package.version}"),
        *(f"Provides-Extra: {extra}" for extra in package.extras),
        *(f"Requires-Dist: {requirement}" for requirement in package.requires),
    ]
    files = {
        "METADATA": "\n".join([*headers, ""]),
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    folder = f"{package.filename}.dist-info"
    files["RECORD"] = "".join(f"{folder}/{name},,\n" for name in [*files, "RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{folder}/{name}", text)
