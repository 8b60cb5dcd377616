"""The Pulumi program: load the stack, build the platform, export what a person asks for first."""

import pulumi

from components.platform import GpuPlatform, GpuPlatformArgs
from stacks.load import running_stack

stack = running_stack()
plan = stack.plan
platform = GpuPlatform("mizan", GpuPlatformArgs(plan=plan, places=stack.places))

pulumi.export("namespaces", platform.namespaces)
pulumi.export("estimate", platform.estimate)
pulumi.export("queues", [queue.name for queue in plan.queues])
pulumi.export("flavors", [flavor.name for flavor in plan.flavors])
