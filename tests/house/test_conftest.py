"""The hooks of tests/conftest.py: a skip fails the run where none is allowed, and tables stand in the summary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
CASES = {
    "in-a-test": "import pytest\n\ndef test_it():\n    pytest.skip('no time')\n",
    "by-a-mark": "import pytest\n\n@pytest.mark.skip(reason='no time')\ndef test_it():\n    pass\n",
    "of-a-file": "import pytest\n\npytest.skip('no time', allow_module_level=True)\n",
}


SHOWS_A_TABLE = """
import pytest

@pytest.mark.parametrize("right", [True, False])
def test_it(show, right):
    show(f"right: {right}")
    assert right
"""


def run(folder: Path, no_skips: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a folder with the project's conftest and nothing else of the project."""
    (folder / "conftest.py").write_bytes(CONFTEST.read_bytes())
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, *arguments, folder],
        cwd=folder,
        env=os.environ | {"MAILWRIGHT_NO_SKIPS": no_skips},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("case", CASES)
def test_a_skip_fails_where_none_is_allowed(case: str, tmp_path: Path) -> None:
    """The reason of the skip is told, so that one knows what to install."""
    (tmp_path / "test_case.py").write_text(CASES[case], encoding="utf-8")
    done = run(tmp_path, no_skips="1")
    assert done.returncode in {1, 2}
    assert "allows no skip" in done.stdout
    assert "no time" in done.stdout


def test_a_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    """At one's desk a missing corpus is no failure."""
    (tmp_path / "test_case.py").write_text(CASES["in-a-test"], encoding="utf-8")
    done = run(tmp_path, no_skips="")
    assert done.returncode == 0
    assert "1 skipped" in done.stdout


@pytest.mark.parametrize("processes", ["0", "2"])
def test_tables_stand_in_the_summary_once(processes: str, tmp_path: Path) -> None:
    """The figures of a run can be read whether it passes or fails, and whichever process it ran in."""
    (tmp_path / "test_case.py").write_text(SHOWS_A_TABLE, encoding="utf-8")
    done = run(tmp_path, "", "-n", processes)
    lines = done.stdout.splitlines()
    assert [lines.count("right: True"), lines.count("right: False")] == [1, 1]
