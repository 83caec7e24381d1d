"""How deep the tests dig: one dial for every test that tries made-up cases.

``DEPTH=1`` tries what each test names; ``make test-pure`` turns it down to stay within seconds, a long run may turn it up.
"""

from __future__ import annotations

import os

from hypothesis import settings

DEPTH = float(os.environ.get("DEPTH", "1"))
LEAST = 5
"""Even the quickest run tries a few."""


def times(count: int) -> int:
    """How often to try what is tried ``count`` times at full depth."""
    return max(min(count, LEAST), round(count * DEPTH))


def examples(count: int) -> settings:
    """Hypothesis's settings for so many examples at full depth."""
    return settings(max_examples=times(count), deadline=None)
