from django.dispatch import Signal

# Sent when credentials were revoked: an update in the database, that Django announces by no signal of its own.
credential_revoked = Signal()

# Sent with `changes`, a list of devices.presence.PresenceChange, and `at`, in the transaction that changed them and
# after their devices were locked.
presence_changed = Signal()
