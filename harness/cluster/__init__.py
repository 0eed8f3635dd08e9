"""Calls on other machines: the head plans, claims, judges and keeps; probes with their own lines dial and record.

The head (`thirdring run --cluster`) claims an attempt in its ledger and makes one offer of it. A probe
(`thirdring probe`) asks its own number gate, claims in its own ledger, and takes the offer at the head just before
its INVITE: an offer is taken once or withdrawn once, by one exclusive file, whatever Dask does with the task that
carried it. What was recorded waits in the probe's outbox until the head has it, verified. Dask carries orders and
pieces of files, plain data only; nothing outside this room imports it.
"""
