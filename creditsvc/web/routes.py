"""Routes whose address builders are compiled when an address is first built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]

_compiled: dict[object, Builder] = {}


class Route(Rule):
    """A werkzeug rule that starts cheaply.

    Werkzeug compiles two functions for every route when it is mounted, which was half of the application's start.
    A process builds addresses for few of its routes, a command for none, and the same route twice is one function.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        shape = (append_unknown, self.rule, repr(sorted((self.defaults or {}).items())))

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if shape not in _compiled:
                _compiled[shape] = super(Route, self)._compile_builder(append_unknown)
            return _compiled[shape](rule, **values)

        return build
