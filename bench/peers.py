"""What the portal is compared with, each a process: `python -m bench.peers <which> <port> <messages>`.

They take in the same messages from the same broker, below `peer/`, by the same library, and write to the same table,
which is all they do: no other check, no ledger, no latest values, nothing live. They say "listening", and "all stored"
when that many are.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue

import django
import orjson
import paho.mqtt.client as mqtt
from django.db import connection, transaction
from paho.mqtt.enums import CallbackAPIVersion

from bench.publisher import ACCOUNT

BATCH = 5000

Values = tuple[int, datetime, float]  # metric, time, value
Store = Callable[[Sequence[mqtt.MQTTMessage]], None]


class Reader:
    """What a message says, for devices whose metrics are known."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT device.device_id, key, metric.id FROM telemetry_metric metric "
                "JOIN devices_device device ON device.id = metric.device_id"
            )
            self._metrics = {(device_id, key): pk for device_id, key, pk in cursor.fetchall()}

    def read(self, message: mqtt.MQTTMessage) -> Iterator[Values]:
        device_id = message.topic.split("/")[2]
        body = orjson.loads(message.payload)
        time = datetime.fromisoformat(body["timestamp"])
        for key, value in body["telemetry"].items():
            yield self._metrics[device_id, key], time, value


def staging_copy() -> Store:
    """Batches by COPY into a staging table and on from there."""
    reader = Reader()

    def store(messages: Sequence[mqtt.MQTTMessage]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE IF NOT EXISTS peer (metric_id int8, time timestamptz, value float8) "
                "ON COMMIT DELETE ROWS"
            )
            with cursor.copy("COPY peer FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int8", "timestamptz", "float8"])
                for message in messages:
                    for row in reader.read(message):
                        copy.write_row(row)
            cursor.execute(
                "INSERT INTO telemetry_reading (metric_id, time, value) SELECT * FROM peer ON CONFLICT DO NOTHING"
            )

    return store


def insert_each() -> Store:
    """One INSERT and one commit a message, as flows in Node-RED have it."""
    reader = Reader()
    statement = (
        "INSERT INTO telemetry_reading (metric_id, time, value) VALUES (%s, %s, %s), (%s, %s, %s), (%s, %s, %s) "
        "ON CONFLICT DO NOTHING"
    )

    def store(messages: Sequence[mqtt.MQTTMessage]) -> None:
        cursor = connection.connection.cursor()  # the driver's own, which prepares the statement
        for message in messages:
            cursor.execute(statement, [column for row in reader.read(message) for column in row], prepare=True)

    return store


def orm_each() -> Store:
    """What one writes first: one call of the ORM after the other."""
    from devices.models import Device  # noqa: PLC0415 (Django is not set up when this is imported)
    from telemetry.models import Metric, Reading  # noqa: PLC0415

    def store(messages: Sequence[mqtt.MQTTMessage]) -> None:
        for message in messages:
            body = orjson.loads(message.payload)
            device = Device.objects.get(device_id=message.topic.split("/")[2])
            time = datetime.fromisoformat(body["timestamp"])
            for key, value in body["telemetry"].items():
                metric, _ = Metric.objects.get_or_create(device=device, key=key)
                Reading.objects.create(metric=metric, time=time, value=value)
                Metric.objects.filter(pk=metric.pk).update(last_value=value, last_time=time)

    return store


PEERS: dict[str, Callable[[], Store]] = {
    "staging-copy": staging_copy,
    "insert-each": insert_each,
    "orm-each": orm_each,
}


def main(which: str, port: int, expected: int) -> None:
    django.setup()
    store = PEERS[which]()
    arrived: SimpleQueue[mqtt.MQTTMessage] = SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="peer", manual_ack=True)
    client.username_pw_set(*ACCOUNT)
    client.on_connect = lambda client, *_: client.subscribe("peer/#", 1)
    client.on_subscribe = lambda *_: print("listening", flush=True)
    client.on_message = lambda _client, _userdata, message: arrived.put(message)
    client.connect("127.0.0.1", port)
    client.loop_start()
    while expected > 0:
        batch = [arrived.get()]
        with suppress(Empty):
            while len(batch) < BATCH:
                batch.append(arrived.get_nowait())
        store(batch)
        for message in batch:
            client.ack(message.mid, message.qos)
        expected -= len(batch)
    print("all stored", flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
