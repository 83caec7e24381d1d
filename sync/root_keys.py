"""``creditsvc root``: the offline side of the list of keys. Makes a root key, shows it, signs a draft.

Works from the base install, on a machine without network: copy the draft there, sign, carry the signature back.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from creditsvc.kernel.errors import InvalidInput, NotFound
from creditsvc.kernel.text import Bilingual
from sync.wire.errors import FormatInvalid, SignatureInvalid
from sync.wire.keys import parse_key_list
from sync.wire.notes import Signer, add_signatures, parse_note, sign, sign_note

ROOTS = 3
_README = (
    "这三把根密钥签署密钥清单，任何日常任务都不需要它们。请分别交三人离线保管，并从本机删除。\n"
    "These three root keys sign the list of keys; no daily work needs them. Give them to three people, offline,\n"
    "and remove them from this machine.\n"
)


def make_root(path: Path) -> None:
    """A new root key in a file (0400); raises FileExistsError rather than overwrite one."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
        file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        file.flush()
        os.fsync(file.fileno())


def read_root(path: Path, host: str) -> Signer:
    """The root in a file ``root-….key``; its name in the list is ``HOST/root-…``. Raises ``InvalidInput``."""
    try:
        private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError):
        raise InvalidInput(
            Bilingual(f"不是根密钥文件：{path.name}", f"not a root key file: {path.name}"), code="root-file"
        ) from None
    return Signer(f"{host}/{path.stem}", private)


def open_roots(folder: Path, host: str, *, make: bool = False) -> list[Signer]:
    """The roots that lie in a folder, by name; ``make``: the first three are made there if none is."""
    if make and not any(folder.glob("root-*.key")):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in range(1, ROOTS + 1):
            make_root(folder / f"root-{number}.key")
        (folder / "README.txt").write_text(_README, encoding="utf-8")
    return [read_root(path, host) for path in sorted(folder.glob("root-*.key"))]


def signed_by(text: str, root: Signer) -> str:
    """A draft, or a note that some roots have signed already, with this root's signature. Raises FormatInvalid."""
    try:
        note = parse_note(text)
    except SignatureInvalid:
        parse_key_list(text)
        return sign_note(text, [root])
    parse_key_list(note.text)
    signature = sign(note.text, root)
    return text if signature in note.signatures else add_signatures(text, [signature])


def main(argv: Sequence[str]) -> int:
    """``new``, ``show`` or ``sign``."""
    made = argparse.ArgumentParser(
        prog="creditsvc root", description="根密钥：离线生成与签署 / root keys: made and used offline"
    )
    actions = made.add_subparsers(dest="action", required=True)
    new = actions.add_parser("new", help="生成一把根密钥 / make a root key")
    new.add_argument("key", type=Path, help="文件，例如 root-4.key / its file")
    show = actions.add_parser("show", help="打印公钥 / print the public key")
    signs = actions.add_parser("sign", help="签署密钥清单草稿 / sign a draft of the list of keys")
    for action in (show, signs):
        action.add_argument("--key", type=Path, required=True, help="根密钥文件 / the root's file")
    show.add_argument("--host", required=True, help="发布服务的主机名 / host of the service")
    signs.add_argument("draft", type=Path, help="草稿或已有部分签名的清单；签名写回其中 / draft, signed in place")
    options = made.parse_args(argv)
    if options.action == "new":
        make_root(options.key)
    elif options.action == "show":
        sys.stdout.write(read_root(options.key, options.host).verifier.text + "\n")
    else:
        _sign(options.draft, options.key)
    return 0


def _sign(path: Path, key: Path) -> None:
    if not path.is_file():
        raise NotFound(Bilingual(f"没有文件 {path.name}", f"no file {path.name}"), code="file-missing")
    text = path.read_text("utf-8")
    try:
        host = parse_key_list(text.partition("\n\n")[0].rstrip("\n") + "\n").host
        done = signed_by(text, read_root(key, host))
    except FormatInvalid:
        raise InvalidInput(
            Bilingual("不是密钥清单草稿", "not a draft of the list of keys"), code="draft-wrong"
        ) from None
    part = path.with_suffix(".part")
    part.write_text(done, "utf-8")
    part.replace(path)
    sys.stdout.write(done)
