"""GARCH(1,1) (Bollerslev 1986), fitted by the library `arch` and refitted as time goes on."""

from __future__ import annotations

import numpy as np

from zoo.errors import MissingExtraError

EVERY = 20  # origins from one fit to the next
_PERCENT = 100.0  # the library's optimiser wants returns of about this size


def garch_volatility(returns: np.ndarray, origins: np.ndarray, horizon: int) -> np.ndarray:
    """Deviation of the sum of the next returns: zero mean, normal steps.

    The parameters are fitted to all returns before an origin, anew every 20 origins; the variance
    goes on day by day in between.

    Args:
        returns: float64 (steps,); that of step i leads to price i.
        origins: int (origins,), rising, numbers of the first step ahead.
        horizon: days ahead.

    Returns:
        float64 (origins, horizon).

    Raises:
        MissingExtraError: arch is not installed.
    """
    try:
        from arch import arch_model
    except ImportError:
        raise MissingExtraError("baselines", "GARCH(1,1) as a baseline") from None
    scaled = _PERCENT * returns
    found = np.empty((len(origins), horizon))
    for first in range(0, len(origins), EVERY):
        some = origins[first : first + EVERY]
        fitted = arch_model(scaled[: some[0]], mean="Zero", rescale=False).fit(disp="off").params
        omega, alpha, beta = (fitted[name] for name in ("omega", "alpha[1]", "beta[1]"))
        variance = np.empty(some[-1] + 1)
        variance[0] = np.square(scaled[: some[0]]).mean()
        for step in range(some[-1]):
            variance[step + 1] = omega + alpha * scaled[step] ** 2 + beta * variance[step]
        ahead = np.empty((len(some), horizon))
        ahead[:, 0] = variance[some]
        for step in range(1, horizon):
            ahead[:, step] = omega + (alpha + beta) * ahead[:, step - 1]
        found[first : first + EVERY] = np.sqrt(np.cumsum(ahead, axis=1)) / _PERCENT
    return found
