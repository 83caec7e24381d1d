"""The simulated publisher behind a real socket: the conformance kit's own."""

from __future__ import annotations

from sync.conformance.socket import KEY, serving

__all__ = ["KEY", "serving"]
