"""What a performer sees of a record: where it stands in plain words, the days left, the papers, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from creditsvc.kernel.text import Bilingual
from creditsvc.papers.issuing import PaperState, papers_about
from creditsvc.papers.tables import Paper
from repair.performing.desk_view import TONES
from repair.performing.records import Opened
from repair.policy.performing_states import MOVES, WAITING, Act, Stage

_NEXT = {
    Stage.ADVISED: Bilingual(
        "在期限内全部履行后，在这里报告，法院核实后免费出具证明书",
        "perform in full in time and report it here; after checking the court issues a certificate, free of charge",
    ),
    Stage.FOREWARNED: Bilingual(
        "请在期限内履行；确有困难的，尽快联系法院说明情况或者与权利人协商",
        "perform in time; if you can't, tell the court soon or settle with the creditor",
    ),
    Stage.LAPSED: Bilingual(
        "已经履行的，仍可在这里报告；是否出具证明由法院决定",
        "if you have performed, you may still report it; the court decides on a certificate",
    ),
    Stage.CLAIMED: Bilingual("法院正在核实，您无需再做什么", "the court is checking; nothing more for you to do"),
    Stage.CERTIFIED: Bilingual(
        "证明书在下面，可以下载、打印。同意公示的，可以列入激励名单",
        "your certificate is below. If you agree to publicity, you can be put on the incentive list",
    ),
    Stage.PUBLICISED: Bilingual(
        "公示期满无异议的，列入激励名单", "if nobody objects, you are put on the incentive list"
    ),
    Stage.OBJECTED: Bilingual("有人提出异议，法院正在核查", "somebody has objected; the court is checking"),
    Stage.ON_LIST: Bilingual(
        "有关单位查询时可以看到您的激励状态", "offices that ask see that you are on the incentive list"
    ),
    Stage.REFUSED: Bilingual("可以补充材料后再次报告", "you may report again with further papers"),
    Stage.EXPIRED: Bilingual(
        "激励已到期，证明书仍然有效", "the place on the list is over; the certificate still holds"
    ),
    Stage.WITHDRAWN: Bilingual("您无需再做什么", "nothing more for you to do"),
}


@dataclass(frozen=True, slots=True)
class OwnCard:
    """One record as its performer sees it."""

    found: Opened
    stage: Bilingual
    tone: str
    next_step: Bilingual
    days_left: int | None
    may_claim: bool
    may_agree: bool
    refusal: str
    papers: Sequence[tuple[Paper, Bilingual]]


def own_card(session: Session, found: Opened, *, on: date) -> OwnCard:
    """The card of one record on this Beijing day."""
    row, stage = found.row, Stage(found.row.stage)
    told = Stage.CLAIMED if stage in {Stage.CERTIFICATE_PROPOSED, Stage.REFUSAL_PROPOSED} else stage
    papers = [(paper, PaperState(paper.state).label) for paper in papers_about(session, application=row.id)]
    return OwnCard(
        found=found,
        stage=stage.told,
        tone=TONES[told],
        next_step=_NEXT[told],
        days_left=(row.due_on - on).days if stage in WAITING else None,
        may_claim=(stage, Act.CLAIM) in MOVES,
        may_agree=stage in {Stage.CERTIFIED, Stage.PUBLICISED, Stage.OBJECTED, Stage.ON_LIST},
        refusal=str((row.finding or {}).get("reason", "")) if stage is Stage.REFUSED else "",
        papers=papers,
    )
