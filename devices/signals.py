from django.dispatch import Signal

# Sent when credentials were revoked: an update in the database, that Django announces by no signal of its own.
credential_revoked = Signal()
