"""Which deliveries a page shows: what is asked for in its address."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from alerts.models import NotificationStatus, Transport
from alerts.models.notification import NotificationQuerySet
from devices.asked import said


@dataclass(frozen=True, slots=True)
class DeliveryFilters:
    status: str = ""
    transport: str = ""
    search: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "DeliveryFilters":
        """What cannot be understood is as if it had not been said."""
        status, transport = query.get("status", ""), query.get("transport", "")
        return cls(
            status if status in NotificationStatus.values else "",
            transport if transport in Transport.values else "",
            said(query, "q"),
        )

    def __bool__(self) -> bool:
        return self != DeliveryFilters()

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return NotificationStatus.choices

    @property
    def transports(self) -> list[tuple[str, str]]:
        return Transport.choices

    @property
    def address(self) -> str:
        said = {"status": self.status, "transport": self.transport, "q": self.search}
        return "?" + urlencode({name: value for name, value in said.items() if value})

    def narrow(self, sent: NotificationQuerySet) -> NotificationQuerySet:
        if self.status:
            sent = sent.filter(status=self.status)
        if self.transport:
            sent = sent.filter(transport=self.transport)
        if self.search:
            words = self.search
            by_whom = Q(user__username__icontains=words) | Q(webhook__name__icontains=words)
            sent = sent.filter(by_whom | Q(alert__message__icontains=words) | Q(answer__icontains=words))
        return sent
