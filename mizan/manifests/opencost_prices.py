"""The prices of a stack as OpenCost reads them, where its cloud's lists have none or the wrong ones.

**Nodes**, as CSV: one row for each value of the label that tells an offer's nodes, with the whole price of a node. Its
columns are OpenCost's own, in their order:

- AssetClass `node`; InstanceIDField is where a node has the value, InstanceID the value.
- Region stays empty: with one, a node would have to have it, too.
- InstanceType is the machine: a node without the label and of no region is priced by it. Were it empty, a row would be
  the price of every node whose region and type nobody tells.
- There is no row of class `gpu`. OpenCost adds one to the node's price for each GPU, and takes one alone off again
  before it gives the rest to CPU and memory: a node of eight would cost seven GPUs too much. Without them it cuts the
  price between CPU, memory and GPUs by the rates below, and it stays whole; also for MIG, whose GPUs it does not see.

GKE and Karpenter have a label for each offer. In somebody else's cluster there is one for a pool, and the dearest of
its offers counts.

**Rates** of a vCPU, a GiB and a GPU, by which a node's price is cut, and which nodes without a row cost: those of the
region's reference machine, and what a GPU costs on-demand, on average over the stack at its largest size. OpenCost's
ConfigMap takes them a month.

Source: opencost/opencost@v2.4.2 pkg/cloud/provider/csvprovider.go (price, DownloadPricingData, NodePricing,
NodeValueFromMapField, GetKey), pkg/costmodel/costmodel.go (GetNodeCost), pkg/cloud/provider/providerconfig.go
(UpdateFromMap), configs/pricing_schema.csv.
"""

import csv
from decimal import Decimal
from io import StringIO

from mizan import keys
from mizan.config import Cloud
from mizan.plan import Offer, Plan, PoolPlan
from mizan.plan.node_parts import gpu_share, on_demand_price
from mizan.prices import HostRate, host_rate

COLUMNS = (
    *("EndTimestamp", "InstanceID", "Region", "AssetClass", "InstanceIDField", "InstanceType", "MarketPriceHourly"),
    "Version",
)

HOURS_A_MONTH = 730

_LABELS = {Cloud.GKE: keys.GKE_NODE_POOL, Cloud.EKS: keys.NODE_POOL}
_DIGITS = Decimal("0.000001")


def prices_csv(plan: Plan) -> str:
    """Return the price of each kind of node of a stack."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    label = _LABELS.get(plan.cloud, keys.POOL)
    for value, offer in _priced(plan).items():
        day = f"{offer.price.as_of.isoformat()} 00:00:00 UTC"
        price = f"{offer.price.usd_per_hour:f}"
        writer.writerow([day, value, "", "node", f"metadata.labels.{label}", offer.machine.name, price, ""])
    return text.getvalue()


def rates(plan: Plan) -> dict[str, str]:
    """Return the rates of a stack's region by OpenCost's names, in US dollars a month."""
    rate = host_rate(plan.offers[0].machine.provider, plan.region)
    cpu, memory = rate.usd_per_vcpu_hour * HOURS_A_MONTH, rate.usd_per_gib_hour * HOURS_A_MONTH
    found = {
        # No list has the parts of spot: they are cut like on-demand's.
        **dict.fromkeys(("CPU", "spotCPU"), cpu),
        **dict.fromkeys(("RAM", "spotRAM"), memory),
        "GPU": _gpu_usd_per_hour(plan, rate) * HOURS_A_MONTH,
        "storage": rate.disk_usd_per_gib_month,
    }
    return {name: f"{usd.quantize(_DIGITS):f}" for name, usd in found.items()}


def _priced(plan: Plan) -> dict[str, Offer]:
    """Return the offer by which nodes with each value of the label are priced."""
    found: dict[str, Offer] = {}
    for offer in plan.offers:
        value = offer.name if plan.cloud in _LABELS else offer.pool
        if value not in found or offer.price.usd_per_hour > found[value].price.usd_per_hour:
            found[value] = offer
    return found


def _gpu_usd_per_hour(plan: Plan, rate: HostRate) -> Decimal:
    """Return what a GPU costs on-demand, on average over all of the stack's largest size."""
    offers = [(pool, offer) for pool in plan.pools for offer in pool.offers]
    paid = sum((offer.max_nodes * _gpus_usd_per_hour(pool, offer, rate) for pool, offer in offers), start=Decimal(0))
    return paid / sum(offer.max_nodes * offer.machine.gpus for _, offer in offers)


def _gpus_usd_per_hour(pool: PoolPlan, offer: Offer, rate: HostRate) -> Decimal:
    return on_demand_price(pool, offer).usd_per_hour * gpu_share(pool, offer, rate)
