"""However ingest is interrupted and messages are delivered again: what was sent is stored once, and the books say so.

A machine of hypothesis plays sender, broker, ingest worker and administrator against the database; a dictionary says
what must come of it.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from devices.models import Device, Lifecycle, Project, ValueType
from telemetry import ingest as ingest_module
from telemetry import rejected
from telemetry.decode import decode
from telemetry.ingest import Envelope, Receipt, ingest
from telemetry.models import LedgerHour, Metric, QuarantinedMessage, Reading, RejectedMessage, RejectionCount
from telemetry.readmit import ignore_senders, register_senders, take_again
from telemetry.series import forget
from tests.factories import DeviceFactory, MetricFactory, ProjectFactory
from tests.telemetry.letters import SECOND, envelope

# Readings have times at most this far from those of their arrival, and come within some hours.
NOW = timezone.now().replace(minute=0, second=0, microsecond=0)
SENDERS = ["sensor", "gateway", "disabled", "stranger", "no device"]
STEPS = ["hold", "store", "note_latest", "note_messages", "write_ledger"]
FIGURES = ("received", "stored", "duplicate", "rejected", "quarantined")


class Killed(BaseException):
    """The process dies. Nothing in it can catch that, and the database takes the transaction back."""


messages = st.fixed_dictionaries(
    {
        "telemetry": st.dictionaries(
            st.sampled_from(["a", "b", "mode"]), st.sampled_from([1, 2.5, "eco", None]), min_size=1, max_size=3
        )
    },
    optional={
        "timestamp": st.integers(-30, 30).map(lambda n: (NOW + n * SECOND).timestamp()),
        "device_id": st.just("child"),
    },
)
letters = st.builds(
    envelope,
    st.sampled_from(SENDERS),
    messages | st.lists(messages, min_size=1, max_size=3) | st.just(b"?"),
    at=st.integers(0, 3).map(lambda n: NOW + n * timedelta(minutes=30)),
)


class Books(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        forget()
        self.waiting: list[Envelope] = []  # at the broker: not acknowledged
        self.receipts: list[Receipt] = []  # of what was committed and not taken in again
        self.dropped = 0  # messages
        self.taken_again = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @initialize()
    def somebody_is_there(self) -> None:
        self.project: Project = ProjectFactory.create()
        sensor = DeviceFactory.create(device_id="sensor", project=self.project)
        MetricFactory.create(device=sensor, key="mode", value_type=ValueType.TEXT)
        gateway = DeviceFactory.create(device_id="gateway", project=self.project)
        DeviceFactory.create(device_id="child", parent=gateway, project=self.project)
        DeviceFactory.create(device_id="disabled", project=self.project, lifecycle=Lifecycle.DISABLED)

    # --- What happens ---

    @rule(batch=st.lists(letters, min_size=1, max_size=4))
    def messages_arrive(self, batch: list[Envelope]) -> None:
        self.waiting += batch

    @precondition(lambda self: self.waiting)
    @rule()
    def a_worker_takes_what_is_there(self) -> None:
        self.receipts += ingest(self.waiting)
        self.waiting = []

    @precondition(lambda self: self.waiting)
    @rule()
    def a_worker_dies_before_it_acknowledges(self) -> None:
        self.receipts += ingest(self.waiting)

    @precondition(lambda self: self.waiting)
    @rule(step=st.sampled_from(STEPS), kill=st.booleans(), afterwards=st.booleans())
    def a_worker_is_interrupted(self, step: str, kill: bool, afterwards: bool) -> None:
        error = Killed() if kill else OperationalError("the database went away")
        self.interrupted(step, error, afterwards, lambda: ingest(self.waiting))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def the_code_fails_on_a_message(self, data: st.DataObject) -> None:
        """Then it is rejected, and none of the others."""
        poison = data.draw(st.sampled_from(self.waiting))

        def clumsy(body: bytes, **options: Any) -> Any:
            if body == poison.body:
                raise ZeroDivisionError
            return decode(body, **options)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ingest_module, "decode", clumsy)
            self.receipts += ingest(self.waiting)
        self.waiting = []

    @rule()
    def the_stranger_is_registered(self) -> None:
        self.taken_again |= QuarantinedMessage.objects.exists()
        register_senders(["stranger"], self.project, None)

    @rule()
    def the_stranger_is_ignored(self) -> None:
        self.dropped += ignore_senders(["stranger"])

    @rule(lifecycle=st.sampled_from(Lifecycle.values))
    def a_device_is_put_in_or_out_of_service(self, lifecycle: str) -> None:
        device = Device.objects.get(device_id="disabled")
        device.lifecycle = lifecycle
        device.save()

    @rule(value_type=st.sampled_from(ValueType.values))
    def a_metric_without_readings_gets_another_type(self, value_type: str) -> None:
        metric = Metric.objects.get(device__device_id="sensor", key="mode")
        if metric.last_time is None:
            metric.value_type = value_type
            metric.save()

    @rule()
    def what_was_rejected_is_taken_in_again(self) -> None:
        self.taken_again |= RejectedMessage.objects.exists()
        take_again(list(RejectedMessage.objects.values_list("pk", flat=True)))

    @rule(step=st.sampled_from(STEPS), afterwards=st.booleans())
    def that_is_interrupted(self, step: str, afterwards: bool) -> None:
        keys = list(RejectedMessage.objects.values_list("pk", flat=True))
        self.interrupted(step, Killed(), afterwards, lambda: take_again(keys))

    @rule()
    def what_was_rejected_is_dropped(self) -> None:
        rejected.drop(RejectedMessage.objects.all())

    def interrupted(self, step: str, error: BaseException, afterwards: bool, work: Any) -> None:
        before = self.everything()
        original = getattr(ingest_module, step)

        def interrupted(*args: Any, **options: Any) -> Any:
            if afterwards:
                original(*args, **options)
            raise error

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ingest_module, step, interrupted)
            try:
                with transaction.atomic():
                    work()
            except (Killed, OperationalError):
                forget()
        assert self.everything() == before, "what is not committed leaves nothing behind"

    # --- What holds ---

    @invariant()
    def every_page_balances(self) -> None:
        for received, *parts in LedgerHour.objects.values_list(*FIGURES):
            assert received == sum(parts)

    @invariant()
    def what_is_booked_as_stored_is_stored(self) -> None:
        by_device = Counter(Reading.objects.values_list("metric__device__device_id", flat=True))
        booked: Counter[str] = Counter()
        for sender, stored in LedgerHour.objects.values_list("sender", "stored"):
            booked[sender] += stored
        assert +booked == by_device

    @invariant()
    def what_is_booked_as_quarantined_is_there_or_was_dropped(self) -> None:
        assert self.booked("quarantined") == QuarantinedMessage.objects.count() + self.dropped

    @invariant()
    def each_page_has_as_many_reasons_as_rejections(self) -> None:
        reasons: Counter[tuple[Any, ...]] = Counter()
        for sender, hour, count in RejectionCount.objects.values_list("sender", "hour", "count"):
            reasons[sender, hour] += count
        pages = {(sender, hour): n for sender, hour, n in LedgerHour.objects.values_list("sender", "hour", "rejected")}
        assert reasons == Counter({page: n for page, n in pages.items() if n})

    @invariant()
    def the_books_say_what_the_receipts_said(self) -> None:
        if not self.taken_again:
            for name in FIGURES:
                assert self.booked(name) == sum(_count(receipt, name) for receipt in self.receipts)

    def booked(self, name: str) -> int:
        return sum(LedgerHour.objects.values_list(name, flat=True))

    def everything(self) -> list[Any]:
        return [
            sorted(LedgerHour.objects.values_list("sender", "hour", *FIGURES)),
            sorted(RejectionCount.objects.values_list("sender", "hour", "reason", "count")),
            sorted(Reading.objects.values_list("metric__device__device_id", "metric__key", "time")),
            sorted(RejectedMessage.objects.values_list("pk", flat=True)),
            sorted(QuarantinedMessage.objects.values_list("pk", flat=True)),
        ]


def _count(receipt: Receipt, name: str) -> int:
    return sum(item.count for item in receipt.rejected) if name == "rejected" else getattr(receipt, name)


def test_the_books_balance_however_ingest_is_interrupted(db: None) -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            deadline=None,
            max_examples=20,
            stateful_step_count=20,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
