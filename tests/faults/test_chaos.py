"""The short form of chaos (``make chaos`` is the long one): some forty processes die while people edit both systems."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.processes import ROOT

SEED = 7
KILLS = 35
MINUTES = 0.75


def test_no_promise_is_broken(tmp_path: Path) -> None:
    """A seed reproduces the edits and the faults; what meets what depends on the machine."""
    report = tmp_path / "chaos.json"
    options = {"--seed": SEED, "--kills": KILLS, "--minutes": MINUTES, "--report": report}
    command = [sys.executable, "-m", "tests.faults.chaos", *(str(part) for pair in options.items() for part in pair)]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_text())
    assert sum(told["kills"].values()) > 5, "the machine was too slow for anything to happen"
    assert sum(told["edits"].values()) > 100
