"""Upper layers import lower ones, never the other way, and every module has its place."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "from importlinter.cli import lint_imports_command as main; main()"


def lint(folder: Path) -> tuple[int, str]:
    """Check the contracts of the configuration in ``folder``, against the package beside it."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder / 'src')!r}); {LINT}", "--no-cache"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path):
    """A small package under the library's own contract."""
    package = tmp_path / "src" / "commitments"
    package.mkdir(parents=True)
    for name in ("__init__", "ids", "errors", "decide", "roster"):
        (package / f"{name}.py").write_text("", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return package


def test_the_library_keeps_its_layers():
    status, said = lint(ROOT)
    assert status == 0, said


def test_the_contract_covers_every_module():
    """``exhaustive``: a module that nobody placed in a layer is an error, so nothing may be exempted in silence."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [contract for contract in settings["contracts"] if contract["type"] == "layers"]
    assert layers["exhaustive"] is True
    assert not layers.get("exhaustive_ignores")
    assert not layers.get("ignore_imports")


class TestTheContractCanFail:
    """Control: a small package in order passes, and each kind of disorder does not."""

    def test_order_passes(self, copy):
        (copy / "errors.py").write_text("import commitments.ids\n", encoding="utf-8")
        status, said = lint(copy.parents[1])
        assert status == 0, said

    def test_importing_upwards_fails(self, copy):
        (copy / "ids.py").write_text("import commitments.errors\n", encoding="utf-8")
        assert lint(copy.parents[1])[0] == 1

    def test_importing_a_sibling_fails(self, copy):
        (copy / "decide.py").write_text("import commitments.roster\n", encoding="utf-8")
        assert lint(copy.parents[1])[0] == 1

    def test_a_module_without_a_place_fails(self, copy):
        (copy / "helpers.py").write_text("", encoding="utf-8")
        assert lint(copy.parents[1])[0] == 1
