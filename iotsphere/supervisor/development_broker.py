"""The development broker: amqtt, for machines without Mosquitto, with the same rules about who may do what.

`python -m iotsphere.supervisor.development_broker PORT FOLDER [--anonymous]` listens on loopback. The folder holds
what devices.broker_files wrote; SIGHUP makes it read that again, as Mosquitto does.
"""

import argparse
import asyncio
import logging
import os
import signal
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.errors import AMQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, UNACCEPTABLE_PROTOCOL_VERSION, ConnackPacket
from amqtt.mqtt.constants import QOS_1
from amqtt.session import Session

from devices import broker_log
from iotsphere.supervisor.broker_access import Access
from iotsphere.supervisor.ports import loopback_addresses

# More than the portal takes, so that what is too large for it is counted and shown instead of refused unseen.
MAX_PACKET_BYTES = 2_097_152
SILENCE_ALLOWED = 15
MQTT_3_1_1 = 4
PATIENCE = 10.0


class Incoming(StreamReaderAdapter):
    """What a client sends. It ends the connection of one that announces a larger message than is taken."""

    def __init__(self, reader: StreamReader) -> None:
        super().__init__(reader)
        self._ahead = b""

    async def read(self, n: int = -1) -> bytes:
        if n > MAX_PACKET_BYTES:
            raise AMQTTError(f"a message of {n} bytes is larger than the {MAX_PACKET_BYTES} that are taken")
        known, self._ahead = self._ahead[:n], self._ahead[n:]
        return known if len(known) == n else known + await super().read(n - len(known))

    async def protocol_level(self) -> int:
        """The version of MQTT that the client is about to speak (4 is 3.1.1), without taking it away from amqtt."""
        await self._look_ahead(2)
        while self._ahead[-1] & 0x80 and len(self._ahead) < 5:  # the packet's length goes on
            await self._look_ahead(1)
        await self._look_ahead(7)
        return self._ahead[-1] if self._ahead.endswith(b"\0\4MQTT", 0, -1) else 0

    async def _look_ahead(self, n: int) -> None:
        self._ahead += await self._reader.readexactly(n)


class DevelopmentBroker(Broker):
    def __init__(self, port: int, folder: Path, *, anonymous: bool) -> None:
        first, *others = loopback_addresses()
        listeners: dict[str, Any] = {"default": {"type": "tcp", "bind": f"{first}:{port}"}}
        listeners |= {address: {"type": "tcp", "bind": f"{address}:{port}"} for address in others}
        # Some clients ping a little late; amqtt on its own grants them no second.
        super().__init__({"listeners": listeners, "plugins": {}, "timeout_disconnect_delay": SILENCE_ALLOWED})
        self._folder = folder
        self._anonymous = anonymous
        self._access = Access()

    async def read_access(self) -> None:
        """Read who may do what, and drop those who may no longer be here."""
        with suppress(FileNotFoundError):
            self._access = Access.parse((self._folder / "passwords").read_text(), (self._folder / "acl").read_text())
        for session, handler in list(self._sessions.values()):
            if session.transitions.state == "connected" and not self._admits(session):
                await handler.handle_connection_closed()

    def _admits(self, session: Session) -> bool:
        if not session.username:
            return self._anonymous
        return self._access.knows(session.username, session.password or "")

    async def _authenticate(self, session: Session, _: Any) -> bool:
        if not session.username:
            session.is_anonymous = True
        return self._admits(session) and (
            not session.will_flag or await self._topic_filtering(session, session.will_topic or "", Action.PUBLISH)
        )

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        if action == Action.SUBSCRIBE:  # as Mosquitto: everyone may ask, and is sent what they may read
            return True
        return self._access.allows(session.username or "", "write" if action == Action.PUBLISH else "read", topic)

    async def stream_connected(self, reader: StreamReader, writer: StreamWriter, listener_name: str) -> None:
        incoming, outgoing = Incoming(reader), StreamWriterAdapter(writer)
        try:
            async with asyncio.timeout(PATIENCE):
                level = await incoming.protocol_level()
            if level == MQTT_3_1_1:
                await self._client_connected(listener_name, incoming, outgoing)
            else:  # amqtt would wait for the rest of what it takes for a longer packet of 3.1.1
                await ConnackPacket.build(0, UNACCEPTABLE_PROTOCOL_VERSION).to_stream(outgoing)
        except (TimeoutError, EOFError, OSError, asyncio.CancelledError):
            pass  # it went away, never said anything, or the broker stops
        finally:
            writer.close()

    async def _handle_client_session(
        self, reader: Any, writer: WriterAdapter, client_session: Session, *rest: Any
    ) -> None:
        # amqtt lets whoever is refused take over the session of the same client ID first.
        if await self._authenticate(client_session, None):
            await self._tell_of(client_session, writer)
            await super()._handle_client_session(reader, writer, client_session, *rest)
        else:
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            await writer.close()

    async def _tell_of(self, session: Session, writer: WriterAdapter) -> None:
        """In the log that the portal reads."""
        address, port = writer.get_peer_info() or ("", 0)
        line = broker_log.line_about(session.username or "", session.client_id or "", address, port)
        await self.internal_message_broadcast(broker_log.TOPIC, line.encode(), QOS_1)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """To those who asked and may read; amqtt on its own hands retained messages to every client that connects.

        It iterates over the subscriptions while calling this, so nothing is waited for.
        """
        filter_, qos = subscription
        handler = self._get_handler(session)
        if handler is None or all(subscriber is not session for subscriber, _ in self._subscriptions.get(filter_, [])):
            return
        for topic, retained in self._retained_messages.items():
            if self._matches(topic, filter_) and await self._topic_filtering(session, topic, Action.RECEIVE):
                send = handler.mqtt_publish(topic, retained.data, min(qos, retained.qos or qos), retain=True)
                self._tasks_queue.append(asyncio.ensure_future(send))


async def serve(port: int, folder: Path, *, anonymous: bool) -> None:
    """Run until SIGTERM or SIGINT."""
    broker = DevelopmentBroker(port, folder, anonymous=anonymous)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_, stop.set)
    tasks = set[asyncio.Task[None]]()

    def read_again() -> None:
        tasks.add(task := loop.create_task(broker.read_access()))
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGHUP, read_again)
    await broker.read_access()
    await broker.start()
    pid = folder / "broker.pid"
    pid.write_text(str(os.getpid()))
    print(
        f"development broker on port {port}: MQTT 3.1.1 only, forgets what it holds when it stops; "
        "install mosquitto for more",
        flush=True,
    )
    await stop.wait()
    pid.unlink(missing_ok=True)
    await broker.shutdown()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("port", type=int)
    arguments.add_argument("folder", type=Path, help="of the password file and the access list")
    arguments.add_argument("--anonymous", action="store_true", help="take clients without a user name too")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    asyncio.run(serve(given.port, given.folder, anonymous=given.anonymous))


if __name__ == "__main__":
    main()
