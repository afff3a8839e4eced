"""Bring everything up to date that is compiled when the package is built: ``python -m tools.compile``.

Does what the build does (hatch_build.py), for a working tree whose texts, rules or formats have changed since.
"""

from __future__ import annotations

from pathlib import Path

from hatch_build import compile_phrases, compile_translations

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    compile_translations(ROOT)
    compile_phrases(ROOT)
