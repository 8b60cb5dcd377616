"""Rules about NVIDIA's GPU operator: it is there where pools need it, and does nothing that the nodes do themselves."""

import re
from collections.abc import Iterator

from mizan import versions
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, GkeImage, GpuDriver, Install
from mizan.config.part import Part
from mizan.config.rules.sharing import manager_of, mode_of
from mizan.config.rules.versions import supported
from mizan.sharing import Manager, SharingMode


def the_operator_s_version_is_supported(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a version for which the values that we write do not hold."""
    yield from supported(_operator(stack)["version"], versions.GPU_OPERATORS)


def shared_pools_have_an_operator(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each shared pool of somebody else's cluster where the stack says nothing of the operator."""
    if stack["cloud"].text != Cloud.EXISTING or _operator(stack).value is not None:
        return
    for pool in stack["pools"].items:
        mode = mode_of(pool)
        if mode not in (SharingMode.NONE, None) and manager_of(stack, pool) is Manager.OPERATOR:
            yield ConfigFault(
                (*pool.path, "sharing", "mode"),
                mode.value,
                needs="`addons.gpuOperator`",
                because="NVIDIA's operator shares GPUs, and nothing is installed unasked in a cluster that was there "
                "before",
                fix="Add `gpuOperator: {install: external}` to the addons if it is there already, else `helm`",
            )


def the_embedded_cluster_has_no_operator(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the operator would be installed on the embedded cluster."""
    operator = _operator(stack)
    if stack["cloud"].text == Cloud.LOCAL and operator.is_mapping and _install(operator) == Install.HELM:
        yield ConfigFault(
            operator["install"].path,
            "helm",
            needs="external",
            because="nodes of the embedded cluster are simulated and have their GPUs at once; no container runs there",
            fix="Write `external`, or leave `gpuOperator` out",
        )


def an_external_operator_is_somebody_else_s(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each setting of an operator that the stack does not install."""
    operator = _operator(stack)
    for key in ("chart", "version", "driver") if _install(operator) == Install.EXTERNAL else ():
        if operator[key].value is not None:
            yield ConfigFault(
                operator[key].path,
                operator[key].value if key != "driver" else "settings of the driver",
                needs="nothing with `install: external`",
                because="whoever installs the operator decides it, and an ignored setting would silently do nothing",
                fix=f"Remove `{key}`, or write `install: helm`",
            )


def drivers_are_installed_once(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the operator would install a driver beside another, or leave nodes without any."""
    driver, cloud = _operator(stack)["driver"], stack["cloud"].text
    install, version = driver["install"], driver["version"]
    installs = _installs_driver(stack)
    if isinstance(install.value, bool) and cloud in (Cloud.EKS, Cloud.GKE) and install.value is not installs:
        yield ConfigFault(
            install.path,
            install.value,
            needs=str(installs).lower(),
            because={
                True: "GKE installs no driver on nodes whose `driver` is INSTALLATION_DISABLED",
                False: "the image of EKS's nodes has the driver"
                if cloud == Cloud.EKS
                else "on Container-Optimized OS Google's own installer brings the driver",
            }[installs],
            fix="Leave it out",
        )
    elif version.value is not None and (not installs or install.value is False):
        yield ConfigFault(
            version.path,
            version.value,
            needs="nodes on which the operator installs the driver",
            because="here it comes with the nodes, and an ignored setting would silently do nothing",
            fix="Remove `version`" + (", or write `gke: {image: ubuntu}` for the pools" if cloud == Cloud.GKE else ""),
        )


def claims_have_a_driver_that_knows_them(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a driver of the operator's that is too old for the claims of the stack's pools."""
    driver = _operator(stack)["driver"]
    version, installs = driver["version"], driver["install"].value is not False
    major = re.match(r"[0-9]{1,4}(?![0-9])", version.text or "")
    claims = any(mode_of(pool) is SharingMode.DRA for pool in stack["pools"].items)
    is_taken = installs and _installs_driver(stack) and _install(_operator(stack)) == Install.HELM
    if claims and is_taken and major and int(major.group()) < versions.DRA_DRIVER_LEAST:
        yield ConfigFault(
            version.path,
            version.text,
            needs=f"{versions.DRA_DRIVER_LEAST} or newer with `mode: dra`",
            because="NVIDIA's DRA driver, which answers claims of devices, works with no older one",
            fix=f"Write a version such as `{versions.DRA_DRIVER_LEAST}.126.16`, or leave it out",
        )


def ubuntu_is_for_the_operator(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool on Ubuntu whose driver would be GKE's, or that asks for what Ubuntu has not.

    Source: mizan/clouds/gcp/nodes.py, IMAGE.
    """
    for pool in stack["pools"].items if stack["cloud"].text == Cloud.GKE else ():
        settings = pool["gke"]
        if settings["image"].text != GkeImage.UBUNTU:
            continue
        driver, streaming = settings["driver"], settings["imageStreaming"]
        if driver.value is None or driver.text in set(GpuDriver) - {GpuDriver.DISABLED}:
            yield ConfigFault(
                driver.path,
                driver.text or GpuDriver.DEFAULT.value,
                needs=GpuDriver.DISABLED.value,
                because="on Ubuntu the GPU operator installs the driver, and two on one node break each other",
                fix=f"Write `driver: {GpuDriver.DISABLED}`, or `image: cos`",
            )
        if streaming.value is True:
            yield ConfigFault(
                streaming.path,
                True,
                needs="image cos",
                because="only Container-Optimized OS starts containers while their image is still being read",
                fix="Remove `imageStreaming`, or write `image: cos`",
            )


def operated_nodes_have_one_image(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool that the operator sets up on another image than the first of them."""
    pools = _operated(stack)
    first = _image(pools[0]) if pools else None
    for pool in pools:
        image = _image(pool)
        if image is not None and first is not None and image != first:
            yield ConfigFault(
                (*pool.path, "gke", "image"),
                image,
                needs=f"{first}, as in pool {pools[0]['name'].text}",
                because="the operator is told once, for all nodes it sets up, where their driver comes from",
                fix=f"Write `image: {first}`, or let GKE set one of the pools up",
            )


def _operator(stack: Part) -> Part:
    return stack["addons"]["gpuOperator"]


def _install(operator: Part) -> str | None:
    """Return who installs the operator that a stack names."""
    return Install.HELM if operator["install"].value is None else operator["install"].text


def _operated(stack: Part) -> list[Part]:
    """Return the pools on GKE that GKE does not set up itself."""
    if stack["cloud"].text != Cloud.GKE:
        return []
    return [pool for pool in stack["pools"].items if pool["gke"]["driver"].text == GpuDriver.DISABLED]


def _image(pool: Part) -> str | None:
    image = pool["gke"]["image"]
    return GkeImage.COS.value if image.value is None else image.text


def _installs_driver(stack: Part) -> bool:
    """Return whether the nodes of a stack take a driver of the operator's."""
    cloud, pools = stack["cloud"].text, _operated(stack)
    return cloud == Cloud.EXISTING or (bool(pools) and all(_image(pool) == GkeImage.UBUNTU for pool in pools))
