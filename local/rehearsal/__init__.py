"""Simulated clouds for a rehearsal: the same program, engine and policy pack, and no cloud behind the providers.

The engine starts `pulumi-resource-gcp` and `pulumi-resource-aws`, which serve its protocol. The parts, each using only
those above it:

    annotations  what a generated class of an SDK says of its properties    (pure)
    schema       an SDK's resources, functions and provider                 (reads the installed SDK)
    values       property values between the wire and Python                (pure)
    check        whether values fit the SDK's types                         (pure)
    changes      what differs, and whether it forces a replacement          (pure)
    zones        the zones of a region                                      (data)
    kinds/       what replaces, names, refers to and keeps each resource    (data)
    templates    ids and addresses made of names                            (pure)
    clouds       settings, codes and labels of each cloud                   (data)
    naming       names that the provider makes up                           (pure)
    outputs      what a cloud gives back                                    (pure)
    store        what a cloud holds, one JSON file per resource             (edge)
    cluster      the API server that is handed out as the cluster           (edge)
    faults       what a cloud is told to refuse, slow down or throttle      (edge)
    references   which resource an input names, and who names it            (pure)
    rules        ranges, networks and zones that a cloud refuses            (pure)
    requests     what a request is about, and a refusal                     (pure)
    cloud        makes, changes and deletes resources
    functions/   what a cloud answers
    engine_log   messages to the person at the screen                       (edge)
    answers      the protocol's longer messages                             (pure)
    provider     the service itself
    launcher     writes the executables                                     (edge)
"""
