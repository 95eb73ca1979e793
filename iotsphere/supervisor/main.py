"""`manage.py run`: the whole portal on this machine, from an empty folder to a page that answers."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from iotsphere.supervisor import programs
from iotsphere.supervisor.broker import EmbeddedBroker, embedded_broker
from iotsphere.supervisor.console import Console
from iotsphere.supervisor.home import Home
from iotsphere.supervisor.options import PROJECT_FOLDER, Options
from iotsphere.supervisor.ports import IPV4, refuse_taken_port
from iotsphere.supervisor.redis import EmbeddedRedis, embedded_redis
from iotsphere.supervisor.refusal import Refusal
from iotsphere.supervisor.supervisor import Supervisor, answers

NAMES = ("redis", "broker", "prepare", "web", "ingest", "worker", "beat", "simulator")
PATIENCE_WITH_SERVERS, PATIENCE_WITH_PORTAL = 30.0, 60.0


def run() -> int:
    """Run the portal until it is told to stop: the exit code. Refusals are one sentence on standard error."""
    try:
        options = Options.read(os.environ)
        with Home(options.data_dir).held() as home:
            refuse_taken_port(options.port, "PORT")
            if "MQTT_URL" not in options.given:
                refuse_taken_port(options.mqtt_port, "MQTT_PORT")
            asyncio.run(_supervise(options, home))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


async def _supervise(options: Options, home: Home) -> None:
    console = Console(NAMES, sys.stdout)
    redis = None if "REDIS_URL" in options.given else embedded_redis(home, options)
    broker = None if "MQTT_URL" in options.given else embedded_broker(home, options)
    news = home.path / "news.json"
    async with Supervisor(_environment(options, home, redis, broker), console.line) as supervisor:
        console.say(f"starting on {home.path}")
        if redis:
            supervisor.start_server(redis.program)
            await answers("Redis", redis.answers, PATIENCE_WITH_SERVERS)
        await supervisor.run_to_end(programs.PREPARE, {"DEMO_PASSWORD": options.demo_password, "NEWS_FILE": str(news)})
        supervisor.start(programs.web(options.port), programs.WORKER, programs.BEAT)
        if broker:
            supervisor.start_server(broker.program)
            await answers("The MQTT broker", broker.answers, PATIENCE_WITH_SERVERS)
        supervisor.start(*programs.ingest(options.ingest_workers))
        if options.demo:
            supervisor.start(programs.SIMULATOR)
        try:
            # Not before it listens: what a new broker is sent until then, nobody takes.
            await answers("The portal", lambda: _says(options.port, "ready"), PATIENCE_WITH_PORTAL)
        except Refusal as not_yet:
            console.say(f"{not_yet} Still trying.")
            await answers("The portal", lambda: _says(options.port, "ready", "degraded"), timeout=None)
        console.banner(_welcome(options, home, broker, news))
        await asyncio.Event().wait()
    console.say("stopped")


def _environment(
    options: Options, home: Home, redis: EmbeddedRedis | None, broker: EmbeddedBroker | None
) -> dict[str, str]:
    """What every child is told, above all where its servers are."""
    environment = {
        **{name: value for name, value in os.environ.items() if value},
        "DATA_DIR": str(home.path),
        "DEMO": "1" if options.demo else "0",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT_FOLDER), os.environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        # One heap a thread would cost each process tens of megabytes.
        "MALLOC_ARENA_MAX": "2",
    }
    environment.pop("DEMO_PASSWORD", None)
    if "SECRET_KEY" not in options.given:
        home.secret("secret_key")  # the settings look for it
    if redis:
        environment["REDIS_URL"] = redis.url
    if options.ingest_workers > 1:
        environment["INGEST_SHARED"] = "1"
    if broker:
        environment |= {"MQTT_URL": broker.url, "BROKER_DIR": str(broker.folder)}
    return environment


async def _says(port: int, *states: str) -> bool:
    """Whether /readyz answers with one of these."""
    with suppress(OSError, TimeoutError):
        reader, writer = await asyncio.wait_for(asyncio.open_connection(IPV4, port), 5)
        try:
            writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 5)
            return any(f'"status": "{state}"'.encode() in answer for state in states)
        finally:
            writer.close()
    return False


def _welcome(options: Options, home: Home, broker: EmbeddedBroker | None, news: Path) -> list[str]:
    """The banner: where the portal is and, if this was its first start, how to get in."""
    url = f"http://localhost:{options.port}"
    lines = [f"IoTSphere is ready: {url}/"]
    if news.exists():
        told = json.loads(news.read_text())
        if accounts := told.get("accounts"):
            lines += ["", "Accounts, shown this once:"]
            lines += [f"  {name:<10} {password}" for name, password in accounts.items()]
        if link := told.get("first_start_link"):
            lines += ["", "Create the administrator (for a day, until there is one):", f"  {url}{link}"]
        news.unlink()
    if broker and options.demo:
        lines += ["", "Send a reading:", f"  {_publish_example(options.mqtt_port)}"]
    lines += ["", f"Data: {home.path}    Stop: Ctrl-C"]
    return lines


def _publish_example(port: int) -> str:
    topic = "app/device/ESP32_SIM_01/telemetry"
    body = '\'{"telemetry": {"temperature": 25.5, "humidity": 60.2, "battery": 3.8}}\''
    if shutil.which("mosquitto_pub"):
        return f"mosquitto_pub -h localhost -p {port} -t {topic} -q 1 -m {body}"
    publish = Path(sys.executable).with_name("amqtt_pub")
    return f"{publish} --url mqtt://localhost:{port} -t {topic} -q 1 -m {body}"
