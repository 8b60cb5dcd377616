"""The Secrets that a stack names: read by pods, never by the program, and in the cluster before those pods come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mizan import keys
from mizan.config import OptionalInstall
from mizan.errors import PlatformError
from mizan.plan.plan_model import Plan

WEBHOOK_KEY = "url"
"""Of the Secret that holds Slack's webhook."""

GRAFANA_KEYS = ("admin-user", "admin-password")

TENANT_KEY = "X-Scope-OrgID"
TOKEN_KEY = "token"  # noqa: S105  # the key, not the token
"""Of the Secret that holds what somebody else's Prometheus wants to be asked with."""

CLOUD_KEY = "key"
"""Of the Secret that holds the key of Google's Cloud Billing API."""

AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True, kw_only=True)
class NamedSecret:
    """A Secret of the namespace of monitoring that a stack names.

    Attributes:
        setting: that names it, as a stack file writes it.
        keys: that it has.
        is_any: one of them is enough.
        because: what does not work without it.
    """

    name: str
    setting: str
    keys: tuple[str, ...]
    because: str
    is_any: bool = False

    def lacks(self, held: Collection[str]) -> tuple[str, ...]:
        """Return the keys that are missing where the Secret holds these."""
        missing = tuple(key for key in self.keys if key not in held)
        return () if self.is_any and len(missing) < len(self.keys) else missing


def named_secrets(plan: Plan) -> tuple[NamedSecret, ...]:
    """Return the Secrets that a stack names."""
    return (*_of_prometheus(plan), *_of_opencost(plan))


def missing_secrets(plan: Plan, held: Mapping[str, Collection[str]]) -> tuple[PlatformError, ...]:
    """Return what is wrong with each named Secret that, or a key of which, is not in the cluster.

    Args:
        plan: of the stack.
        held: the keys of each Secret that is there, by its name.
    """
    lacking = ((secret, secret.lacks(held.get(secret.name, ()))) for secret in named_secrets(plan))
    return tuple(_fault(secret, missing, is_there=secret.name in held) for secret, missing in lacking if missing)


def secrets_to_come(plan: Plan) -> str:
    """Return what is to be known before an update that makes the namespace: which Secrets it stops for, and why then.

    Nobody can make a Secret where there is no namespace, and one that a person makes is not the stack's to take over.
    """
    namespace = keys.MONITORING_NAMESPACE
    named = (
        f"{secret.name} with {(' or ' if secret.is_any else ' and ').join(f'`{key}`' for key in secret.keys)}"
        for secret in named_secrets(plan)
    )
    return (
        f"Namespace {namespace} is made by this update. It stops there and says how to make the Secrets that the stack "
        f"names: {'; '.join(named)}. The update after that goes on."
    )


def _fault(secret: NamedSecret, missing: tuple[str, ...], *, is_there: bool) -> PlatformError:
    namespace = keys.MONITORING_NAMESPACE
    needed = secret.keys[:1] if secret.is_any else secret.keys
    lines = f"{'lines' if len(needed) > 1 else 'line'} {' and '.join(f'`{key}=VALUE`' for key in needed)}"
    told = (" or " if secret.is_any else " and ").join(f"`{key}`" for key in missing)
    again = "`kubectl delete` the Secret, then " if is_there else ""
    return PlatformError(
        f"mizan:{secret.setting}",
        f"{secret.name}, {'without ' + told if is_there else f'not in namespace {namespace}'}",
        needs=f"a Secret {namespace}/{secret.name} with {told}",
        because=secret.because,
        fix=f"Write {lines} into a file, run {again}`kubectl -n {namespace} create secret generic {secret.name} "
        "--from-env-file=FILE`, and again what you ran",
    )


def _of_prometheus(plan: Plan) -> list[NamedSecret]:
    settings, found = plan.prometheus, list[NamedSecret]()
    if settings is None:
        return found
    if settings.slack:
        found.append(
            NamedSecret(
                name=settings.slack.secret,
                setting="addons.prometheus.slack.secret",
                keys=(WEBHOOK_KEY,),
                because="Alertmanager reads Slack's webhook from it, and does not start without it",
            )
        )
    if settings.grafana_secret:
        found.append(
            NamedSecret(
                name=settings.grafana_secret,
                setting="addons.prometheus.grafanaSecret",
                keys=GRAFANA_KEYS,
                because="Grafana takes its administrator from it, and does not start without it",
            )
        )
    if settings.headers_secret:
        found.append(
            NamedSecret(
                name=settings.headers_secret,
                setting="addons.prometheus.headersSecret",
                keys=(TENANT_KEY, TOKEN_KEY),
                is_any=True,
                because="that Prometheus answers nobody without it, and every cost would be unknown",
            )
        )
    return found


def _of_opencost(plan: Plan) -> list[NamedSecret]:
    settings, found = plan.opencost, list[NamedSecret]()
    if settings is None or settings.install is not OptionalInstall.HELM:
        return found
    if settings.cloud_key_secret:
        found.append(
            NamedSecret(
                name=settings.cloud_key_secret,
                setting="addons.opencost.cloudKeySecret",
                keys=(CLOUD_KEY,),
                because="OpenCost asks Google for prices with it, and does not start without it",
            )
        )
    if settings.spot_feed and settings.spot_feed.secret:
        found.append(
            NamedSecret(
                name=settings.spot_feed.secret,
                setting="addons.opencost.spotFeed.secret",
                keys=AWS_KEYS,
                because="OpenCost reads what spot is charged with it, and does not start without it",
            )
        )
    return found
