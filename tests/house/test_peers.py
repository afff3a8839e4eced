"""The maker of root directories for mail servers: what it leaves alone, and what it says where it cannot work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.peers import PEERS, SHELL, STAMP, Peer, PeerTrouble, add_libraries, libraries_of, main, packages_of, provide

#: apt-get as it answers to a simulation, and to everything else with an error.
APT = """#!/bin/sh
case "$*" in
--simulate*) printf 'Remv postfix [3]\\nInst libfoo2 (2 Debian)\\nInst peer (1 Debian)\\nConf peer (1 Debian)\\n' ;;
*) echo 'E: no mirror' >&2; exit 100 ;;
esac
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an apt-get into the path that knows no mirror."""
    file = tmp_path / "bin" / "apt-get"
    file.parent.mkdir()
    file.write_text(APT)
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}:/usr/bin:/bin")


@pytest.mark.usefixtures("apt")
def test_a_server_comes_with_what_would_be_installed() -> None:
    """Each package once, the server's own first, and none that would be removed."""
    assert packages_of("peer") == ["peer", "libfoo2"]
    assert packages_of("installed-already")[0] == "installed-already"


@pytest.mark.usefixtures("apt")
def test_what_apt_says_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every server is tried, the reason stands there, and nothing half made counts as whole."""
    assert main(["--folder", str(tmp_path / "peers")]) == 1
    said = capsys.readouterr().err
    assert said.count("E: no mirror") == len(PEERS)
    assert "apt-get update" in said
    assert not list(tmp_path.rglob(STAMP))


def test_what_is_whole_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call needs neither apt-get nor network."""
    for peer in PEERS:
        (tmp_path / peer.name).mkdir()
        (tmp_path / peer.name / STAMP).touch()
    monkeypatch.setenv("PATH", "")
    assert [provide(peer, tmp_path) for peer in PEERS] == [False] * len(PEERS)


def test_a_tree_gets_a_shell_and_its_libraries(tmp_path: Path) -> None:
    """Libraries lie where the loader looks for them, and the loader is among them."""
    add_libraries(Peer("none", "none", ()), tmp_path)
    libraries = list(libraries_of(Path(SHELL), ""))
    assert (tmp_path / "bin" / "sh").is_file()
    assert all((tmp_path / str(library).lstrip("/")).is_file() for library in libraries)
    assert any("libc.so" in library.name for library in libraries)
    with pytest.raises(PeerTrouble):
        list(libraries_of(tmp_path / "missing", ""))
