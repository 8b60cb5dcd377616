"""The option of commands that enter a stack's cluster; apart, as the way there is long to load."""

from typing import Annotated

import typer

ContextOption = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        help="Context of your kubeconfig by which the stack's cluster is entered; left out, the one that the stack "
        "names, or on GKE and EKS the one of its cluster.",
    ),
]
