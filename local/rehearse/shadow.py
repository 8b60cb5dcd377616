"""The shadow of a simulated cloud in the rehearsed cluster: what the cloud has there, the cluster gets as nodes.

The program's own objects are read and never written. What is made here is known by its label (`twins.SIMULATED`).
"""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from httpx2 import HTTPError
from lightkube import ApiError, Client

from local.progress import Reporter
from local.rehearsal.store import Store
from local.rehearse.look import InstalledKueue, Look, Plane
from mizan.config import Cloud
from mizan.errors import PlatformError, SourceUnreachable
from mizan.plan import Plan

EVERY_SECONDS = 0.3
# What fails once has mostly met something half made, or a process that is restarted; the next look sees it whole.
PATIENCE_SECONDS = 15.0
# A look that starts Kueue waits until it is ready.
END_SECONDS = 90.0
# For whoever is interrupted, or has failed, that is too long.
CUT_SHORT_SECONDS = 5.0

_PACKAGES = {Cloud.GKE: "gcp", Cloud.EKS: "aws"}


class Shadow:
    """Keeps nodes and twins as the simulated cloud and the program want them, while its block runs."""

    def __init__(self, plane: Plane, plan: Plan, state_folder: Path, reporter: Reporter) -> None:
        """Touch nothing yet.

        Args:
            plane: of the rehearsed cluster.
            plan: of the stack, on GKE or on EKS.
            state_folder: of the stack's simulated clouds.
            reporter: told of a failure that another one would hide.
        """
        self._plane, self._plan, self._reporter = plane, plan, reporter
        self._store = Store(state_folder, _PACKAGES[plan.cloud])
        self._kueue = InstalledKueue(plane, plan.kueue)
        self._error: Exception | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look, every EVERY_SECONDS."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, after one more look where all went well.

        Raises:
            Exception: what ended the shadow, where nothing else has failed.
        """
        self._end.set()
        self._thread.join(END_SECONDS if kind is None else CUT_SHORT_SECONDS)
        if kind is None:
            self.check()
            self.sync()
        elif self._error is not None and self._error is not error:
            self._reporter.warn(f"Before that, nodes were no longer simulated. {self._error}")

    def check(self) -> None:
        """Raise what ended the shadow, if anything did."""
        if self._error is not None:
            raise self._error

    def sync(self) -> None:
        """Make the cluster's nodes fit what is there now; with nothing new, a second call does nothing.

        Raises:
            PlatformError: Kueue does not get ready.
            ApiError: the cluster refuses.
            HTTPError: the cluster does not answer.
        """
        with self._plane.client() as client:
            self._look(client)

    def _look(self, client: Client) -> None:
        with self._store.alone():
            records = self._store.records()
        Look(client, self._plan, records, self._kueue).settle()

    def _run(self) -> None:
        failing_since: float | None = None
        while not self._end.wait(EVERY_SECONDS):
            try:
                with self._plane.client() as client:
                    while not self._end.wait(EVERY_SECONDS):
                        self._look(client)
                        failing_since = None
            except Exception as error:  # noqa: BLE001 - whatever it is, it is kept for whoever waits for nodes
                failing_since = failing_since or time.monotonic()
                # A PlatformError has had patience of its own.
                if isinstance(error, PlatformError) or time.monotonic() - failing_since > PATIENCE_SECONDS:
                    self._error = _told(error)
                    return


def _told(error: Exception) -> Exception:
    """Return an error of the cluster's so that a person can act on it; any other as it is."""
    if not isinstance(error, ApiError | HTTPError):
        return error
    told = SourceUnreachable(
        "simulated nodes",
        f"{type(error).__name__} for {PATIENCE_SECONDS:.0f} s: {error}",
        needs="an API server that takes them",
        because="without nodes nothing in the cluster gets ready",
        fix="See the log of kube-apiserver; `make status` names it",
    )
    told.__cause__ = error
    return told
