"""What is somebody else's of an add-on that the stack does not install."""

from mizan.config import Cloud, DcgmExporterAddon, GpuOperatorAddon, Install


def is_somebody_else_s(addon: GpuOperatorAddon | DcgmExporterAddon, cloud: Cloud) -> bool:
    """Return whether the add-on, and the namespace that it runs in, belong to somebody else.

    The embedded cluster has nobody else: what the add-on would read there is only looked at.
    """
    return addon.install is Install.EXTERNAL and cloud is not Cloud.LOCAL
