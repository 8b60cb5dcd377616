"""From what is spent to what is done: each queue by itself, so that one that cannot be changed keeps no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from mizan.budgets.api_server import Cluster
from mizan.budgets.decide import act, decide
from mizan.budgets.events import event_of
from mizan.budgets.model import Action, Costs, Kind, Limit, Mode, Queue, Unknown
from mizan.budgets.queues import patch_of, read_queue
from mizan.budgets.web import Refused

TRIES = 3
"""Of a queue that somebody else changes between our reading and our writing."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was decided and done.

    Attributes:
        actions: in order, those included that failed and, in a dry run, all that were not done.
        faults: what could not be done, each in words.
    """

    actions: tuple[Action, ...]
    faults: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return 1 where something could not be done, 3 where nobody knows what is spent, else 0."""
        if self.faults:
            return 1
        return 3 if any(action.is_unknown for action in self.actions) else 0


@dataclass(frozen=True, kw_only=True)
class Enforcement:
    """What is enforced, on which cluster.

    Attributes:
        is_dry: nothing is changed.
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
        for action in decided:
            try:
                actions.append(self._do(action, now))
            except Refused as refused:
                actions.append(action)
                faults.append(f"{_named(action.queue)}: {action.kind}: {refused}")
        for fault in faults:
            self.say(f"fault: {fault}")
        return Done(actions=tuple(actions), faults=tuple(faults))

    def looked_at(self, costs: Costs | Unknown, now: datetime) -> Done:
        """Decide on every queue, and neither do nor tell anything."""
        actions, faults = self._decided(costs, now)
        return Done(actions=tuple(actions), faults=tuple(faults))

    def _decided(self, costs: Costs | Unknown, now: datetime) -> tuple[list[Action], list[str]]:
        """Return what is to be done, and which namespaces did not tell their queues."""
        queues: dict[str, list[Queue]] = {}
        faults: list[str] = []
        for limit in self.limits:
            try:
                queues[limit.team] = [read_queue(body) for body in self.cluster.queues(limit.team)]
            except Refused as refused:
                faults.append(f"{limit.team}: its LocalQueues are not told: {refused}")
        return decide(self.limits, costs, queues, self.mode, now), faults

    def _do(self, action: Action, now: datetime) -> Action:
        """Do what is decided for a queue, and return what was done; decide again where the queue has changed."""
        for _ in range(TRIES - 1):
            try:
                return self._once(action, now)
            except Refused as refused:
                if refused.code == HTTPStatus.NOT_FOUND:
                    self.say(f"{_named(action.queue)}: gone")
                    return action
                if refused.code != HTTPStatus.CONFLICT:
                    raise
                queue = read_queue(self.cluster.queue(action.queue.namespace, action.queue.name))
                action = act(action.standing, queue, self.mode)
        return self._once(action, now)

    def _once(self, action: Action, now: datetime) -> Action:
        if action.kind is not Kind.NONE and not self.is_dry:
            self.cluster.patch(action.queue.namespace, action.queue.name, patch_of(action, now))
        would = "dry run: " if self.is_dry and action.kind is not Kind.NONE else ""
        self.say(f"{_named(action.queue)}: {would}{action.kind}: {action.words}")
        if action.kind is not Kind.NONE:
            self.cluster.tell(event_of(action, now, is_dry=self.is_dry))
        return action


def _named(queue: Queue) -> str:
    return f"{queue.namespace}/{queue.name}"
