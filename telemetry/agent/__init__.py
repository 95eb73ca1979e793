"""The server agent: what a machine is doing, sent to the portal once a minute. docs/agent.md says how to install it.

It needs psutil and paho and no Django: the portal runs it on its own machine (`manage.py agent`), others install it
from deploy/agent/. A reading goes sampler → outbox (on disk) → link (MQTT or HTTP), and leaves the outbox when the
portal's side has acknowledged it.
"""
