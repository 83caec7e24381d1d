"""The life of a performance record as a table (law: docs of 法发〔2019〕35号 no. 21, 河南省社会信用条例 art. 28). Pure.

告知书 with the judgment → 预告书 before listing → performance claimed, verified, certified → proposed and publicised →
on the incentive list → expired or withdrawn. A place on the list ends by date alone; the step only writes it down.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual


class Stage(StrEnum):
    """Where a record stands."""

    ADVISED = "advised"
    FOREWARNED = "forewarned"
    CLAIMED = "claimed"
    CERTIFICATE_PROPOSED = "certificate_proposed"
    REFUSAL_PROPOSED = "refusal_proposed"
    CERTIFIED = "certified"
    PUBLICISED = "publicised"
    OBJECTED = "objected"
    ON_LIST = "on_list"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    LAPSED = "lapsed"

    @property
    def label(self) -> Bilingual:
        """What staff call it."""
        return _LABELS[self]

    @property
    def told(self) -> Bilingual:
        """What the person is told: a proposal that nobody has signed is no news."""
        return _TOLD.get(self, _LABELS[self])


class Act(StrEnum):
    """What moves a record."""

    FOREWARN = "forewarn"
    CLAIM = "claim"
    PROPOSE_CERTIFICATE = "propose_certificate"
    PROPOSE_REFUSAL = "propose_refusal"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    PUBLICISE = "publicise"
    OBJECT = "object"
    DISMISS_OBJECTION = "dismiss_objection"
    UPHOLD_OBJECTION = "uphold_objection"
    PUT_ON_LIST = "put_on_list"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


MOVES: Mapping[tuple[Stage, Act], Stage] = {
    (Stage.ADVISED, Act.FOREWARN): Stage.FOREWARNED,
    (Stage.ADVISED, Act.CLAIM): Stage.CLAIMED,
    (Stage.ADVISED, Act.LAPSE): Stage.LAPSED,
    (Stage.FOREWARNED, Act.CLAIM): Stage.CLAIMED,
    (Stage.FOREWARNED, Act.LAPSE): Stage.LAPSED,
    (Stage.LAPSED, Act.CLAIM): Stage.CLAIMED,
    (Stage.LAPSED, Act.FOREWARN): Stage.FOREWARNED,
    (Stage.CLAIMED, Act.PROPOSE_CERTIFICATE): Stage.CERTIFICATE_PROPOSED,
    (Stage.CLAIMED, Act.PROPOSE_REFUSAL): Stage.REFUSAL_PROPOSED,
    (Stage.CERTIFICATE_PROPOSED, Act.APPROVE): Stage.CERTIFIED,
    (Stage.CERTIFICATE_PROPOSED, Act.SEND_BACK): Stage.CLAIMED,
    (Stage.REFUSAL_PROPOSED, Act.APPROVE): Stage.REFUSED,
    (Stage.REFUSAL_PROPOSED, Act.SEND_BACK): Stage.CLAIMED,
    (Stage.REFUSED, Act.CLAIM): Stage.CLAIMED,
    (Stage.CERTIFIED, Act.PUBLICISE): Stage.PUBLICISED,
    (Stage.CERTIFIED, Act.WITHDRAW): Stage.WITHDRAWN,
    (Stage.PUBLICISED, Act.OBJECT): Stage.OBJECTED,
    (Stage.PUBLICISED, Act.PUT_ON_LIST): Stage.ON_LIST,
    (Stage.PUBLICISED, Act.WITHDRAW): Stage.WITHDRAWN,
    (Stage.OBJECTED, Act.OBJECT): Stage.OBJECTED,
    (Stage.OBJECTED, Act.DISMISS_OBJECTION): Stage.PUBLICISED,
    (Stage.OBJECTED, Act.UPHOLD_OBJECTION): Stage.WITHDRAWN,
    (Stage.OBJECTED, Act.WITHDRAW): Stage.WITHDRAWN,
    (Stage.ON_LIST, Act.EXPIRE): Stage.EXPIRED,
    (Stage.ON_LIST, Act.WITHDRAW): Stage.WITHDRAWN,
}
FINAL = frozenset(Stage) - {stage for stage, _ in MOVES}
CERTIFIED = frozenset({Stage.CERTIFIED, Stage.PUBLICISED, Stage.OBJECTED, Stage.ON_LIST, Stage.EXPIRED})
"""Stages in which a certificate has been issued; whether it still holds, the paper's own state says."""
WAITING = frozenset({Stage.ADVISED, Stage.FOREWARNED})
"""Stages in which the person's own period runs."""
TO_SIGN = frozenset({Stage.CERTIFICATE_PROPOSED, Stage.REFUSAL_PROPOSED})

_LABELS = {
    Stage.ADVISED: Bilingual("已告知，履行期内", "advised, period running"),
    Stage.FOREWARNED: Bilingual("已预告，倒计时中", "forewarned, countdown running"),
    Stage.CLAIMED: Bilingual("已报告履行，待核实", "performance reported, to be verified"),
    Stage.CERTIFICATE_PROPOSED: Bilingual("拟出具证明书，待复核", "certificate proposed, awaits second person"),
    Stage.REFUSAL_PROPOSED: Bilingual("拟不予出具，待复核", "refusal proposed, awaits second person"),
    Stage.CERTIFIED: Bilingual("已出具证明书", "certified"),
    Stage.PUBLICISED: Bilingual("公示中", "publicised"),
    Stage.OBJECTED: Bilingual("有异议，核查中", "objected to, being checked"),
    Stage.ON_LIST: Bilingual("已列入激励名单", "on the incentive list"),
    Stage.EXPIRED: Bilingual("激励已到期", "expired"),
    Stage.WITHDRAWN: Bilingual("已退出", "withdrawn"),
    Stage.REFUSED: Bilingual("不予出具", "refused"),
    Stage.LAPSED: Bilingual("期限已过，未见履行", "period over, nothing reported"),
}
_TOLD = {
    Stage.CERTIFICATE_PROPOSED: _LABELS[Stage.CLAIMED],
    Stage.REFUSAL_PROPOSED: _LABELS[Stage.CLAIMED],
}


def move(stage: Stage, act: Act) -> Stage:
    """The stage after this act; raises ``Conflict`` (``performance-stage``) where the table has no such move."""
    after = MOVES.get((stage, act))
    if after is None:
        raise Conflict(
            Bilingual(
                f"该履行记录现为“{stage.label.zh}”，不能进行此操作；请刷新后重试",
                f"the record is now “{stage.label.en}”, so this can't be done; reload the page",
            ),
            code="performance-stage",
            stage=stage.value,
            act=act.value,
        )
    return after
