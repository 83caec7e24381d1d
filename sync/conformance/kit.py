"""One case's world: a publisher behind a socket, a client's own directory, and what the client did in each pass."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from creditsvc.wallclock import Clock
from sync.conformance.misbehaving import MisbehavingPublisher
from sync.conformance.publisher import TOKEN_KEY, Person
from sync.conformance.socket import KEY, serving
from sync.wire.encoding import b64url
from sync.wire.keys import sign_key_list

PLACES = (
    "url", "dir", "stream", "keys", "key-file", "subscriber", "signing-key", "sealing-key", "token-key"
)  # fmt: skip
"""What ``{…}`` in the client's words stands for; docs/conformance.md says each."""

ASK_EXIT = {0: "clear", 3: "restricted", 4: "doubt"}
"""Exit codes of the command that asks the client's copy about one person."""

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Ran:
    """How one call of the client ended. ``code`` is none if it had to be stopped."""

    code: int | None
    said: str
    """The last line that it wrote to standard error, shortened."""

    @property
    def told(self) -> str:
        """What tells this refusal from others: exit code and words, without the figures in them."""
        return f"{self.code} {re.sub(r'[0-9]+', '#', self.said)}"


Run = Callable[[Sequence[str], str], Ran]
"""Calls a command with something on its standard input."""


class CaseFailed(Exception):
    """The client did what the contract does not allow, or not what it demands; the text says which."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")


def run_process(timeout: float) -> Run:
    """Calls as processes of their own; each may take so many seconds."""

    def run(words: Sequence[str], given: str) -> Ran:
        try:
            done = subprocess.run(  # noqa: S603 - the client under test is the caller's own command
                list(words), input=given, capture_output=True, text=True, timeout=timeout, check=False, errors="replace"
            )
        except subprocess.TimeoutExpired:
            return Ran(None, "")
        return Ran(done.returncode, last_line(done.stderr))

    return run


def last_line(text: str) -> str:
    """The last line that isn't empty, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_SHOWN] if lines else ""


class Kit:
    """What a case has in hand."""

    def __init__(
        self,
        feed: MisbehavingPublisher,
        clock: Clock,
        *,
        client: Sequence[str],
        ask: Sequence[str],
        run: Run,
        places: Mapping[str, str],
    ) -> None:
        self.feed = feed
        self._clock = clock
        self._client = client
        self._ask = ask
        self._run = run
        self._places = dict(places)
        self.refusals: list[tuple[str, Ran]] = []
        """What was refused, and how it was said."""

    # What the publisher does

    def history(self) -> list[str]:
        """Eight entries, one gone, all of it with the client; then a correction, an annotation, a removal, four new ones.

        The entries that were made first; 0 and 2 have left.
        """
        entries = self.feed.publish(8)
        self.feed.remove(entries[0])
        self.follows()
        self.feed.correct(entries[1], name="更正")
        self.feed.annotate(entries[3])
        self.feed.remove(entries[2])
        self.feed.publish(4)
        return entries

    def speak_of(self, epoch: int) -> None:
        """The operator's word: from now on the client is called for this epoch."""
        self._places["stream"] = f"{self.feed.origin.stream}/{epoch}"

    # What the client does

    def follows(self) -> None:
        """One pass: it must end well, and the receipt must prove a state equal to ours."""
        before = len(self.feed.taken)
        ran = self._pass()
        if ran.code is None:
            raise CaseFailed("没有在限定时间内结束", "it did not end in time")
        if ran.code != 0:
            said = ran.said or "（没有说明原因 / it said nothing）"
            raise CaseFailed(
                f"应当跟上而没有：退出码 {ran.code}",
                f"it should have followed and did not: exit code {ran.code}; {said}",
            )
        if self.feed.taken[before:] != [self.feed.size] and self.feed.receipt != self.feed.size:
            raise CaseFailed(
                f"没有以回执证明序号 {self.feed.size} 处的状态（副本不一致或未发回执）",
                f"no receipt proved the state at {self.feed.size}: its copy differs, or it sent none",
            )

    def refuses(self, what: str, *, receipts_too: bool = True) -> None:
        """One pass: it must end by itself and badly. ``receipts_too``: and confirm nothing."""
        before = len(self.feed.taken)
        ran = self._pass()
        if ran.code is None:
            raise CaseFailed("没有在限定时间内结束", "it did not end in time")
        if ran.code == 0:
            raise CaseFailed("应当拒绝而报告成功", "it should have refused and said that all is well")
        if receipts_too and len(self.feed.taken) > before:
            raise CaseFailed("拒绝之外还发出了回执", "it refused and sent a receipt all the same")
        self.refusals.append((what, ran))

    def spoilt(self, fault: str) -> None:
        """Refused while the fault lasts; followed again once it is mended."""
        self.feed.fault = fault
        self.refuses(fault)
        self.feed.mend()
        self.follows()

    def attempt(self) -> None:
        """One pass, however it ends; it must end."""
        if self._pass().code is None:
            raise CaseFailed("没有在限定时间内结束", "it did not end in time")

    def says(self, who: Person, expected: set[str]) -> None:
        """The client's copy is asked about somebody."""
        ran = self._run(self._words(self._ask), f"{who.number}\n{who.name}\n")
        said = ASK_EXIT.get(-1 if ran.code is None else ran.code, f"exit code {ran.code}")
        if said not in expected:
            wanted = " / ".join(sorted(expected))
            raise CaseFailed(f"问本地副本：答 {said}，应为 {wanted}", f"its copy says {said}, where {wanted} is right")

    def _pass(self) -> Ran:
        with self.feed.lock:
            self.feed.now = self._clock.now()
        return self._run(self._words(self._client), "")

    def _words(self, words: Sequence[str]) -> list[str]:
        return [_filled(word, self._places) for word in words]


def _filled(word: str, places: Mapping[str, str]) -> str:
    for name in PLACES:
        word = word.replace(f"{{{name}}}", places[name])
    return word


@contextmanager
def opened(
    folder: Path, clock: Clock, *, client: Sequence[str], ask: Sequence[str], run: Run, tokens: bool
) -> Iterator[Kit]:
    """A fresh publisher, its address, and the files that a subscriber gets with its agreement, in ``folder``."""
    feed = MisbehavingPublisher(seed=len(str(folder)))
    feed.now = clock.now()
    feed.always_all = True
    sealing = X25519PrivateKey.generate()
    feed.sealed_for = None if tokens else sealing.public_key()
    texts = {
        "keys": sign_key_list(feed.keys, feed.roots),
        "key-file": KEY + "\n",
        "signing-key": b64url(feed.subscriber.private.private_bytes_raw()) + "\n",
        "sealing-key": b64url(sealing.private_bytes_raw()) + "\n",
        "token-key": b64url(TOKEN_KEY) + "\n",
    }
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o600)
    places = {name: str(folder / name) for name in texts}
    places |= {"dir": str(folder / "copy"), "subscriber": feed.subscriber.name, "stream": feed.origin.stream_epoch}
    with serving(feed, key=KEY) as url:
        yield Kit(feed, clock, client=client, ask=ask, run=run, places={**places, "url": url})
