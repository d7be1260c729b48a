"""Ray Data takes the predictor as it is, and gives the answers of a single process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from export.runtime.bulk import Predictor

TEXTS = [("abc gh "[k % 7 :] + "fed" * (k % 5)) if k % 9 else "" for k in range(60)]
SCRIPT = """
import json, logging, sys
import ray
from export.runtime.bulk import Predictor
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
ray.data.DataContext.get_current().enable_progress_bars = False
rows = ray.data.from_items(json.loads(sys.argv[2]), override_num_blocks=4)
answered = rows.map_batches(
    Predictor,
    fn_constructor_args=(sys.argv[1],),
    fn_constructor_kwargs={"column": "text"},
    compute=ray.data.ActorPoolStrategy(size=2),
    batch_size=8,
    batch_format="numpy",
)
print(json.dumps(sorted(answered.take_all(), key=lambda row: row["id"])))
"""


@pytest.mark.slow
def test_two_local_workers_answer_as_one_process(reader: Path) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    rows = [{"id": k, "text": text} for k, text in enumerate(TEXTS)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(reader), json.dumps(rows)],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert [row["text"] for row in found] == TEXTS
    for row, outcome in zip(found, Predictor(reader).outcomes(TEXTS), strict=True):
        assert row["error"] == outcome.error
        if outcome.answer:
            shares = outcome.answer.to_dict()["probabilities"]
            assert json.loads(row["answer"])["probabilities"] == pytest.approx(shares, abs=1e-5)
