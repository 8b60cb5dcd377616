"""What a person may ask of a rehearsal, and how a mistake is told before anything is started."""

import pytest

from local.home import PROJECT, Home
from local.rehearse.machines import OutOfStock
from local.rehearse.options import Options, ends_an_update, options_of
from local.rehearse.run import plan_of
from mizan.capacity import CapacityType
from mizan.errors import PlatformError
from tests.gke_stacks import a_gke_plan

POOL = "gcp:container/nodePool:NodePool:spot-a100"
PLAN = a_gke_plan()


def test_faults_strike_on_the_way_up_but_those_of_a_deletion_on_the_way_down():
    up = (f"create:{POOL}=GCE_STOCKOUT", "configure:gcp=NoCredentials", "update:*=slow:1")
    options = options_of(PLAN, (*up, f"delete:{POOL}=throttled:3"), (), is_kept=False)
    assert options.faults_of_up == up
    assert options.faults_of_destroy == (f"delete:{POOL}=throttled:3",)
    assert Options() == options_of(PLAN, (), (), is_kept=False)


def test_only_a_code_ends_an_update():
    assert ends_an_update(f"create:{POOL}=GCE_STOCKOUT")
    assert not ends_an_update(f"create:{POOL}=slow:3")
    assert not ends_an_update(f"create:{POOL}=throttled:3")


def test_machines_may_be_out_of_stock():
    options = options_of(PLAN, (), ("a2-highgpu-4g:spot:us-central1-a", "a2-highgpu-4g:on-demand"), is_kept=True)
    assert options.is_kept
    assert options.out_of_stock == {
        OutOfStock(machine="a2-highgpu-4g", capacity_type=CapacityType.SPOT, zone="us-central1-a"),
        OutOfStock(machine="a2-highgpu-4g", capacity_type=CapacityType.ON_DEMAND),
    }


@pytest.mark.parametrize(
    ("faults", "out_of_stock", "told"),
    [
        (["create:gpu"], [], "fault 'create:gpu': of another form"),
        ([], ["a2-highgpu-8g"], "out of stock a2-highgpu-8g: a2-highgpu-8g; needs a machine of the stack"),
        ([], ["a2-highgpu-4g:flex-start"], "needs a way in which the stack buys a2-highgpu-4g"),
    ],
)
def test_a_mistake_is_told_with_what_would_fit(faults, out_of_stock, told):
    with pytest.raises(PlatformError) as error:
        options_of(PLAN, faults, out_of_stock, is_kept=False)
    assert told in str(error.value)


def test_the_embedded_stack_is_no_rehearsal_s():
    with pytest.raises(PlatformError, match=r"stack local: mizan:cloud: local; needs .* Run `make up STACK=local`"):
        plan_of("local")


def test_every_rehearsal_has_a_home_of_its_own():
    assert Home.of_rehearsal("gke-dev", {}).root == PROJECT / ".mizan-rehearsal" / "gke-dev"
    chosen = Home.of_rehearsal("gke-dev", {"MIZAN_HOME": "/srv/mizan"})
    assert str(chosen.root) == "/srv/mizan-rehearsal/gke-dev"
    with pytest.raises(PlatformError, match="a name with `:`"):
        Home.of_rehearsal("gke-dev", {"MIZAN_HOME": "/srv/a:b"})
