"""A small fleet that behaves like real devices: physics without a database, and the MQTT clients that report it.

Every device is a function of the moment asked about, its name and the little state it carries, so that
thirty days of history and the next live reading come from the same lines of code and join without a step.

Units unless said otherwise: time in epoch seconds (UTC), temperature in °C, volume in litres, power in W.
"""
