"""Pulumi's Python language host for a machine where Pulumi's own, which exists in no package registry, is missing.

The engine starts it as `pulumi-language-python ADDRESS` and speaks gRPC to it:

    __main__.py     starts the server, prints its port, ends everything on a signal
    host.py         the service: Run, RunPlugin, About and the rest of the protocol
    runner.py       runs one program, inside the program's own Python
    packs.py        gives a policy pack the stack's configuration before it starts
    door.py         a port whose new connections can be led elsewhere
    children.py     processes in sessions of their own, streamed and ended without leftovers
    interpreter.py  which Python runs a program, from `runtime.options`
    inventory.py    what is installed there, asked of that Python itself
    stubs.py        the protocol from Pulumi's wheel without the rest of its SDK
    launcher.py     writes the executable

Why it exists and what it leaves out: docs/adr/0003-language-host.md.
"""
