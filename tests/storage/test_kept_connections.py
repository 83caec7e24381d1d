"""A connection that a thread keeps goes back to the pool with the thread."""

from __future__ import annotations

import threading

from creditsvc.services import Services


def test_many_short_threads_do_not_use_up_the_pool(services: Services) -> None:
    found = []

    def ask() -> None:
        with services.database.direct() as driver:
            found.append(driver.execute("SELECT 1").fetchone()[0])

    for _ in range(70):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert found == [1] * 70
