"""The next piece of work made while the last one is being used, in a thread of its own; one piece ahead and no more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Makes pieces by the place after which they begin. Where ``apart`` is false, each is made when it is asked for."""

    def __init__(self, make: Callable[[int], T], *, apart: bool) -> None:
        self._make, self._apart = make, apart
        self._threads: ThreadPoolExecutor | None = None
        self._coming: tuple[int, Future[T]] | None = None

    def begin(self, after: int) -> None:
        """Begin to make the piece after this place."""
        if self._apart:
            self._threads = self._threads or ThreadPoolExecutor(1)
            self._coming = after, self._threads.submit(self._make, after)

    def take(self, after: int) -> T:
        """The piece after this place. Raises what making it raises."""
        coming, self._coming = self._coming, None
        if coming is not None and coming[0] == after:
            return coming[1].result()
        return self._make(after)

    def close(self) -> None:
        """Wait for what is being made, and let it go."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads, self._coming = None, None
