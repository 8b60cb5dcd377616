"""From what is spent to what is done: each queue by itself, so that one that cannot be changed keeps no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from mizan.budgets.api_server import Cluster
from mizan.budgets.decide import act, decide, stand
from mizan.budgets.events import event_of
from mizan.budgets.model import Action, Costs, Kind, Level, Limit, Mode, Queue, Unknown
from mizan.budgets.queues import patch_of, read_queue
from mizan.budgets.web import Refused

TRIES = 3
"""Of a queue that somebody else changes between our reading and our writing."""


class Outcome(StrEnum):
    """What became of an action.

    `done`: the queue is as decided, whether or not its Event is told. `not done`: the cluster refused it. `gone`: the
    queue is gone. `not known`: no answer came, so that it may be done.
    """

    DONE = "done"
    REFUSED = "not done"
    GONE = "gone"
    OPEN = "not known"


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was decided and done.

    Attributes:
        actions: in order, those included that failed and, in a dry run, all that were not done.
        faults: what could not be done, each in words.
        is_unknown: of a team with a budget nobody knows what it has spent, whether it has queues or none.
        outcomes: of each action; empty where nothing was to be done.
    """

    actions: tuple[Action, ...]
    faults: tuple[str, ...]
    is_unknown: bool
    outcomes: tuple[Outcome, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 1 where something could not be done, 3 where nobody knows what is spent, else 0."""
        if self.faults:
            return 1
        return 3 if self.is_unknown else 0


@dataclass(frozen=True, kw_only=True)
class Enforcement:
    """What is enforced, on which cluster.

    Attributes:
        is_dry: no queue is held or released; what would be done is told, by an Event and on the queue.
        say: takes a line for people.
    """

    limits: Sequence[Limit]
    mode: Mode
    cluster: Cluster
    is_dry: bool
    say: Callable[[str], None]

    def enforce(self, costs: Costs | Unknown, now: datetime) -> Done:
        """Decide on every queue, and do it."""
        decided, faults = self._decided(costs, now)
        actions: list[Action] = []
        outcomes: list[Outcome] = []
        for each in decided:
            action, outcome, found = self._result(each, now)
            actions.append(action)
            outcomes.append(outcome)
            faults += found
        for fault in faults:
            self.say(f"fault: {fault}")
        is_unknown = self._is_unknown(costs, now)
        return Done(actions=tuple(actions), faults=tuple(faults), is_unknown=is_unknown, outcomes=tuple(outcomes))

    def looked_at(self, costs: Costs | Unknown, now: datetime) -> Done:
        """Decide on every queue, and neither do nor tell anything."""
        actions, faults = self._decided(costs, now)
        return Done(actions=tuple(actions), faults=tuple(faults), is_unknown=self._is_unknown(costs, now))

    def _is_unknown(self, costs: Costs | Unknown, now: datetime) -> bool:
        return any(stand(limit, costs, self.mode, now).level is Level.UNKNOWN for limit in self.limits)

    def _decided(self, costs: Costs | Unknown, now: datetime) -> tuple[list[Action], list[str]]:
        """Return what is to be done, and which namespaces did not tell their queues."""
        queues: dict[str, list[Queue]] = {}
        faults: list[str] = []
        for limit in self.limits:
            try:
                queues[limit.team] = [_read(body) for body in self.cluster.queues(limit.team)]
            except Refused as refused:
                faults.append(f"{limit.team}: its LocalQueues are not told: {refused}")
        return decide(self.limits, costs, queues, self.mode, now), faults

    def _result(self, action: Action, now: datetime) -> tuple[Action, Outcome, list[str]]:
        """Do and tell what is decided for a queue; return what was done, what became of it, and what went wrong."""
        where = _named(action.queue)
        try:
            action = self._do(action, now)
            faults = self._told(action, now)
        except Refused as refused:
            if refused.code == HTTPStatus.NOT_FOUND:
                self.say(f"{where}: gone")
                return action, Outcome.GONE, []
            if refused.code is not None:
                return action, Outcome.REFUSED, [f"{where}: {action.kind}: {refused}"]
            return action, Outcome.OPEN, [f"{where}: {action.kind}: {refused}; it may be done all the same"]
        except KeyboardInterrupt:
            if action.kind is not Kind.NONE:
                self.say(f"{where}: interrupted, and this may be done: {action.kind}: {action.words}")
            raise
        would = "dry run: " if self.is_dry and action.kind is not Kind.NONE else ""
        self.say(f"{where}: {would}{action.kind}: {action.words}")
        return action, Outcome.DONE, faults

    def _do(self, action: Action, now: datetime) -> Action:
        """Do what is decided for a queue, and return what was done; decide again where the queue has changed."""
        for _ in range(TRIES - 1):
            try:
                return self._once(action, now)
            except Refused as refused:
                if refused.code != HTTPStatus.CONFLICT:
                    raise
                queue = _read(self.cluster.queue(action.queue.namespace, action.queue.name))
                action = act(action.standing, queue, self.mode)
        return self._once(action, now)

    def _once(self, action: Action, now: datetime) -> Action:
        patch = patch_of(action, now, is_dry=self.is_dry)
        if patch is not None:
            self.cluster.patch(action.queue.namespace, action.queue.name, patch)
        return action

    def _told(self, action: Action, now: datetime) -> list[str]:
        """Tell what was done by an Event; return what went wrong, which undoes nothing."""
        if action.kind is Kind.NONE:
            return []
        try:
            self.cluster.tell(event_of(action, now, is_dry=self.is_dry))
        except Refused as refused:
            return [f"{_named(action.queue)}: {action.kind}: its Event is not told: {refused}"]
        return []


def _read(body: Mapping[str, Any]) -> Queue:
    """Return a LocalQueue.

    Raises:
        Refused: it is none.
    """
    try:
        return read_queue(body)
    except (LookupError, TypeError, AttributeError) as error:
        raise Refused("an answer that is no LocalQueue", HTTPStatus.OK) from error


def _named(queue: Queue) -> str:
    return f"{queue.namespace}/{queue.name}"
