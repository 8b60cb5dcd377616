"""What every model shares: how a field is described, which names fit, and that nothing unknown is taken."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# A Kubernetes DNS label that begins with a letter.
# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/, read 2026-11-22.
NAME_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
LABEL_VALUE_PATTERN = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
# Text that is more than spaces, with none at its ends.
TEXT_PATTERN = r"^\S(.*\S)?$"
# The same without what moves the cursor of a terminal, or ends a line.
PRINTED_PATTERN = r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$"
# Object names add `flexstart-` (10) to a pool's name and up to 10 characters (`-999-abcde`) to a job's pods; a DNS
# label holds 63.
NAME_LENGTH = 48


def described(
    description: str,
    *,
    because: str,
    fix: str,
    needs: str | None = None,
    is_confidential: bool = False,
    **constraints: Any,  # noqa: ANN401  # pydantic's own Field is untyped here
) -> Any:  # noqa: ANN401
    """Return a field that can say what it does, why it is limited and how to mend it.

    Args:
        description: what it does.
        because: why it is limited.
        fix: how to mend it.
        needs: its pattern in words; None shows the pattern.
        is_confidential: whether a wrong value may be a secret that somebody took for its name; no message shows it.
        constraints: of pydantic's own field.
    """
    told: dict[str, Any] = {"because": because, "fix": fix}
    if needs is not None:
        told["needs"] = needs
    if is_confidential:
        told["is_confidential"] = True
    return Field(description=description, json_schema_extra=told, **constraints)


def described_text(description: str, *, because: str, fix: str) -> Any:  # noqa: ANN401
    """Return a field of text that is not empty."""
    return described(description, because=because, fix=fix, min_length=1)


def object_name(what: str) -> Any:  # noqa: ANN401
    """Return the field of a name that becomes part of Kubernetes object names."""
    return described(
        f"Name of the {what}: lower-case letters, digits and dashes, at most {NAME_LENGTH} characters.",
        because="it becomes part of Kubernetes object names, which are never cut short",
        fix=f"Use a short name such as `my-{what}`",
        pattern=NAME_PATTERN,
        max_length=NAME_LENGTH,
    )


def cost_label(what: str, example: str) -> Any:  # noqa: ANN401
    """Return the field of a value that becomes a cost label."""
    return described(
        f"{what}; the value of a cost label on every namespace and pod of the team.",
        because="Kubernetes refuses other label values, and a bill without it has no owner",
        fix=f"Use letters, digits, dashes, dots or underscores, such as `{example}`",
        pattern=LABEL_VALUE_PATTERN,
        max_length=63,
    )


class Model(BaseModel):
    """A frozen part of a stack; keys are written in camelCase, unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @field_validator("*", mode="before")
    @classmethod
    def _is_written(cls, value: object) -> object:
        """Return the value; a key with nothing after it would else read as if it were not there."""
        if value is None:
            raise PydanticCustomError("nothing_written", "a value")
        return value
