"""Trouble that isn't the feed's: keys, access, the network, this directory. Same family, own exit codes."""

from __future__ import annotations

from creditsvc.kernel.text import Bilingual
from sync.mirror.errors import MirrorError


class KeyRefused(MirrorError):
    """401."""

    default_code = "key-refused"
    exit_code = 40
    words = Bilingual(
        "接口密钥缺失或无效；请用 --key-file 或 CREDITSVC_MIRROR_KEY 提供",
        "the API key is missing or not valid; give it by --key-file or CREDITSVC_MIRROR_KEY",
    )


class ScopeDenied(MirrorError):
    """403."""

    default_code = "scope-denied"
    exit_code = 41
    words = Bilingual(
        "协议不允许此操作（{problem}）；请与发布方核对协议",
        "the agreement doesn't allow this ({problem}); check it with the publisher",
    )


class AskedTooOften(MirrorError):
    """429."""

    default_code = "asked-too-often"
    exit_code = 42
    words = Bilingual(
        "请求过于频繁；请稍后再试",
        "asked too often; try again later",
    )


class PublisherUnreachable(MirrorError):
    """No answer, or one outside the contract."""

    default_code = "publisher-unreachable"
    exit_code = 43
    words = Bilingual(
        "无法连接发布方或应答异常（{reason}）；本地副本保持不变，请稍后重试",
        "the publisher can't be reached or answers wrongly ({reason}); this copy is as it was, try again later",
    )


class ReceiptsUnset(MirrorError):
    """A farewell without a key to sign it."""

    default_code = "receipts-unset"
    exit_code = 49
    words = Bilingual(
        "清空须以签名回执证明：请给出 --subscriber 与 --signing-key；尚未删除任何内容",
        "that the copy is gone is proved by a signed receipt: give --subscriber and --signing-key; nothing was deleted yet",
    )


class MirrorBusy(MirrorError):
    """Two at once."""

    default_code = "mirror-busy"
    exit_code = 44
    words = Bilingual(
        "另一个镜像进程正在使用此目录",
        "another mirror process is using this directory",
    )


class OtherStream(MirrorError):
    """A directory of another stream."""

    default_code = "other-stream"
    exit_code = 45
    words = Bilingual(
        "此目录是 {had} 的副本；请换一个目录",
        "this directory holds a copy of {had}; take another directory",
    )


class NotSynced(MirrorError):
    """Nothing to answer from."""

    default_code = "not-synced"
    exit_code = 46
    words = Bilingual(
        "此目录还没有可用的副本；请先运行 creditsvc mirror URL --dir 目录 --stream 数据流",
        "there is no usable copy in this directory yet; first run creditsvc mirror URL --dir DIR --stream STREAM",
    )


class CannotMatch(MirrorError):
    """A copy that can't be asked about persons."""

    default_code = "cannot-match"
    exit_code = 47
    words = Bilingual(
        "此副本不含可比对的身份信息（公开流或未配置信函密钥），不能核查；请改用核查接口",
        "this copy has nothing to match identity numbers by (the public stream, or no key for slips): use "
        "the check API instead",
    )


class SettingUnusable(MirrorError):
    """A file or option that is wrong."""

    default_code = "setting-unusable"
    exit_code = 48
    words = Bilingual(
        "设置不可用：{zh}",
        "a setting can't be used: {en}",
    )

    def __init__(self, zh: str = "", en: str = "") -> None:
        super().__init__(zh=zh, en=en)
