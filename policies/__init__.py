"""The CrossGuard pack; `python -m policies` under Pulumi's engine."""
