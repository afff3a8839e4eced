"""Build the wheel whose busiest modules are compiled with mypyc: ``python -m tools.compiled`` (``make compiled``).

The wheel goes to ``dist/`` and, unpacked, to ``build/compiled/``, where the benchmarks look for it.
It is built from a copy, because mypyc leaves its modules beside the sources, where they would hide later edits.
Needs a C compiler and Python's headers (on Debian and Ubuntu the packages gcc and python3-dev).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNPACKED = ROOT / "build" / "compiled"
COPIED = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE", "src")
SWITCH = {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "true"}


def main() -> int:
    """Build and unpack the wheel; returns the exit code."""
    if shutil.which("cc") is None:
        print("make compiled: there is no C compiler here; apt-get install gcc python3-dev", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "mailwright"
        copy.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
            else:
                shutil.copy2(source, copy / name)
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(Path(folder) / "dist"), str(copy))
        wheel = next((Path(folder) / "dist").glob("*.whl"))
        shutil.rmtree(UNPACKED, ignore_errors=True)
        pip("install", "--no-deps", "--target", str(UNPACKED), str(wheel))
        (ROOT / "dist").mkdir(exist_ok=True)
        shutil.copy2(wheel, ROOT / "dist" / wheel.name)
    print(f"make compiled: dist/{wheel.name}, and unpacked in {UNPACKED.relative_to(ROOT)}")
    return 0


def pip(*arguments: str) -> None:
    """Run pip with the switch that turns mypyc on; what it says is shown only where it fails."""
    command = [sys.executable, "-m", "pip", *arguments, "--quiet"]
    done = subprocess.run(command, check=False, env=os.environ | SWITCH, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"make compiled: {' '.join(command)} failed\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
