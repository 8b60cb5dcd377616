"""GPU models, their MIG profiles and the machines that carry them; the data is CSV beside this file."""

from mizan.catalogue.load import gpu_models, machines
from mizan.catalogue.models import GpuModel, Machine, MigProfile, Provider

__all__ = ["GpuModel", "Machine", "MigProfile", "Provider", "gpu_models", "machines"]
