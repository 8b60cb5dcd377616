"""`make rehearse STACK=gke-prod`: a stack's whole life on this machine, with no cloud behind it.

Program, engine and policy pack are the real ones. The clouds' providers are simulated (local/rehearsal). The cluster
that they hand out is a real control plane (local/control_plane), whose nodes and pods are simulated. The parts, each
using only those above it:

    machines              what the cloud has, in which zone, at which price     (pure)
    twins                 what stands in for a cloud's nodes                    (pure)
    gke_twins, eks_twins  the same for each cloud                               (pure)
    look, shadow          keep the cluster's nodes as the cloud's pools are     (edge)
    given                 what a stack names and does not make                  (edge)
    stubs                 credentials, and the command that logs in             (edge)
    events                what Pulumi said of an update                         (edge)
    options               what a person asks for                                (pure)
    agreement             Pulumi's state and the cloud compared                 (pure)
    simulated, report     what was found, and what of it was not real           (pure)
    stage                 home, control plane, engine and cloud of one stack    (edge)
    rehearsal             the steps and the checks                              (wiring)
    run                   one rehearsal from nothing to nothing                 (wiring)
"""
