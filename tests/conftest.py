"""What all tests share: the corpus beside the repository, tables in the summary, no skips where none may be."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

NO_SKIPS = "MAILWRIGHT_NO_SKIPS"
CORPUS = "MAILWRIGHT_CORPUS"
TABLE = "table"

# Examples are the same in every run: a failure in CI is a failure at one's desk. No deadline: the machine is shared.
settings.register_profile("house", derandomize=True, deadline=None)
settings.load_profile("house")


#: Characters of a text that still names a test.
LONGEST_NAME = 60


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by its argument where the value is octets or long: unreadable, and with keys made anew each time."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > LONGEST_NAME) else None


@pytest.fixture(scope="session")
def repository(pytestconfig: pytest.Config) -> Path:
    """The root of the working copy."""
    return pytestconfig.rootpath


@pytest.fixture(scope="session")
def shared_corpus(repository: Path) -> Path:
    """The folder of labelled mail: the one MAILWRIGHT_CORPUS names, else the one beside the repository, else a skip."""
    named = os.environ.get(CORPUS)
    corpus = Path(named) if named else repository.parent / "shared" / "corpus"
    if not corpus.is_dir():
        pytest.skip(f"needs the labelled corpus at {named or '../shared/corpus'}")
    return corpus


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Call it with a table: it stands in the summary at the end of the run, whether the test passes or not."""

    def keep(table: str) -> None:
        request.node.user_properties.append((TABLE, table))

    return keep


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables that tests gave to ``show``."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for report in reports:
        # A test passes or fails in its call; its set-up and tear-down repeat the same properties.
        if report.when == "call":
            for table in (text for kind, text in report.user_properties if kind == TABLE):
                terminalreporter.section(report.nodeid)
                terminalreporter.write_line(table)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Turn a skipped test into a failed one where no skips are allowed."""
    report = yield
    return _without_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """The same for a file that skips itself while it is collected."""
    report = yield
    return _without_skip(report)


def _without_skip(report: Any) -> Any:
    if os.environ.get(NO_SKIPS) == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{NO_SKIPS}=1 allows no skip, and this is one: {reason}"
    return report
