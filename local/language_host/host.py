"""The service `pulumirpc.LanguageRuntime` that Pulumi's engine calls."""

# ruff: noqa: N802, ARG002 - the protocol names the methods, and gRPC passes every one of them the same arguments

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

from local.language_host import interpreter
from local.language_host.children import Children, Chunk, HostIsEnding
from local.language_host.packs import PackServer
from local.language_host.stubs import language_pb2 as messages
from local.language_host.stubs import language_pb2_grpc, plugin_pb2
from mizan.errors import PlatformError

_RUNNER = Path(__file__).with_name("runner.py")
# Named as in runner.py, which cannot be imported here: it loads the whole SDK.
ERROR_WAS_SHOWN, NO_PULUMI = 32, 33
_YAML_FILES = {"program": "Pulumi.yaml", "analyzer": "PulumiPolicy.yaml"}


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs, policy packs and plugins for one engine."""

    def __init__(self, children: Children, engine_address: str) -> None:
        """Start processes through `children`; `engine_address` is empty until a handshake names it."""
        self._children = children
        self._engine_address = engine_address
        self._is_cancelled = False

    def Handshake(
        self, request: messages.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> messages.LanguageHandshakeResponse:
        """Take the engine's address, which a host started by hand does not know yet."""
        self._engine_address = request.engine_address
        return messages.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Return the version of the SDK whose protocol this host speaks."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(
        self, request: messages.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> messages.GetRequiredPackagesResponse:
        """Return none: providers are in place before an update, in builds older than the Python packages ask for."""
        return messages.GetRequiredPackagesResponse()

    def GetRequiredPlugins(
        self, request: messages.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> messages.GetRequiredPluginsResponse:
        """Return none, for the reason of GetRequiredPackages."""
        return messages.GetRequiredPluginsResponse()

    def GetProgramDependencies(
        self, request: messages.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> messages.GetProgramDependenciesResponse:
        """Return what is installed beside the program; without the transitive ones, what nothing else requires."""
        rows = self._interpreter(request.info, "program", context).inventory()["distributions"]
        required = set() if request.transitiveDependencies else {name for row in rows for name in row["requires"]}
        return messages.GetProgramDependenciesResponse(
            dependencies=[
                messages.DependencyInfo(name=row["name"], version=row["version"])
                for row in rows
                if row["name"] not in required
            ]
        )

    def About(self, request: messages.AboutRequest, context: grpc.ServicerContext) -> messages.AboutResponse:
        """Return the Python of the program, and that this is not Pulumi's own host."""
        found = self._interpreter(request.info, "program", context).inventory()
        return messages.AboutResponse(
            executable=found["executable"],
            version=found["version"],
            metadata={"toolchain": "pip", "languageHost": "mizan"},
        )

    def InstallDependencies(
        self, request: messages.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.InstallDependenciesResponse]:
        """Refuse, and say how to install them."""
        requirements = Path(request.info.program_directory or request.directory) / "requirements.txt"
        _refuse(
            context,
            PlatformError(
                "pulumi install",
                "asks this language host to install Python packages",
                needs="Pulumi's own language host",
                because="this one runs programs and installs nothing",
                fix=f"Run `python -m pip install -r {requirements}` in the program's virtual environment",
                see="docs/adr/0003-language-host.md",
            ),
        )

    def Run(self, request: messages.RunRequest, context: grpc.ServicerContext) -> messages.RunResponse:
        """Run one program to its end."""
        if request.attach_debugger:
            return messages.RunResponse(error="this language host attaches no debugger; run without --attach-debugger")
        python = self._interpreter(request.info, "program", context)
        environment = python.environment(os.environ) | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        settings = {
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "stack": request.stack,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
        }
        command = [str(python.executable), str(_RUNNER), json.dumps(settings), request.info.entry_point, *request.args]
        try:
            process = self._children.start(command, folder=Path(request.pwd), environment=environment)
        except HostIsEnding:
            return messages.RunResponse(bail=True)
        except OSError as error:
            return messages.RunResponse(error=f"the program could not be started: {error}")
        return self._outcome(process, python, context)

    def _outcome(
        self, process: subprocess.Popen[bytes], python: interpreter.Interpreter, context: grpc.ServicerContext
    ) -> messages.RunResponse:
        if self._is_cancelled or not context.add_callback(lambda: self._children.interrupt(process)):
            self._children.interrupt(process)
        code = self._children.wait(process)
        if code == ERROR_WAS_SHOWN or (code != 0 and self._children.was_interrupted(process)):
            return messages.RunResponse(bail=True)
        return messages.RunResponse(error=_reason(code, python))

    def RunPlugin(
        self, request: messages.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.RunPluginResponse]:
        """Yield what a policy pack or another plugin writes until it ends, then its exit code."""
        folder = request.info.program_directory
        python = self._interpreter(request.info, request.kind, context)
        environment = python.environment(
            os.environ | {name: value for name, _, value in (item.partition("=") for item in request.env)}
        )
        if request.kind == "analyzer":
            command = [str(python.executable), "-u", "-m", "pulumi.policy", *request.args, folder]
            output = self._run_pack(command, Path(folder), environment, context)
        else:
            command = [str(python.executable), "-u", folder, *request.args]
            output = self._stream(command, Path(request.pwd), environment, context)
        try:
            for item in output:
                if isinstance(item, int):
                    yield messages.RunPluginResponse(exitcode=item)
                elif item[0] == "stdout":
                    yield messages.RunPluginResponse(stdout=item[1])
                else:
                    yield messages.RunPluginResponse(stderr=item[1])
        except OSError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{folder} could not be started: {error}")
        except HostIsEnding:
            context.abort(grpc.StatusCode.CANCELLED, "the language host is ending")

    def _run_pack(
        self, command: list[str], folder: Path, environment: dict[str, str], context: grpc.ServicerContext
    ) -> Iterator[Chunk | int]:
        server = PackServer()
        try:
            context.add_callback(server.close)
            yield "stdout", f"{server.port}\n".encode()
            environment |= server.environment()
            yield from server.relay(self._stream(command, folder, environment, context))
        finally:
            server.close()

    def _stream(
        self, command: list[str], folder: Path, environment: dict[str, str], context: grpc.ServicerContext
    ) -> Iterator[Chunk | int]:
        process = self._children.start(command, folder=folder, environment=environment, is_plugin=True)
        if not context.add_callback(lambda: self._children.kill(process)):
            self._children.kill(process)
        yield from self._children.stream(process)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """Interrupt the programs that run and every later one; plugins are told by the engine itself."""
        self._is_cancelled = True
        self._children.interrupt_programs()
        return Empty()

    def _interpreter(
        self, info: messages.ProgramInfo, kind: str, context: grpc.ServicerContext
    ) -> interpreter.Interpreter:
        file = _YAML_FILES.get(kind, "PulumiPlugin.yaml")
        try:
            return interpreter.find(
                dict(info.options.items()),
                Path(info.root_directory),
                file=file,
                # Pulumi looks for a plugin's packages there when its file names no place.
                default_virtualenv="" if kind in _YAML_FILES else "venv",
            )
        except PlatformError as error:
            _refuse(context, error)


def _refuse(context: grpc.ServicerContext, error: PlatformError) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    raise error


def _reason(code: int, python: interpreter.Interpreter) -> str:
    """Return what the user is told of a program that ended with `code`; empty when all went well."""
    if code == 0:
        return ""
    if code == NO_PULUMI:
        return f"{python.executable} has no package `pulumi`; install the program's requirements.txt with it"
    if code < 0:
        return f"program was ended by {signal.Signals(-code).name}"
    return f"program exited with non-zero exit code: {code}"
