"""Sentences of the answer: what binds, when it ends, what to do next. Plain, kind, Chinese first."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from punishment_rules.bind import Hit
from punishment_rules.catalogue_types import Version
from punishment_rules.facts import DisciplineFact, ListingFact, MarkFact, OrderFact, ReliefFact
from punishment_rules.law import Citation, Text
from punishment_rules.reliefs import last_day

NOTHING_ENDS = Text("没有限制，也就没有需要等待的期限。", "Nothing is restricted, so there is nothing to wait for.")
NOTHING_TO_DO = Text("可以照常办理。", "Go ahead as usual.")
PERSON_LOOKS = Text(
    "请工作人员核对条款和材料后作出判断；判断作出以前不得以系统答复为由拒绝。",
    "A member of staff decides after reading the clause and the papers; until then nobody is refused "
    "because of this answer.",
)

NO_ENTRY = Text(
    "当日没有有效的名单记录、限制消费令或者标注。", "On that day no listing, consumption order or mark is in force."
)
ENTRIES_ENDED = Text(
    "已有的记录在当日均已届满、删除、撤销或者尚未生效，不再作为依据。",
    "All entries have run out, were removed or revoked, or have not begun on that day; none counts.",
)
NOTHING_BINDS = Text(
    "有有效记录，但没有任何措施约束这一事项；法律、行政法规或者党中央、国务院政策文件没有规定的，不得限制。",
    "Entries are in force, but no measure binds this act; what no law, regulation or Party-State document "
    "says is not limited.",
)
MINOR = Text(
    "未成年人不得纳入失信被执行人名单，也不适用任何措施；请告知执行法院撤销该记录。",
    "A minor is never listed and no measure applies; please tell the enforcing court so that it revokes the entry.",
)
ORDER_ONLY = Text(
    "只有限制消费令，不是失信被执行人；本措施只针对名单。",
    "Only a consumption order is in force; this is not a dishonest debtor, and the measure speaks of the list alone.",
)
NOT_REACHED = Text(
    "有效记录不涉及本措施所针对的主体或者身份。",
    "The entries in force don't reach the kind of subject or role that the measure is for.",
)
NO_PAPER = Text(
    "本措施须有人民法院在案件中作出的决定、通知或者请求；没有登记这样的文书，仅凭名单不得采取。",
    "The measure needs a decision, notice or request of the court in the case; none is on record, and the "
    "list alone starts nothing.",
)
PAPER_ON_RECORD = Text("已登记人民法院的文书，按文书办理：", "A paper of the court is on record; act as it says:")
NOT_OWN_DEBT = Text(
    "纳入名单的原因是未履行行为义务，不是本人所负数额较大的到期债务，不符合条款。",
    "The listing is about an act that was not done, not about a large due debt of one's own; the clause is not met.",
)
DISPUTED = Text(
    "记录有异议标注：已申请纠正或者复议，审查期间不停止执行；结果一到即更新。",
    "The entry is disputed: correction or review was applied for. Enforcement goes on meanwhile; the result shows at once.",
)
NO_RELIEF = Text(
    "登记的暂时解除或者批准没有使本项措施在当日停止。", "No lift or approval on record stops this measure on the day."
)
CEILING_MET = Text(
    "条款为强制性规定，层级足够，点名本名单或者限制消费令，不须另行决定：可以自动适用。",
    "The clause is mandatory, of sufficient level, names this list or the order and needs no separate decision: it may be "
    "applied automatically.",
)
TRAIT_UNKNOWN = Text(
    "本措施只针对特定身份的人员或者单位，记录没有载明，请核实身份。",
    "The measure is only for people or units of a certain standing, which the record does not show; please verify.",
)
PUBLIC_BODY = Text(
    "被执行人是国家机关，除公布和通报外，均由工作人员判断。",
    "The debtor is a state organ; apart from publication and notice, a person decides.",
)
NOT_A_TARGET = Text(
    "没有登记失信联合惩戒对象的认定通知；列入失信被执行人名单与其不是一回事。",
    "No notice that makes the subject a joint-discipline target is on record; being on this list is not the same.",
)
DOUBTS = {
    "branch": Text(
        "被列入的是分支机构，公司本身未被列入，不得自动限制。",
        "The branch is listed, the company is not; nothing is automatic.",
    ),
    "order_lifted": Text(
        "同一案件的限制消费令已由人民法院解除而名单记录仍在，请向执行法院核实。",
        "The court lifted the consumption order of the same case while the listing stands; ask the enforcing court.",
    ),
    "register_only": Text(
        "身份只见于登记信息，人民法院尚未确认，请先提示执行法院。",
        "The role is known from a register only, the court has not named the person; flag it to the court first.",
    ),
    "shielded": Text(
        "该记录已暂时屏蔽（例如人民法院批准重整计划、认可和解协议），屏蔽期间不自动限制，请向执行法院核实。",
        "The entry is shielded for a time (a reorganisation plan or settlement approved by the court, for example); nothing is "
        "automatic meanwhile. Ask the enforcing court.",
    ),
    "suspended": Text(
        "人民法院已裁定中止执行，没有期限的名单记录应当删除，删除尚未到达，请向执行法院核实。",
        "The court has suspended enforcement: a listing without a term is to be deleted and the deletion has not arrived. Ask the "
        "enforcing court.",
    ),
    "debt_test": Text(
        "条款以数额较大的到期债务为条件，限制消费令只是线索，请核实债务。",
        "The clause asks for a large unpaid debt; a consumption order is only a sign of one. Verify the debt.",
    ),
}


def not_yet(start: date | None) -> Text:
    """The row has no version on the day."""
    if start is None:
        return Text("本措施在当日无效。", "The measure was not in force on that day.")
    return Text(f"本措施自{start}起有效，当日尚未有效。", f"The measure is in force from {start}; not yet on that day.")


def version_line(version: Version, basis: Citation, on: date) -> Text:
    """Which version of the row holds on the day, and the clause it stands on."""
    since = version.start or basis.start
    zh, en = (f"自{since}起有效的", f" in force from {since}") if since else ("", "")
    text, level = basis.text, basis.level.label
    return Text(
        f"{on}适用{zh}规定：{text.zh}（{level.zh}）。", f"On {on} the text{en} applies: {text.en} ({level.en})."
    )


def may_apply(title: Text) -> Text:
    """A row that a person has to decide about."""
    return Text(
        f"可能适用：{title.zh}。是否适用由工作人员判断。", f"May apply: {title.en}. A person decides whether it does."
    )


def suspended(relief: ReliefFact) -> Text:
    """A temporary lift covers the day."""
    end = last_day(relief)
    return Text(
        f"人民法院已暂时解除本项限制，自{relief.from_day}至{end}。",
        f"The court has lifted this limit for a time, from {relief.from_day} to {end}.",
    )


def approved(relief: ReliefFact) -> Text:
    """An approval for one act covers the day."""
    return Text(
        f"人民法院已批准单次事项（{relief.from_day}至{relief.to_day}），请核对批准文书及是否已经使用。",
        f"The court approved one act ({relief.from_day} to {relief.to_day}); check the paper and whether it was used.",
    )


@lru_cache(maxsize=256)
def source_line(hit: Hit) -> Text:
    """Which fact brings the row to bear."""
    source = hit.source
    if isinstance(source, ListingFact):
        grounds = Text(
            "、".join(g.zh for g in source.grounds), ", ".join(g.en for g in source.grounds) or "ground not given"
        )
        return Text(
            f"名单记录{source.entry}（{source.court_name}{source.case_number}，{grounds.zh}，{source.listed_on}起）。",
            f"Listing {source.entry} ({source.court_name} {source.case_number}, {grounds.en}, from "
            f"{source.listed_on}).",
        )
    if isinstance(source, OrderFact):
        return _order_line(source)
    if isinstance(source, MarkFact):
        label = source.role.label
        return Text(
            f"记录{source.entry}：{source.unit_name}的{label.zh}。",
            f"Entry {source.entry}: {label.en} of {source.unit_name}.",
        )
    if isinstance(source, DisciplineFact):
        return Text(
            f"失信联合惩戒对象认定通知{source.notice_number}，{source.notified_on}。",
            f"Notice {source.notice_number} of {source.notified_on} that makes the subject a joint-discipline target.",
        )
    label = source.role.label
    return Text(
        f"记录{source.entry}：失信被执行人担任本单位{label.zh}。",
        f"Entry {source.entry}: a listed person is {label.en} of this unit.",
    )


def _order_line(order: OrderFact) -> Text:
    zh = en = ""
    if order.bound_role is not None:
        label = order.bound_role.label
        zh = f"，作为{order.unit_name or '被限制单位'}的{label.zh}"
        en = f", as {label.en} of {order.unit_name or 'the unit'}"
    return Text(
        f"限制消费令{order.entry}（{order.court_name}{order.case_number}，{order.issued_on}起{zh}）。",
        f"Consumption order {order.entry} ({order.court_name} {order.case_number}, from {order.issued_on}{en}).",
    )


def ends(found: tuple[Hit, ...]) -> Text:
    """What ends the row for this subject, or on which day; never blank."""
    lines = list(dict.fromkeys(_end_of(hit) for hit in found))
    return (
        _join(lines)
        if lines
        else Text("文书载明的日期或者人民法院解除之日。", "On the day that the paper names or the court lifts it.")
    )


@lru_cache(maxsize=256)
def _end_of(hit: Hit) -> Text:
    source = hit.source
    if isinstance(source, OrderFact):
        return Text(
            "限制消费令没有固定期限，至人民法院解除之日止；删除名单不等于解除。",
            "The consumption order has no fixed term; it ends when the court lifts it. Leaving the list "
            "does not lift it.",
        )
    if isinstance(source, ListingFact) and source.until is not None:
        return Text(
            f"名单期限至{source.until}，次日起不再计算。",
            f"The listing runs to {source.until} and counts no more from the next day.",
        )
    if isinstance(source, ListingFact):
        return Text(
            "名单没有固定期限：履行完毕或者出现名单规定第十条第一款所列情形，由人民法院在三个工作日内删除。",
            "The listing has no fixed term: on full performance or another case of art. 10(1) of the list rules the court "
            "deletes it within three working days.",
        )
    if isinstance(source, DisciplineFact):
        return Text("至认定单位移出联合惩戒对象之日止。", "Until the body that made the notice takes the subject off.")
    return Text(
        "至单位或者任职人员的名单记录结束，或者身份、任职依法变更之日止。",
        "Until the listing of the unit or of the post-holder ends, or the role ends lawfully.",
    )


def next_step(found: tuple[Hit, ...], *, temporary: bool) -> Text:
    """The way out for the person; `temporary` adds the urgent-travel lift."""
    lines = list(dict.fromkeys(_way_out(hit) for hit in found))
    if temporary:
        lines.append(
            Text(
                "因重病、近亲属丧葬、公务、外事或者重要考试急需出行的，可以向执行法院申请暂时解除，最长一个月。",
                "For urgent travel (serious illness, funeral of a near relative, official duty, an "
                "important examination) "
                "ask the enforcing court for a lift of up to one month.",
            )
        )
    return (
        _join(lines)
        if lines
        else Text("向作出文书的人民法院申请复议或者解除。", "Ask the court that made the paper to review or lift it.")
    )


@lru_cache(maxsize=256)
def _way_out(hit: Hit) -> Text:
    source = hit.source
    if isinstance(source, OrderFact):
        return Text(
            f"向{source.court_name}履行、提供有效担保或者取得申请执行人同意后申请解除；生活或者经营必需的，"
            "先申请批准。",
            f"At {source.court_name}: perform, give valid security or bring the creditor's consent, and ask "
            "for the order to be lifted; "
            "for a need of life or business, ask for approval first.",
        )
    if isinstance(source, ListingFact) and any(ground.termed for ground in source.grounds):
        return Text(
            f"积极履行或者主动纠正后，可以请{source.court_name}决定提前删除；认为有误的，可以书面申请纠正，"
            "法院十五日内审查。",
            f"Perform or put the conduct right and ask {source.court_name} for early deletion; if it is "
            "wrong, apply in writing for "
            "correction, which the court reviews within fifteen days.",
        )
    if isinstance(source, ListingFact):
        return Text(
            f"向{source.court_name}履行义务或者申请删除；认为有误的，可以书面申请纠正，法院十五日内审查。",
            f"Perform, or apply to {source.court_name} for deletion; if it is wrong, apply in writing for "
            "correction, which the court "
            "reviews within fifteen days.",
        )
    if isinstance(source, MarkFact):
        return Text(
            f"能够证明不再担任且不是实际控制人或者直接责任人员的，向{source.court_name}申请解除。",
            "Who proves no longer to hold the role, nor to control the unit or be responsible, asks "
            f"{source.court_name} for release.",
        )
    if isinstance(source, DisciplineFact):
        return Text(
            "向认定单位申请信用修复或者提出异议。", "Ask the body that made the notice for repair, or object to it."
        )
    return Text("失信人员离任或者退出名单后即不再适用。", "It ends once the listed person leaves the post or the list.")


def _join(lines: list[Text]) -> Text:
    if len(lines) == 1:
        return lines[0]
    return Text("".join(line.zh for line in lines), " ".join(line.en for line in lines))
