"""A simulated exporter of the embedded cluster: what DCGM's exporter and OpenCost would tell of GPUs that do not exist.

    python -m local.gpu_metrics --kubeconfig FILE --prices FILE --port N

It serves the metric names and labels of both for the simulated nodes, and every HELP says that it is simulated. What a
pod does with its GPUs stands in its annotation `keys.SIMULATED_GPU_PROFILE` (profiles.py), what is broken in that of
its node, `keys.SIMULATED_GPU_FAULTS` (faults.py).

    fleet       what nodes have and cost      planned     the same, from a Plan
    objects     nodes, pods and claims        watching    the same, from the API server
    holdings    which pod has which GPU       gpus        GPUs with what is on them
    profiles    what a pod does               faults      what is broken
    readings    values of one GPU             counters    values that never fall
    dcgm        DCGM's series                 opencost    OpenCost's series
    exposition  both as text                  exporter    one step: from objects to text
    launch      how the process is started    __main__    the process

All but watching, planned and __main__ are pure: they know no clock and no cluster.
"""
