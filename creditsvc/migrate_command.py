"""``creditsvc migrate``: makes keys and tables on a new machine, brings both databases up to date on an old one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from creditsvc.feature import Feature
from creditsvc.services import open_services
from creditsvc.settings import Settings
from creditsvc.storage.keyring import create_keyring
from creditsvc.storage.migrate import upgrade_all


def main(argv: Sequence[str], features: Sequence[Feature]) -> int:
    """Safe to repeat: keys that exist are kept, migrations that ran are not run again."""
    argparse.ArgumentParser(prog="creditsvc migrate").parse_args(argv)
    settings = Settings.from_environ(os.environ)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    create_keyring(settings.keys)
    services = open_services(settings)
    try:
        upgrade_all(services.database, services.keys)
        for feature in features:
            if feature.prepare is not None:
                feature.prepare(services, services.clock.now())
    finally:
        services.dispose()
    sys.stdout.write(f"数据库与密钥已就绪 / database and keys are ready: {settings.home}\n")
    return 0
