"""The removal proof for ``creditsvc verify``: what it proves, in words; what it doesn't, in words as well."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.pdf_files import carried, is_pdf
from creditsvc.kernel.text import Bilingual
from creditsvc.verify_command import Finding, Trust, Verified
from sync.wire.encoding import b64url
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.keys import KeyList, parse_key_list, verify_key_list
from sync.wire.notes import parse_note
from sync.wire.removal import Held, RemovalProof, StreamProof, is_bundle, verify_bundle

KIND = Bilingual("移除证明", "removal proof")
LONGEST = 16 * 1024 * 1024
_BEIJING = ZoneInfo("Asia/Shanghai")

_LIMIT = Bilingual(
    "回执证明订阅单位所申报的集合，不能证明不存在隐藏的副本。",
    "A receipt proves the set that a subscriber declares, not that no hidden copy exists.",
)
_UNKNOWN_ROOTS = Bilingual(
    "尚无可信公钥清单可比：请将上列根密钥与法院公布的核对，或用 --trust 给出另行取得的清单",
    "no key list to compare with: compare the root keys above with those that the court has published, or give a list "
    "that came by another way with --trust",
)
_OPEN = Bilingual("尚有单位未以回执确认移除", "somebody who held a copy has not confirmed by a receipt")
_UNWITNESSED = Bilingual("日志头没有见证方联署", "no witness has cosigned the head of the log")
_NO_HOLDER = Bilingual("无订阅单位持有", "no subscriber held it")
_STAGE = {
    "published": Bilingual("已发布，未取", "published, not fetched"),
    "notified": Bilingual("已通知，未取", "told, not fetched"),
    "fetched": Bilingual("已取，未确认", "fetched, not confirmed"),
    "applied": Bilingual("已移除", "has let go"),
    "probed": Bilingual("已移除并经抽查", "has let go, probed"),
    "diverged": Bilingual("副本不一致", "its copy differs"),
    "overdue": Bilingual("逾期未确认", "overdue"),
    "ended": Bilingual("协议已终止", "agreement ended"),
}
_EXIT = {
    "removed": Bilingual("删除（记录当时正确）", "removed (it was right)"),
    "revoked": Bilingual("撤销（本不应列入）", "revoked (it should never have been)"),
}


class KeysNotTrusted(InvalidInput):
    """Signed by roots that the reader's own lists don't know."""

    default_code = "keys-not-trusted"

    def __init__(self) -> None:
        super().__init__(
            Bilingual(
                "证明所附公钥清单不是由所给清单的根密钥签署的：不可采信，请向法院核实",
                "the key list in the proof is not signed by the roots of the lists given: don't believe it, ask the court",
            )
        )


def recognises(raw: bytes) -> bool:
    """Whether a file says that it is a removal proof, or is a certificate that carries one."""
    return is_bundle(bundle_in(raw))


def bundle_in(raw: bytes) -> bytes:
    """The proof that a certificate of removal carries; any other file as it is."""
    if not is_pdf(raw):
        return raw
    return next((each for each in carried(raw, begins=(b'{"entry"',), longest=LONGEST) if is_bundle(each)), raw)


def verify(raw: bytes, trust: Trust) -> Verified:
    """Raises BundleInvalid; KeysNotTrusted if trusted lists were given and none knows the bundle's roots."""
    proof = verify_bundle(bundle_in(raw))
    if trust.files and not any(_vouches(known, proof) for known in trust.files):
        raise KeysNotTrusted
    doubts = []
    if not trust.files:
        doubts.append(_UNKNOWN_ROOTS)
    if not proof.complete:
        doubts.append(_OPEN)
    if not proof.witnessed:
        doubts.append(_UNWITNESSED)
    return Verified(_findings(proof), doubts)


def _vouches(raw: bytes, proof: RemovalProof) -> bool:
    """Whether a list that the reader holds, older or the same, has two roots that signed the bundle's."""
    try:
        known = parse_key_list(parse_note(raw).text)
        verify_key_list(proof.keys_note, known=known)
    except (FormatInvalid, SignatureInvalid):
        return False
    return True


def _findings(proof: RemovalProof) -> list[Finding]:
    found = [_line("记录", "entry", proof.entry), _line("发布方", "publisher", proof.keys.host)]
    found += [_line("根密钥", "root key", text) for text in fingerprints(proof.keys)]
    for stream in proof.streams:
        found += _of_stream(stream)
    found.append(_line("说明", "note", f"{_LIMIT.zh} / {_LIMIT.en}"))
    return found


def fingerprints(keys: KeyList) -> list[str]:
    """Each root as ``NAME KEY``: what a paper prints and a court publishes."""
    return [f"{root.name} {b64url(root.public)}" for root in keys.root_keys()]


def _of_stream(stream: StreamProof) -> list[Finding]:
    data, how = stream.event.data, _EXIT[stream.event.data["exit"]]
    witnesses = "、".join(stream.witnesses) or "无 / none"
    found = [
        _line("数据流", "stream", stream.statement.stream_epoch),
        _line("移除", "left", f"{data['effective']}，{how.zh} / {how.en}，序号 / sequence {stream.event.sequence}"),
        _line("日志头", "head", f"{stream.head.size}，{_local(stream.head.published)}，见证 / witnesses: {witnesses}"),
    ]
    if not stream.holders and stream.head.origin.stream != "public":
        found.append(_line("持有单位", "holder", f"{_NO_HOLDER.zh} / {_NO_HOLDER.en}"))
    return found + [_line("持有单位", "holder", _holder(held)) for held in stream.holders]


def _holder(held: Held) -> str:
    stage = _STAGE[held.line.stage]
    said = f"{held.line.title} ({held.line.subscriber})：{stage.zh} / {stage.en}"
    if held.receipt is None:
        return said
    onward = f"{held.receipt.onward_confirmed}/{held.receipt.onward}"
    return f"{said}，{_local(held.receipt.applied)}，序号 / sequence {held.receipt.sequence}，转交 / onward {onward}"


def _line(zh: str, en: str, value: str) -> Finding:
    return Finding(Bilingual(zh, en), value)


def _local(at: datetime) -> str:
    return at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")
