"""Reports that an installation owes to somebody, and whether they have arrived."""

from collections import Counter
from typing import Any, Self

from tests.flows.senders import Registrar
from tests.flows.sinks import MailServer
from tests.servers.installation import ACCOUNT, Installation
from tests.waiting import wait_until

PATIENCE = 180.0
SEEN = {
    "run": "SELECT count(*) FROM reports_run WHERE schedule_id IS NOT NULL",
    "done": "SELECT count(*) FROM reports_run WHERE schedule_id IS NOT NULL AND status = 'done'",
    "mail": "SELECT count(*) FROM reports_delivery WHERE status = 'sent'",
}


class Owed:
    """Schedules that are due when they are told to be, each for an address of its own."""

    def __init__(self, installation: Installation, mail_server: MailServer, *, reports: int) -> None:
        self._installation, self._mail_server = installation, mail_server
        self._turns = 0
        project = "owed"
        with installation.client() as client:
            registrar = Registrar(client, project)
            registrar.post("members", project=project, user=ACCOUNT["username"], role="admin")
            said: dict[str, Any] = {"project": project, "name": "Owed", "kind": "availability", "format": "csv"}
            template = registrar.post("reports/templates", **said)["id"]
            self._addresses = [f"owed-{number}@example.com" for number in range(reports)]
            for address in self._addresses:
                said = {"template": template, "every": "daily", "at": "03:00", "time_zone": "UTC"}
                registrar.post("reports/schedules", **said, addresses=[address])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing more is due."""
        self._installation.query("UPDATE reports_schedule SET is_paused = true, next_due = NULL RETURNING 1")

    def make_due(self) -> None:
        """Another slot of each."""
        self._turns += 1
        self._installation.query("UPDATE reports_schedule SET next_due = now() RETURNING 1")

    def wait_for_one_more(self, what: str) -> None:
        """A run that is asked for, or done, or a mail that is sent: then is the moment to be killed."""
        seen = self._count(SEEN[what])
        wait_until(lambda: self._count(SEEN[what]) > seen or self.all_sent(), PATIENCE, what=f"another {what}")

    def expire_leases(self) -> None:
        """As if the time had passed after which what a worker held is nobody's any more."""
        self._installation.query("UPDATE reports_run SET leased_until = NULL WHERE status = 'running' RETURNING 1")
        self._installation.query("UPDATE reports_delivery SET claimed_at = NULL WHERE status = 'queued' RETURNING 1")

    def all_sent(self) -> bool:
        [(due, open_, unsent)] = self._installation.query(
            """
            SELECT (SELECT count(*) FROM reports_schedule WHERE next_due <= now()),
                (SELECT count(*) FROM reports_run WHERE status IN ('queued', 'running')),
                (SELECT count(*) FROM reports_delivery WHERE status <> 'sent')
            """
        )
        return self._turns > 0 and due == open_ == unsent == 0

    def slots(self) -> Counter[str]:
        """How many were owed to each address."""
        rows = self._installation.query(
            """
            SELECT schedule.addresses->>0, count(DISTINCT slot) FROM reports_run run
            JOIN reports_schedule schedule ON schedule.id = run.schedule_id GROUP BY 1
            """
        )
        assert {address for address, _ in rows} == set(self._addresses)
        assert all(count >= 1 for _, count in rows)
        return Counter(dict(rows))

    def delivered(self) -> Counter[str]:
        """How many mails each has got, but for those that mail programs know to be the same again."""
        mails = {mail["Message-ID"]: mail["To"] for mail in list(self._mail_server.mails)}
        return Counter(address for address in mails.values() if address in self._addresses)

    def _count(self, statement: str) -> int:
        [(count,)] = self._installation.query(statement)
        return int(count)
