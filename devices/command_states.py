"""The life of a command, pure: which evidence moves which state.

    queued ── sent ── delivered ── succeeded | failed | rejected      the device's word
      │         └─────────┴─────── timed out                          it owes one for too long
      └── expired | cancelled                                         nobody has been told of it

A command moves forward only. What comes late or twice moves nothing.
"""

from django.db.models import TextChoices


class CommandStatus(TextChoices):
    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"
    TIMED_OUT = "timed_out", "Timed out"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


QUEUED, SENT, DELIVERED = CommandStatus.QUEUED, CommandStatus.SENT, CommandStatus.DELIVERED

# What a device may say of a command; nobody else may.
REPLIES = (DELIVERED, CommandStatus.SUCCEEDED, CommandStatus.FAILED, CommandStatus.REJECTED)
UNDELIVERED = (QUEUED, SENT)
OPEN = (QUEUED, SENT, DELIVERED)
ENDINGS = tuple(status for status in CommandStatus if status not in OPEN)

_FROM: dict[str, tuple[CommandStatus, ...]] = {
    SENT: (QUEUED,),
    # A device may answer before the portal knows that the broker took the command.
    DELIVERED: UNDELIVERED,
    CommandStatus.SUCCEEDED: OPEN,
    CommandStatus.FAILED: OPEN,
    CommandStatus.REJECTED: OPEN,
    CommandStatus.TIMED_OUT: (SENT, DELIVERED),
    CommandStatus.EXPIRED: (QUEUED,),
    CommandStatus.CANCELLED: (QUEUED,),
}


def moves(status: str, evidence: str) -> tuple[CommandStatus, ...]:
    """The states that a command in `status` goes through on evidence of another; none if it changes nothing.

    A device that says how a command ended has received it, even if it did not say so before.
    """
    if status not in _FROM.get(evidence, ()):
        return ()
    end = CommandStatus(evidence)
    return (DELIVERED, end) if end in REPLIES and end != DELIVERED and status in UNDELIVERED else (end,)
