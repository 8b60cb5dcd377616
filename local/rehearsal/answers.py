"""The provider's more involved answers, as messages of the protocol."""

from collections.abc import Sequence

import grpc  # type: ignore[import-untyped]
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import status_pb2

from local.rehearsal.changes import Act, Change, forces_replacement
from local.rehearsal.check import Misfit
from local.rehearsal.requests import Refused
from local.rehearsal.values import Values, dotted, to_wire

_KINDS = {
    (Act.ADD, False): messages.PropertyDiff.ADD,
    (Act.ADD, True): messages.PropertyDiff.ADD_REPLACE,
    (Act.DELETE, False): messages.PropertyDiff.DELETE,
    (Act.DELETE, True): messages.PropertyDiff.DELETE_REPLACE,
    (Act.UPDATE, False): messages.PropertyDiff.UPDATE,
    (Act.UPDATE, True): messages.PropertyDiff.UPDATE_REPLACE,
}


class HalfMade(grpc.Status):  # type: ignore[misc]
    """The end of a call that failed after the resource was there: the engine keeps it and comes back to it.

    Source: initError in pulumi-terraform-bridge@59de6c66 pkg/tfbridge/provider.go; the same message.
    """

    def __init__(self, message: str, detail: messages.ErrorResourceInitFailed) -> None:
        """Put the details where gRPC's own libraries look for them."""
        packed = AnyMessage()
        packed.Pack(detail)
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[packed])
        self.code, self.details = grpc.StatusCode.UNKNOWN, message
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def half_made(refusal: Refused, inputs: Values) -> HalfMade:
    """Return the answer to a creation that failed half-way."""
    record = refusal.record
    if record is None:
        msg = "nothing was made"
        raise ValueError(msg)
    detail = messages.ErrorResourceInitFailed(
        id=record.id, properties=to_wire(record.outputs), reasons=[str(refusal)], inputs=to_wire(inputs)
    )
    return HalfMade(str(refusal), detail)


def failure(misfit: Misfit, reason: str) -> messages.CheckFailure:
    """Return a property that does not fit."""
    return messages.CheckFailure(property=dotted(misfit.path), reason=reason)


def diff(found: Sequence[Change], replacing: frozenset[str], *, is_deleted_first: bool) -> messages.DiffResponse:
    """Return what the engine shows and does about the changes.

    Args:
        found: every value that differs.
        replacing: the inputs whose change needs a new resource.
        is_deleted_first: whether the old one must go before the new one comes, if it is replaced.
    """
    forcing = {dotted(change.path): forces_replacement(change, replacing) for change in found}
    replaced = sorted({str(change.path[0]) for change in found if forcing[dotted(change.path)]})
    return messages.DiffResponse(
        changes=messages.DiffResponse.DIFF_SOME if found else messages.DiffResponse.DIFF_NONE,
        diffs=sorted({str(change.path[0]) for change in found}),
        replaces=replaced,
        deleteBeforeReplace=bool(replaced) and is_deleted_first,
        detailedDiff={
            dotted(change.path): messages.PropertyDiff(
                kind=_KINDS[change.act, forcing[dotted(change.path)]], inputDiff=True
            )
            for change in found
        },
        hasDetailedDiff=True,
    )
