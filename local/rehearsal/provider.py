"""The service `pulumirpc.ResourceProvider` of a simulated cloud."""

# ruff: noqa: N802, ARG002 - the protocol names the methods, and gRPC passes every one of them the same arguments

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grpc  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as messages

from local.rehearsal import answers
from local.rehearsal.changes import changes
from local.rehearsal.check import decoded, misfits, told
from local.rehearsal.cloud import SimulatedCloud
from local.rehearsal.clouds import Cloud
from local.rehearsal.engine_log import EngineLog
from local.rehearsal.functions import Asked, NotFound, answer
from local.rehearsal.kinds import KINDS
from local.rehearsal.naming import TooLong, is_deleted_first, named
from local.rehearsal.outputs import filled, readable
from local.rehearsal.requests import Refused, Target
from local.rehearsal.schema import Sdk
from local.rehearsal.store import state_folder
from local.rehearsal.values import Values, from_wire, given, merged, to_wire
from mizan.errors import PlatformError

# The engine's own properties of a provider.
_ENGINES_OWN = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one cloud to one engine."""

    def __init__(
        self, cloud: Cloud, home: Path, engine_address: str = "", environment: Mapping[str, str] = os.environ
    ) -> None:
        """Keep everything below `home`; the stack is known when the engine configures the provider."""
        self._cloud, self._home, self._environment = cloud, home, environment
        self._sdk = Sdk(cloud.package)
        self._log = EngineLog(engine_address)
        self._simulated: SimulatedCloud | None = None

    def Handshake(
        self, request: messages.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> messages.ProviderHandshakeResponse:
        """Take the engine's address."""
        self._log = EngineLog(request.engine_address)
        return messages.ProviderHandshakeResponse()

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        """Take the address of an engine that did not start this process."""
        self._log = EngineLog(request.address)
        return Empty()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Return the SDK's version, marked as simulated."""
        return plugin_pb2.PluginInfo(version=f"{self._sdk.version}+simulated")

    def GetSchema(
        self, request: messages.GetSchemaRequest, context: grpc.ServicerContext
    ) -> messages.GetSchemaResponse:
        """Return what this is, without a list of resources: the Python SDK has it."""
        description = f"{self._cloud.title}, simulated for a rehearsal. It calls no cloud."
        schema = {"name": self._cloud.package, "version": self._sdk.version, "description": description}
        return messages.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: messages.CheckRequest, context: grpc.ServicerContext) -> messages.CheckResponse:
        """Refuse settings of the provider that do not fit, and missing ones."""
        properties = self._sdk.provider().inputs
        values = from_wire(request.news)
        settings = decoded(properties, {name: value for name, value in values.items() if name not in _ENGINES_OWN})
        found = [
            answers.failure(misfit, told(f"provider {self._cloud.package}", misfit, self._sdk))
            for misfit in misfits(self._sdk, properties, settings)
        ]
        known = {**self._from_environment(), **settings}
        found += [
            messages.CheckFailure(property=name, reason=self._missing(name, f"provider {self._cloud.package}"))
            for name in self._cloud.required
            if name not in known
        ]
        return messages.CheckResponse(inputs=to_wire(values), failures=found)

    def DiffConfig(self, request: messages.DiffRequest, context: grpc.ServicerContext) -> messages.DiffResponse:
        """Return what differs; no setting makes resources anew by itself."""
        old, new = from_wire(request.old_inputs), from_wire(request.news)
        return answers.diff(list(changes(old, new)), frozenset(), is_deleted_first=False)

    def Configure(
        self, request: messages.ConfigureRequest, context: grpc.ServicerContext
    ) -> messages.ConfigureResponse:
        """Take the settings, and say that no cloud is called."""
        stack = request.urn.partition("urn:pulumi:")[2].partition("::")[0]
        if not stack:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the engine names no stack; needs Pulumi 3.259 or newer")
        settings = {**self._from_environment(), **decoded(self._sdk.provider().inputs, from_wire(request.args))}
        folder = state_folder(self._home, stack)
        simulated = SimulatedCloud(
            self._cloud,
            self._sdk,
            folder,
            settings,
            lambda target, message: self._log.info(f"{self._cloud.title}, simulated: {message}", target.urn),
        )
        with self._answering(context):
            simulated.strike("configure", Target(type=self._cloud.package))
        self._log.info(f"{self._cloud.title} is simulated: no cloud is called. It is kept in {folder}", request.urn)
        self._simulated = simulated
        return messages.ConfigureResponse(supportsPreview=True)

    def Check(self, request: messages.CheckRequest, context: grpc.ServicerContext) -> messages.CheckResponse:
        """Refuse inputs that do not fit, and give a name to what has none."""
        target = _target(request)
        with self._answering(context):
            inputs = self._sdk.resource(target.type).inputs
        kind = KINDS.get(target.type)
        if kind is None:
            reason = f"{self._cloud.title}, simulated, does not know {target.type}; local/rehearsal/kinds can teach it"
            return messages.CheckResponse(inputs=request.news, failures=[messages.CheckFailure(reason=reason)])
        old, new = from_wire(request.olds), from_wire(request.news)
        where = f"{target.type} {target.name}"
        found = [
            answers.failure(misfit, told(where, misfit, self._sdk)) for misfit in misfits(self._sdk, inputs, given(new))
        ]
        settings = self._cloud_now(context).settings
        found += [
            messages.CheckFailure(property=name, reason=self._missing(name, where))
            for name in kind.settings
            if name not in new and name not in settings
        ]
        try:
            new = named(kind, target.name, old, new, request.randomSeed)
        except TooLong as error:
            reason = f"{where} {error} because the cloud allows no more. Give it a name of its own"
            found.append(messages.CheckFailure(reason=reason))
        return messages.CheckResponse(inputs=to_wire(new), failures=found)

    def Diff(self, request: messages.DiffRequest, context: grpc.ServicerContext) -> messages.DiffResponse:
        """Return what differs, and whether the resource must be made anew."""
        kind = KINDS[_target(request).type]
        old, new = from_wire(request.old_inputs), from_wire(request.news)
        found = list(changes(given(old), given(new)))
        return answers.diff(found, kind.replaces, is_deleted_first=is_deleted_first(kind, new))

    def Create(self, request: messages.CreateRequest, context: grpc.ServicerContext) -> messages.CreateResponse:
        """Make a resource, or show what it will be."""
        cloud, target, inputs = self._cloud_now(context), _target(request), from_wire(request.properties)
        if request.preview:
            return messages.CreateResponse(properties=to_wire(cloud.plan(target, inputs)))
        with self._answering(context, inputs):
            record = cloud.create(target, inputs)
        return messages.CreateResponse(id=record.id, properties=to_wire(record.outputs))

    def Read(self, request: messages.ReadRequest, context: grpc.ServicerContext) -> messages.ReadResponse:
        """Return a resource as it is; an empty answer where there is none.

        One that the engine has nothing of yet, and takes over, is told with what can be read from a cloud alone.
        """
        with self._answering(context):
            record = self._cloud_now(context).read(_target(request), request.id)
        if record is None:
            return messages.ReadResponse()
        inputs, outputs = record.inputs, record.outputs
        if not request.properties.fields:
            inputs, outputs = (readable(KINDS[record.type], values) for values in (inputs, outputs))
        return messages.ReadResponse(id=record.id, properties=to_wire(outputs), inputs=to_wire(inputs))

    def Update(self, request: messages.UpdateRequest, context: grpc.ServicerContext) -> messages.UpdateResponse:
        """Change a resource, or show what it will be."""
        inputs = from_wire(request.news)
        if request.preview:
            return messages.UpdateResponse(properties=to_wire(merged(from_wire(request.olds), given(inputs))))
        with self._answering(context):
            record = self._cloud_now(context).update(_target(request), request.id, inputs)
        return messages.UpdateResponse(properties=to_wire(record.outputs))

    def Delete(self, request: messages.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        """Delete a resource."""
        with self._answering(context):
            self._cloud_now(context).delete(_target(request), request.id)
        return Empty()

    def Invoke(self, request: messages.InvokeRequest, context: grpc.ServicerContext) -> messages.InvokeResponse:
        """Answer a function."""
        cloud, arguments = self._cloud_now(context), from_wire(request.args)
        with self._answering(context):
            signature = self._sdk.function(request.tok)
            wrong = misfits(self._sdk, signature.inputs, arguments)
            if wrong:
                failures = [answers.failure(misfit, told(request.tok, misfit, self._sdk)) for misfit in wrong]
                return messages.InvokeResponse(failures=failures)
            cloud.strike("invoke", Target(type=request.tok))
            asked = Asked(arguments=arguments, settings=cloud.settings, records=cloud.records())
            values = filled(signature.outputs, answer(request.tok, asked))
        return messages.InvokeResponse(**{"return": to_wire(values)})

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """Stop waiting; what is being written is finished."""
        if self._simulated is not None:
            self._simulated.is_cancelled.set()
        return Empty()

    def _cloud_now(self, context: grpc.ServicerContext) -> SimulatedCloud:
        if self._simulated is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the provider is not configured yet")
            raise AssertionError
        return self._simulated

    @contextmanager
    def _answering(self, context: grpc.ServicerContext, inputs: Values | None = None) -> Iterator[None]:
        """Answer with the refusal that the block raises; one with a record says what is there nevertheless."""
        try:
            yield
        except Refused as refusal:
            if refusal.record is not None:
                context.abort_with_status(answers.half_made(refusal, inputs or {}))
            context.abort(grpc.StatusCode.UNKNOWN, str(refusal))
        except NotFound as error:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{self._cloud.title}, simulated: {error}")
        except PlatformError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def _from_environment(self) -> Values:
        """Return the settings that the cloud's environment variables give."""
        found = {
            name: next(filter(None, map(self._environment.get, variables)), None)
            for name, variables in self._cloud.variables.items()
        }
        return {name: value for name, value in found.items() if value}

    def _missing(self, name: str, where: str) -> str:
        variables = " or ".join(self._cloud.variables.get(name, ()))
        elsewhere = f", or set {variables}" if variables else ""
        package = self._cloud.package
        return f"{where}: no {name}; needs one. Run `pulumi config set {package}:{name} ...`{elsewhere}"


def _target(
    request: messages.CheckRequest
    | messages.DiffRequest
    | messages.CreateRequest
    | messages.ReadRequest
    | messages.UpdateRequest
    | messages.DeleteRequest,
) -> Target:
    """Return what a request is about; its type is the last in the URN's chain of parents."""
    return Target(urn=request.urn, type=request.urn.split("::")[2].rpartition("$")[2])
