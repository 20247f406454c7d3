"""Closed forms and Markov chains of dead-time theory: what a simulated readout must come to.

`dead_time` holds rules without a queue, `erlang` exponential services and loss systems,
`fixed_service` queues with fixed services and buckets, `tandem` stages one behind the other.
Loads are numbers without unit: rate times service time. Nothing here knows of the engines.
"""
