"""Why the mirror refuses. One class a reason, each with its code, its exit code and what to do about it.

The exit codes are listed in docs/mirror.md; 1 and 2 stay for other failures and wrong calls.
"""

from __future__ import annotations

from typing import Any, ClassVar

from creditsvc.kernel.errors import Conflict
from creditsvc.kernel.text import Bilingual


class MirrorError(Conflict):
    """The mirror stopped. Nothing that it had verified before is lost, nothing unverified was kept."""

    default_code: ClassVar[str] = "mirror"
    exit_code: ClassVar[int] = 1
    words: ClassVar[Bilingual] = Bilingual("镜像已停止", "the mirror stopped")

    def __init__(self, **details: Any) -> None:
        super().__init__(self.words.filled(**details) if details else self.words, **details)


class KeysUntrusted(MirrorError):
    """A key list without two signatures of known roots."""

    default_code = "keys-untrusted"
    exit_code = 10
    words = Bilingual(
        "密钥清单没有足够的根密钥签名，已拒绝；请用协议所附清单（--trust）核对",
        "the key list isn't signed by enough known root keys: refused; compare it with the list that came "
        "with the agreement (--trust)",
    )


class KeysWentBackwards(MirrorError):
    """An older key list, or another one under the same version."""

    default_code = "keys-went-backwards"
    exit_code = 11
    words = Bilingual(
        "密钥清单的版本倒退或同版本内容不同，已拒绝；请联系发布方",
        "the key list went backwards, or changed without a new version: refused; ask the publisher",
    )


class HeadUntrusted(MirrorError):
    """A head without a signature that counts."""

    default_code = "head-untrusted"
    exit_code = 12
    words = Bilingual(
        "数据流头没有本流有效密钥的签名，已拒绝；请联系发布方",
        "the head isn't signed by a key that the key list gives to this stream today: refused; ask the publisher",
    )


class OtherOrigin(MirrorError):
    """A head that isn't this stream's."""

    default_code = "other-origin"
    exit_code = 13
    words = Bilingual(
        "数据流头属于其他主机或其他数据流，已拒绝；请核对地址",
        "the head is of another host or stream: refused; check the address",
    )


class OtherEpoch(MirrorError):
    """A head of another epoch."""

    default_code = "other-epoch"
    exit_code = 14
    words = Bilingual(
        "发布方已换用新纪元 {epoch}；镜像不会自行更换。核实公告后用 --stream {stream}/{epoch} 重新开始",
        "the publisher speaks of epoch {epoch}; a mirror never changes epoch by itself. After checking the "
        "announcement start again with --stream {stream}/{epoch}",
    )


class HeadExpired(MirrorError):
    """A freeze, or a clock that is fast."""

    default_code = "head-expired"
    exit_code = 15
    words = Bilingual(
        "数据流头已于 {expires} 过期；数据停在旧处或本机时钟偏快。请检查时钟并联系发布方",
        "the head expired at {expires}: the feed stands still or this clock is fast. Check the clock, then "
        "ask the publisher",
    )


class HeadFromFuture(MirrorError):
    """A clock that is slow, or a head that is post-dated."""

    default_code = "head-from-future"
    exit_code = 16
    words = Bilingual(
        "数据流头签发于 {published}，晚于本机时间；请校准本机时钟",
        "the head was published at {published}, later than it is here: set this machine's clock",
    )


class FeedWentBackwards(MirrorError):
    """A smaller head than one that was trusted."""

    default_code = "feed-went-backwards"
    exit_code = 17
    words = Bilingual(
        "数据流从 {had} 倒退到 {size}，已拒绝；发布方可能恢复了旧备份",
        "the feed went back from {had} to {size}: refused; the publisher may have restored an old backup",
    )


class FeedForked(MirrorError):
    """The same size with another root or state."""

    default_code = "feed-forked"
    exit_code = 18
    words = Bilingual(
        "序号 {size} 出现两个不同的数据流头（分叉），已拒绝；请保留现场并联系发布方与监督方",
        "two different heads for sequence {size} (a fork): refused; keep both, tell the publisher and the supervisor",
    )


class WitnessesMissing(MirrorError):
    """A head with fewer cosignatures than the agreement asks for."""

    default_code = "witnesses-missing"
    exit_code = 19
    words = Bilingual(
        "数据流头只有 {had} 个见证方联署，要求 {wanted} 个；联署稍后即到，请重试，久不到请联系发布方与见证方",
        "the head is cosigned by {had} witnesses where {wanted} are wanted: cosignatures come a moment later, try again; "
        "if they don't come, ask the publisher and the witnesses",
    )


class FeedGap(MirrorError):
    """An event is missing."""

    default_code = "feed-gap"
    exit_code = 20
    words = Bilingual(
        "数据流缺少序号 {expected}（收到 {got}），已拒绝；请稍后重试",
        "the feed lacks sequence {expected} (got {got}): refused; try again later",
    )


class FeedRepeats(MirrorError):
    """An event came twice."""

    default_code = "feed-repeats"
    exit_code = 21
    words = Bilingual(
        "数据流重复了序号 {got}（应为 {expected}），已拒绝；请稍后重试",
        "the feed repeats sequence {got} (expected {expected}): refused; try again later",
    )


