"""The MQTT console: people connect to a broker, watch what passes and publish by hand.

Brokers are listed by the operator of the portal (brokers.py). On the portal's own one everybody sees the topics of
their projects' devices alone (sight.py). The connection is the server's (link.py); what arrives waits, within bounds,
until the page takes it (inbox.py).
"""
