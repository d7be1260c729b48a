"""BLEU and chrF of a translator, beside copying the source and the nearest known translation."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.datasets.multi30k import ParallelTexts
from zoo.errors import DataError, MissingExtraError
from zoo.evaluation.nearest import nearest
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.translation import Translation

_BATCH = 64


def evaluate(
    task: Translation,
    run: Run,
    data: ParallelTexts,
    split: str = "test",
    hold_out: str | None = None,
    *,
    beams: int = 5,
    length_penalty: float | None = None,
) -> list[Metric]:
    """Scores a translator on every text of a split, detokenised and with its capitals.

    Args:
        task: Texts to translations.
        run: The network.
        data: Texts in several languages; the baseline looks its answers up in the training part.
        split: "validation" or "test".
        hold_out: Texts have no groups.
        beams: Translations followed at once; 1 is greedy.
        length_penalty: Of the search; None is the model's own.

    Returns:
        `bleu` (primary; Papineni et al. 2002, as by sacreBLEU, Post 2018, arXiv 1804.08771), that
        of small letters in its details; and `chrf` (Popovic 2015). Their signatures stand in the
        protocol.

    Raises:
        DataError: The split is empty or unknown.
        MissingExtraError: sacreBLEU or scikit-learn is not installed.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; parallel texts have no groups.")
    part: dict[str, tuple[str, ...]] | None = getattr(data, split, None)
    if not part or not part[task.source]:
        raise DataError(f"No texts are left of the part {split!r}.")
    sources, wanted = part[task.source], part[task.target]
    found = translate(task, run, sources, beams, length_penalty)
    places = nearest(data.train[task.source], sources)
    known = [data.train[task.target][place] for place in places]
    scored = {
        name: _score(texts, wanted) for name, texts in (("copy", sources), ("nearest", known))
    }
    search = "greedy" if beams == 1 else f"{beams} beams"
    metrics = []
    for name, (value, signature, details) in _score(found, wanted).items():
        metrics.append(
            Metric(
                name=name,
                value=value,
                unit="of 100",
                direction="higher",
                split=split,
                protocol=f"{len(sources)} texts, detokenised, {search}; {signature}",
                seeds=[],
                primary=name == "bleu",
                baselines={
                    "copy_source": scored["copy"][name][0],
                    "nearest_known": scored["nearest"][name][0],
                },
                details=details,
            )
        )
    return metrics


def translate(
    task: Translation,
    run: Run,
    texts: Sequence[str],
    beams: int = 5,
    length_penalty: float | None = None,
) -> list[str]:
    """The translation of each text; texts of like length are asked together."""
    order = sorted(range(len(texts)), key=lambda i: len(task.codes(texts[i])))
    found: dict[int, str] = {}
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        answers = task.predict_many(
            run, [texts[i] for i in chosen], beams=beams, length_penalty=length_penalty
        )
        found |= {i: answer.text for i, answer in zip(chosen, answers, strict=True)}
    return [found[i] for i in range(len(texts))]


def _score(
    found: Sequence[str], wanted: Sequence[str]
) -> dict[str, tuple[float, str, dict[str, float]]]:
    """Value, signature and details of each metric."""
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise MissingExtraError("translation", "Scoring translations") from None
    bleu, small, chrf = BLEU(tokenize="13a"), BLEU(tokenize="13a", lowercase=True), CHRF()
    told = bleu.corpus_score(found, [wanted])
    lower = small.corpus_score(found, [wanted]).score
    details = {"bleu_lowercase": float(lower), "brevity_penalty": float(told.bp)}
    letters = chrf.corpus_score(found, [wanted]).score
    return {
        "bleu": (float(told.score), str(bleu.get_signature()), details),
        "chrf": (float(letters), str(chrf.get_signature()), {}),
    }
