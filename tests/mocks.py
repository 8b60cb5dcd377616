"""Pulumi without an engine: `deploy` runs a program, waits for every registration and returns what was registered."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks

KUBERNETES = "kubernetes:"
PROVIDER = "pulumi:providers:kubernetes"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One resource as the engine would have got it."""

    typ: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    providers: Mapping[str, str]
    dependencies: frozenset[str]
    ignore_changes: tuple[str, ...]
    replaced_with: frozenset[str]
    version: str
    deleted_with: str
    is_protected: bool
    is_retained: bool
    imported_as: str
    moved_from: frozenset[str]
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def manifest(self) -> dict[str, Any] | None:
        """The Kubernetes manifest it holds, or None for anything else."""
        return dict(self.inputs) if {"apiVersion", "kind", "metadata"} <= set(self.inputs) else None


class _Provider(Mocks):
    """Creates whatever it is asked to, under the name Kubernetes would give it; answers no call."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        metadata = args.inputs.get("metadata") or {}
        parts = (metadata.get("namespace"), metadata.get("name", args.name))
        return "/".join(part for part in parts if part), dict(args.inputs)

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        msg = f"no component calls a provider, but one called {args.token}"
        raise AssertionError(msg)


class _Monitor(MockMonitor):
    """Keeps what the mocks are not told: parents, providers, dependencies, outputs."""

    def __init__(self) -> None:
        super().__init__(_Provider())
        self.registered: dict[str, Registered] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  # the monitor's name
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            assert response.urn not in self.registered, f"two resources share {response.urn}"
            self.registered[response.urn] = Registered(
                typ=request.type,
                name=request.name,
                urn=response.urn,
                inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                parent=request.parent,
                provider=request.provider,
                providers=dict(request.providers),
                dependencies=frozenset(request.dependencies),
                ignore_changes=tuple(request.ignoreChanges),
                replaced_with=frozenset(request.replace_with),
                version=request.version,
                deleted_with=request.deletedWith,
                is_protected=request.protect,
                is_retained=request.retainOnDelete,
                imported_as=request.importId,
                moved_from=frozenset(_alias(each, request.type) for each in request.aliases if each.spec.parentUrn),
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  # the monitor's name
        if request.urn in self.registered:
            outputs = pulumi.runtime.rpc.deserialize_properties(request.outputs)
            self.registered[request.urn].outputs.update(outputs)
        return super().RegisterResourceOutputs(request)


def _alias(told: Any, typ: str) -> str:
    """The URN of what a resource goes on from that had another parent, as the engine puts it together."""
    stack, project, of_parent, _ = told.spec.parentUrn.removeprefix("urn:pulumi:").split("::")
    return "::".join([f"urn:pulumi:{stack}", project, f"{of_parent}${told.spec.type or typ}", told.spec.name])


def deploy(program: Callable[[], object]) -> list[Registered]:
    """Run a program to its end, as `@pulumi.runtime.test` does, and return what it registered, in order.

    Whatever the program raises, and whatever a registration raises, comes out of here.
    """
    monitor = _Monitor()

    @pulumi.runtime.test
    def run() -> None:
        program()

    with _event_loops():
        # A stack of an earlier program belongs to a loop that is closed by now.
        pulumi.runtime.settings.set_root_resource(None)
        set_mocks(monitor.mocks, project="mizan", stack="test", preview=False, monitor=monitor)
        run()
    return list(monitor.registered.values())


@contextmanager
def _event_loops() -> Iterator[None]:
    """Give Pulumi the event loops that it would make and leave open: one here, and one for each thread of its own."""
    loops = [asyncio.new_event_loop()]

    def of_this_thread() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    asyncio.set_event_loop(loops[0])
    try:
        with ThreadPoolExecutor(initializer=of_this_thread) as threads:
            loops[0].set_default_executor(threads)
            yield
    finally:
        asyncio.set_event_loop(None)
        for loop in loops:
            loop.close()
