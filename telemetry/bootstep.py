"""`celery -A iotsphere worker --listen`: a worker that also takes in what devices send by MQTT."""

import gc
import os
from typing import Any

import click
from celery import bootsteps
from celery.worker import WorkController
from django.db import connections

LISTEN = click.Option(
    ["--listen"],
    is_flag=True,
    help="Also take in what devices send by MQTT. Others that do it too stand by, or share it with INGEST_SHARED.",
)


class ListenerStep(bootsteps.StartStopStep):
    """The listener lives in the worker's main process, beside whatever pool there is, and is drained on shutdown."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: WorkController, listen: bool = False, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.listen = listen

    def include_if(self, worker: WorkController) -> bool:
        return self.listen

    def start(self, worker: WorkController) -> None:
        from telemetry.listener import Listener  # noqa: PLC0415 (Django is not set up when Celery is)

        os.register_at_fork(after_in_child=_forget_connection_pools)
        # Messages become objects by the hundred thousand, none of them in a cycle. Looking for cycles among these, and
        # each time among all of Django's, took a third of the worker's time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000)
        self.listener = Listener(worker.hostname)  # type: ignore[attr-defined]
        self.listener.start()

    def stop(self, worker: WorkController) -> None:
        self.listener.stop()

    def terminate(self, worker: WorkController) -> None:
        self.stop(worker)


def _forget_connection_pools() -> None:
    """A process that the pool forks later must not use the connections of the listener, which it would inherit."""
    for connection in connections.all():
        getattr(connection, "_connection_pools", {}).clear()
