"""The life of a delivery: one table. Each name says no more than what is known. Pure.

``handed_over`` is not ``served``: a mail server that took a message says nothing about who read it. Service (送达) has a day and a
way, and is noted by a person, or follows from reading where the addressee agreed to be served electronically.
"""

from __future__ import annotations

from enum import StrEnum

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual


class Channel(StrEnum):
    """By which way."""

    PAGE = "page"
    PRINT = "print"
    MAIL = "mail"
    SMS = "sms"

    @property
    def label(self) -> Bilingual:
        """What the desk calls it."""
        return {
            "page": Bilingual("当事人服务页面", "the portal's page"),
            "print": Bilingual("打印送达", "on paper"),
            "mail": Bilingual("电子邮件", "e-mail"),
            "sms": Bilingual("短信", "short message"),
        }[self.value]


class DeliveryState(StrEnum):
    """How far it is."""

    QUEUED = "queued"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    READ = "read"
    SERVED = "served"

    @property
    def label(self) -> Bilingual:
        """What the pages call it."""
        return {
            "queued": Bilingual("待发送", "waiting to be sent"),
            "handed_over": Bilingual("已交递送方，尚不知是否收到", "handed over; not known whether it arrived"),
            "failed": Bilingual("未能送出或者被退回", "could not be sent, or came back"),
            "read": Bilingual("已阅读", "read"),
            "served": Bilingual("已送达", "served"),
        }[self.value]


class DeliveryStep(StrEnum):
    """What can happen to it."""

    HAND_OVER = "hand_over"
    FAIL = "fail"
    AGAIN = "again"
    READ = "read"
    SERVE = "serve"


_S, _T = DeliveryState, DeliveryStep
MOVES: dict[tuple[DeliveryState, DeliveryStep], DeliveryState] = {
    (_S.QUEUED, _T.HAND_OVER): _S.HANDED_OVER,
    (_S.QUEUED, _T.FAIL): _S.FAILED,
    (_S.QUEUED, _T.SERVE): _S.SERVED,
    (_S.HANDED_OVER, _T.FAIL): _S.FAILED,
    (_S.HANDED_OVER, _T.READ): _S.READ,
    (_S.HANDED_OVER, _T.SERVE): _S.SERVED,
    (_S.FAILED, _T.AGAIN): _S.QUEUED,
    (_S.FAILED, _T.SERVE): _S.SERVED,
    (_S.READ, _T.SERVE): _S.SERVED,
}
FINAL = frozenset(_S) - {state for state, _ in MOVES}


class Service(StrEnum):
    """Ways of service that the law knows (民事诉讼法第八十八条至第九十五条)."""

    DIRECT = "direct"
    LEFT = "left"
    ELECTRONIC = "electronic"
    ENTRUSTED = "entrusted"
    POST = "post"
    FORWARDED = "forwarded"
    PUBLIC = "public"

    @property
    def label(self) -> Bilingual:
        """What the desk calls it."""
        return {
            "direct": Bilingual("直接送达", "handed over in person"),
            "left": Bilingual("留置送达", "left at the address"),
            "electronic": Bilingual("电子送达（受送达人同意）", "electronically, with consent"),
            "entrusted": Bilingual("委托送达", "through another court"),
            "post": Bilingual("邮寄送达", "by post"),
            "forwarded": Bilingual("转交送达", "forwarded by the unit"),
            "public": Bilingual("公告送达（填公告之日）", "by public notice (day of the notice)"),
        }[self.value]

    @property
    def clause(self) -> str:
        """The article of the Civil Procedure Law (as amended in 2023)."""
        articles = {"direct": "八十八", "left": "八十九", "electronic": "九十", "entrusted": "九十一", "post": "九十一",
                    "forwarded": "九十二", "public": "九十五"}  # fmt: skip
        return f"民事诉讼法第{articles[self.value]}条"


def moved(state: DeliveryState, step: DeliveryStep) -> DeliveryState:
    """The state after a step; raises ``Conflict`` for one that the table does not have."""
    found = MOVES.get((state, step))
    if found is None:
        raise Conflict(
            Bilingual(f"这次送达处于“{state.label.zh}”，不能这样处理", f"this delivery is “{state.label.en}”: that can't follow"),
            code="delivery-state",
        )  # fmt: skip
    return found
