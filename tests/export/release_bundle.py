"""`python -m tests.export.release_bundle`: writes the bundle that this release leaves to all later.

Each folder of `tests/export/releases` is named after a release, and replayed for ever.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.export import made

ROOT = Path(__file__).parents[2]
RELEASES = Path(__file__).parent / "releases"


def current() -> str:
    """The version that `pyproject.toml` names."""
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(facts["project"]["version"])


if __name__ == "__main__":
    import export

    made_of = made.language_model()
    export.to_bundle(made_of, RELEASES / current(), metadata={"states": made.STATES})
