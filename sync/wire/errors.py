"""The ways in which bytes can be wrong. Pure."""

from __future__ import annotations

from typing import ClassVar

from creditsvc.kernel.errors import InvalidInput
from creditsvc.kernel.text import Bilingual


class FormatInvalid(InvalidInput):
    """Bytes that are not what the contract says; the text names the part and what is wrong with it."""

    default_code: ClassVar[str] = "feed-format"

    def __init__(self, where: str, what: str) -> None:
        text = Bilingual(
            f"数据流格式错误（{where}）：{what}；请向发布方报告",
            f"feed format, {where}: {what}; report it to the publisher",
        )
        super().__init__(text, where=where)


class SignatureInvalid(InvalidInput):
    """Not signed by who must have signed it. The one answer to every bad note, signature and key."""

    default_code: ClassVar[str] = "signature-invalid"

    def __init__(self) -> None:
        text = Bilingual(
            "签名无效：内容不可信，已拒绝；请向发布方核实密钥",
            "the signature is not valid: the content is refused; check the keys with the publisher",
        )
        super().__init__(text)


class ProofInvalid(InvalidInput):
    """A Merkle proof that does not lead to its root."""

    default_code: ClassVar[str] = "proof-invalid"

    def __init__(self) -> None:
        text = Bilingual(
            "日志证明不成立：与已签名的根不符，已拒绝",
            "the log proof does not lead to the signed root: refused",
        )
        super().__init__(text)


class SlipInvalid(InvalidInput):
    """An identity slip that can't be opened or is not for its subject."""

    default_code: ClassVar[str] = "slip-invalid"

    def __init__(self) -> None:
        text = Bilingual(
            "身份信函无法开启或与记录不符，已拒绝；请核对接收密钥",
            "an identity slip can't be opened or doesn't match its entry: refused; check the receiving key",
        )
        super().__init__(text)


class BundleInvalid(InvalidInput):
    """A removal proof that does not hold. ``part``: format, keys, statement, event, head, proof, receipts or streams."""

    default_code: ClassVar[str] = "removal-proof-invalid"

    def __init__(self, part: str) -> None:
        text = Bilingual(
            f"移除证明不成立（{part}）：文件被改动或不完整，不可采信；请向发证法院重新索取",
            f"the removal proof does not hold ({part}): the file was changed or is incomplete; ask the court for it again",
        )
        super().__init__(text, part=part)