class FeedTruncated(MirrorError):
    """The feed ends before its head."""

    default_code = "feed-truncated"
    exit_code = 22
    words = Bilingual(
        "数据流在序号 {cursor} 处中断，未到已签名的 {size}；请稍后重试",
        "the feed ends at {cursor}, short of the signed {size}; try again later",
    )


class FeedUnreadable(MirrorError):
    """Bytes that are not the contract's."""

    default_code = "feed-unreadable"
    exit_code = 23
    words = Bilingual(
        "收到的内容不符合格式（{where}），已拒绝；请联系发布方",
        "what came isn't in the feed's format ({where}): refused; ask the publisher",
    )


class FeedEndless(MirrorError):
    """An answer that doesn't end."""

    default_code = "feed-endless"
    exit_code = 24
    words = Bilingual(
        "{path} 的应答超过 {limit} 字节，已中止；请联系发布方",
        "the answer of {path} is longer than {limit} bytes: stopped; ask the publisher",
    )


class LogMismatch(MirrorError):
    """Events that the log didn't commit to."""

    default_code = "log-mismatch"
    exit_code = 25
    words = Bilingual(
        "事件与已签名的日志根不符，已全部丢弃；内容可能被篡改",
        "the events don't lead to the signed log root: all thrown away; they may have been tampered with",
    )


class ConsistencyMissing(MirrorError):
    """No consistency proof, or a false one."""

    default_code = "consistency-missing"
    exit_code = 26
    words = Bilingual(
        "无法证明新的日志延续旧的日志，已拒绝；请联系发布方",
        "nothing proves that the new log continues the old one: refused; ask the publisher",
    )


class CursorAhead(MirrorError):
    """409 cursor-ahead."""

    default_code = "cursor-ahead"
    exit_code = 27
    words = Bilingual(
        "本地游标 {cursor} 超过发布方；发布方可能恢复了旧备份，镜像不会自行重置",
        "this cursor {cursor} is past the publisher's end; it may have restored an old backup, and a mirror "
        "never resets itself",
    )


class SnapshotCutShort(MirrorError):
    """A snapshot without trailer or out of order."""

    default_code = "snapshot-cut-short"
    exit_code = 30
    words = Bilingual(
        "快照不完整或格式错误，已整体丢弃；请稍后重试",
        "the snapshot is cut short or malformed: thrown away whole; try again later",
    )


class SnapshotUntrusted(MirrorError):
    """A snapshot with a false trailer."""

    default_code = "snapshot-untrusted"
    exit_code = 31
    words = Bilingual(
        "快照的签名尾无效，已整体丢弃；请联系发布方",
        "the snapshot's trailer isn't validly signed: thrown away whole; ask the publisher",
    )


class SnapshotMismatch(MirrorError):
    """A snapshot with another state root, count or sequence."""

    default_code = "snapshot-mismatch"
    exit_code = 32
    words = Bilingual(
        "快照内容与已签名的状态不符，已整体丢弃；请联系发布方",
        "the snapshot isn't the signed state: thrown away whole; ask the publisher",
    )


class SnapshotMissing(MirrorError):
    """No snapshot where only a snapshot helps."""

    default_code = "snapshot-missing"
    exit_code = 33
    words = Bilingual(
        "需要快照而发布方没有提供；请稍后重试",
        "a snapshot is needed and the publisher has none; try again later",
    )


class StateContradicts(MirrorError):
    """A published state that its own buckets don't lead to."""

    default_code = "state-contradicts"
    exit_code = 34
    words = Bilingual(
        "发布方的状态自相矛盾，无法修复本地副本，已拒绝；请联系发布方",
        "the publisher's state contradicts itself, so this copy can't be healed by it: refused; ask the publisher",
    )


class SlipMismatch(MirrorError):
    """A slip that isn't for its subject."""

    default_code = "slip-mismatch"
    exit_code = 35
    words = Bilingual(
        "身份信函与记录不符，未采用；请核对接收密钥并联系发布方",
        "an identity slip doesn't match its entry: not used; check the receiving key, then ask the publisher",
    )


class Diverged(MirrorError):
    """409 state-mismatch, twice."""

    default_code = "diverged"
    exit_code = 36
    words = Bilingual(
        "修复后回执仍被判定不一致；本地副本不可信，请联系发布方",
        "the receipt still differs after healing; don't rely on this copy, ask the publisher",
    )


class NonceUsed(MirrorError):
    """409 nonce-used, twice."""

    default_code = "nonce-used"
    exit_code = 37
    words = Bilingual(
        "回执随机数已被使用；请稍后重试",
        "the receipt's nonce was already used; try again later",
    )


class ReceiptRefused(MirrorError):
    """A receipt that isn't taken."""

    default_code = "receipt-refused"
    exit_code = 38
    words = Bilingual(
        "发布方未接受回执（{status} {problem}）；请核对登记的公钥与单位名称",
        "the publisher didn't take the receipt ({status} {problem}); check the registered public key and "
        "the subscriber's name",
    )
