"""The publisher of the conformance kit, under the names that the tests know it by."""

from __future__ import annotations

from sync.conformance.misbehaving import FAULTS
from sync.conformance.misbehaving import MisbehavingPublisher as Publisher
from sync.conformance.publisher import HOST, NOW, TOKEN_KEY, Person, person, signer

__all__ = ["FAULTS", "HOST", "NOW", "TOKEN_KEY", "Person", "Publisher", "person", "signer"]
