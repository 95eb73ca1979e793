from django.dispatch import Signal

# Sent when credentials were revoked: an update in the database, that Django announces by no signal of its own.
credential_revoked = Signal()

# Sent with `changes`, a list of devices.presence.PresenceChange, and `at`, in the transaction that changed them and
# after their devices were locked.
presence_changed = Signal()

# Sent when devices have connected, in the transaction that notes it: `pks`, and the `way` they did (None: unknown).
devices_connected = Signal()

# Sent after the commit, for those who show it: the `pks` of commands that are new or have moved, the `pk` of a twin
# that is another.
commands_changed = Signal()
twin_changed = Signal()

# Asks each app what it has of a `device` that is about to be purged; they answer with a devices.removal.Share.
purging = Signal()
# Sent when a provisioning key was revoked, an update as well.
provisioning_key_revoked = Signal()
