from celery import shared_task
from django.core.management import call_command

from iotsphere.accounts.sign_ins import forget_over
from iotsphere.boards.change import prune


@shared_task
def prune_expired_tokens() -> None:
    call_command("flushexpiredtokens")
    call_command("clearsessions")


@shared_task
def prune_sign_ins() -> None:
    forget_over()


@shared_task
def prune_dashboards() -> None:
    prune()
