"""A simulated cloud: it makes, changes and deletes resources as the real one would, or says why not."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.rehearsal import faults, rules
from local.rehearsal.clouds import Cloud, Why
from local.rehearsal.cluster import Cluster
from local.rehearsal.kinds import KINDS, Kind
from local.rehearsal.outputs import completed, identity_of, outputs, planned
from local.rehearsal.references import holders, missing, referred
from local.rehearsal.requests import Refused, Say, Target
from local.rehearsal.schema import Sdk
from local.rehearsal.store import Condition, Record, Store, in_condition
from local.rehearsal.templates import seed_of
from local.rehearsal.values import Values, given

# Between two tries of a request that the cloud throttles; the real providers wait longer each time.
RETRY_SECONDS = 0.2


class SimulatedCloud:
    """One cloud of one stack."""

    def __init__(self, cloud: Cloud, sdk: Sdk, folder: Path, settings: Values, say: Say) -> None:
        """Look at nothing yet.

        Args:
            cloud: which.
            sdk: what its resources may hold.
            folder: the stack's.
            settings: of the provider.
            say: tells a person what goes on.
        """
        self._cloud, self._sdk, self._folder, self._say = cloud, sdk, folder, say
        self.settings = {**settings, **cloud.settings(settings)}
        self._store = Store(folder, cloud.package)
        self.is_cancelled = threading.Event()

    def plan(self, target: Target, inputs: Values) -> Values:
        """Return what a preview shows of a new resource."""
        kind = KINDS[target.type]
        known = {name: self.settings[name] for name in kind.settings if name in self.settings}
        return planned(kind, self._sdk.resource(kind.type).outputs, {**known, **given(inputs)})

    def create(self, target: Target, inputs: Values) -> Record:
        """Make a resource.

        Raises:
            Refused: the cloud does not; its `record` is there where it has begun.
        """
        fault = self._wait("create", target)
        with self._store.alone():
            if fault is not None and fault.leaves is faults.Leaves.NOTHING:
                raise Refused(self._faulty(fault, "Nothing was made."))
            record = self._new(target, inputs, Condition.HALF if fault else Condition.WHOLE)
            self._store.put(record)
        if fault is not None:
            raise Refused(self._faulty(fault, "It is there, half made; the next update goes on with it."), record)
        return record

    def place(self, target: Target, inputs: Values, identity: str | None = None) -> Record:
        """Return a resource that was there before the stack, such as a network that it is given; put it there once.

        Args:
            target: its type, and a name.
            inputs: as a program would give them.
            identity: its id, where the cloud makes it up and the stack names it.

        Raises:
            Refused: the cloud would not have it.
        """
        with self._store.alone():
            for record in self._store.records():
                if record.condition is Condition.FOREIGN and (record.type, record.inputs) == (target.type, inputs):
                    return record
            record = self._new(target, inputs, Condition.FOREIGN, identity)
            self._store.put(record)
        return record

    def update(self, target: Target, identity: str, inputs: Values) -> Record:
        """Give a resource other inputs, and finish it where it is half made.

        Raises:
            Refused: the cloud does not.
        """
        fault = self._wait("update", target)
        if fault is not None:
            raise Refused(self._faulty(fault, "Nothing was changed."))
        with self._store.alone():
            old = self._must_be_there(target, identity)
            kind, others = KINDS[old.type], [record for record in self._store.records() if record != old]
            names = self._names(kind, inputs, old.seed, old.created, others)
            self._must_be_right(kind, names, others, target)
            record = replace(
                old,
                urn=target.urn,
                condition=Condition.WHOLE,
                inputs=inputs,
                outputs=self._outputs(kind, {**names, "id": old.id}),
            )
            self._store.put(record)
        return record

    def delete(self, target: Target, identity: str) -> None:
        """Delete a resource; one that has gone already is no fault.

        Raises:
            Refused: something needs it, or protects it.
        """
        fault = self._wait("delete", target)
        if fault is not None:
            raise Refused(self._faulty(fault, "Nothing was deleted."))
        with self._store.alone():
            record = self._store.find(target.type, identity)
            if record is None:
                return
            kind = KINDS[record.type]
            if kind.stays or record.outputs.get("deletionPolicy") == "ABANDON":
                self._store.put(in_condition(record, Condition.KEPT))
                return
            self._must_not_be_guarded(kind, record, target)
            self._must_not_be_held(record, target)
            self._store.remove(record)

    def read(self, target: Target, identity: str) -> Record | None:
        """Return a resource as it is, or None where there is none.

        Raises:
            Refused: a fault says so.
        """
        fault = self._wait("read", target)
        if fault is not None:
            raise Refused(self._faulty(fault, "Nothing is known of it."))
        with self._store.alone():
            record = self._store.find(target.type, identity)
        return None if record is None or record.condition is Condition.KEPT else record

    def records(self) -> list[Record]:
        """Return every resource there is."""
        with self._store.alone():
            return self._store.records()

    def strike(self, operation: str, target: Target) -> None:
        """Show the fault that a function or the configuration meets, if there is one.

        Raises:
            Refused: there is.
        """
        fault = self._wait(operation, target)
        if fault is not None:
            raise Refused(self._faulty(fault, "Nothing was asked."))

    def _new(self, target: Target, inputs: Values, condition: Condition, identity: str | None = None) -> Record:
        kind, others = KINDS[target.type], self._store.records()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        taken = {record.id: record for record in others if record.type == kind.type}
        for count in itertools.count():
            seed = seed_of(f"{target.urn}#{count}")
            names = self._names(kind, inputs, seed, created, others)
            own = identity or identity_of(kind, names)
            if own not in taken or identity or "{seed" not in kind.identity:
                break
        if own is None:
            raise self._refusal(Why.INVALID, target, f"an input is missing that belongs to its id {kind.identity}")
        self._must_be_new(kind, names, taken, own, target)
        self._must_be_right(kind, names, others, target)
        facts = self._outputs(kind, {**names, "id": own})
        return Record(
            type=kind.type,
            id=own,
            urn=target.urn,
            condition=condition,
            seed=seed,
            created=created,
            inputs=inputs,
            outputs=facts,
        )

    def _names(self, kind: Kind, inputs: Values, seed: str, created: str, others: list[Record]) -> dict[str, Any]:
        """Return what the kind's templates may name."""
        words = {**self.settings, **Cluster.of(self._folder).words(), "seed": seed, "created": created}
        complete = completed(kind, given(inputs), self.settings, {**words, **inputs})
        links = referred(kind, complete, others)
        return {**words, **complete, "settings": self.settings, "inputs": complete, "referred": links}

    def _outputs(self, kind: Kind, names: Mapping[str, Any]) -> Values:
        declared = self._sdk.resource(kind.type).outputs
        return outputs(self._cloud, kind, declared, names["inputs"], names)

    def _must_be_new(
        self, kind: Kind, names: Mapping[str, Any], taken: Mapping[str, Record], own: str, target: Target
    ) -> None:
        if own in taken and not kind.is_put:
            kept = ", which the cloud keeps for ever" if taken[own].condition is Condition.KEPT else ""
            raise self._refusal(Why.EXISTS, target, f"{own} is there already{kept}", kind.taken)
        key = [names["inputs"].get(name) for name in kind.unique]
        for other in taken.values():
            if any(key) and [other.outputs.get(name) for name in kind.unique] == key:
                raise self._refusal(Why.EXISTS, target, f"{other.id} has the same {', '.join(kind.unique)} already")

    def _must_be_right(self, kind: Kind, names: Mapping[str, Any], others: list[Record], target: Target) -> None:
        for reference, value in missing(kind, names["inputs"], names, others):
            raise self._refusal(Why.MISSING, target, f"{reference.path}: there is no {reference.wanted} {value}")
        case = rules.Case(inputs=names["inputs"], referred=names["referred"], others=others)
        for objection in rules.objections(kind.type, case):
            raise self._refusal(Why.INVALID, target, objection)

    def _must_be_there(self, target: Target, identity: str) -> Record:
        record = self._store.find(target.type, identity)
        if record is None:
            raise self._refusal(Why.MISSING, target, f"there is no {identity} any more; `pulumi refresh` notices")
        return record

    def _must_not_be_guarded(self, kind: Kind, record: Record, target: Target) -> None:
        for guard in kind.guards:
            if record.outputs.get(guard.property, guard.default) == guard.value:
                message = f"{guard.property} is {str(guard.value).lower()}; change it, run `pulumi up`, then delete"
                raise self._refusal(Why.PROTECTED, target, message)

    def _must_not_be_held(self, record: Record, target: Target) -> None:
        for other, path in holders(record, self._store.records()):
            raise self._refusal(Why.IN_USE, target, f"{other.type} {other.name} needs it as {path}")

    def _wait(self, operation: str, target: Target) -> faults.Fault | None:
        """Take the time that faults ask for; return the one that refuses, if any does."""
        struck = [fault for fault in faults.told(self._folder) if fault.strikes(operation, str(target))]
        for fault in struck:
            for count in range(fault.times):
                self._say(target, f"{operation} is throttled, try {count + 1}")
                self._take(RETRY_SECONDS, operation, target)
            self._take(fault.seconds, operation, target)
        return next((fault for fault in struck if fault.code), None)

    def _take(self, seconds: float, operation: str, target: Target) -> None:
        if seconds and self.is_cancelled.wait(seconds):
            raise Refused(f"{self._cloud.title}, simulated: {operation} of {target} was cancelled before it began")

    def _faulty(self, fault: faults.Fault, consequence: str) -> str:
        return f"{self._cloud.title}, simulated: {fault.code}, {faults.MARK}. {consequence}"

    def _refusal(self, why: Why, target: Target, message: str, code: str | None = None) -> Refused:
        own = code or self._cloud.codes[why]
        return Refused(f"{self._cloud.title}, simulated: {own}: {target.type} {target.name}: {message}")
