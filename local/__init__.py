"""The embedded default: real tools, a real Kubernetes control plane and `pulumi up` of stack `local` on one machine."""
