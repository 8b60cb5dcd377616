"""From a rule of mizan/rules to a CrossGuard policy."""

from pulumi_policy import EnforcementLevel, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy, Severity

from mizan.rules import Rule

KUBERNETES = "kubernetes:"

# `NamespacePatch` and its like hold a part of an object whose rest is in the cluster.
PATCH = "Patch"


def policy(rule: Rule) -> ResourceValidationPolicy:
    """Return the mandatory policy that reports every fault a rule finds in a Kubernetes resource's inputs.

    A preview does not know every value yet. The properties go to the rule as they came: reading one that is not
    known raises UnknownValueError, which the engine shows as an advice, and the update, where all is known, judges
    again. What the rule does not read may be unknown.
    """

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if not args.resource_type.startswith(KUBERNETES) or args.resource_type.endswith(PATCH):
            return
        for fault in rule.verdict(args.props):
            report(f"{fault}. {rule.fix}", None)

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        severity=Severity(rule.severity),
        remediation_steps=rule.fix,
    )
