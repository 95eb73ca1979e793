"""The command line: `python -m telemetry.agent`, installed as `iotsphere-agent`."""

import logging
import os
import threading
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from telemetry.agent.links import Later, Link, make_link
from telemetry.agent.outbox import Outbox, OutboxTaken
from telemetry.agent.run import DEFAULT_INTERVAL, measure, run, send, stop_on_signals
from telemetry.agent.sampler import Sampler

logger = logging.getLogger(__name__)

A_WEEK = 7 * 24 * 60
MOST_KEPT = 100_000
ONCE_TIMEOUT = 30.0
DESCRIPTION = "Send what this machine is doing to an IoTSphere portal, by MQTT or by HTTP."
EPILOG = (
    "Each option may come from the environment instead, or from the file of --config: IOTSPHERE_URL, "
    "IOTSPHERE_KEY_FILE (or IOTSPHERE_KEY with the key itself), IOTSPHERE_DEVICE_ID, IOTSPHERE_INTERVAL, "
    "IOTSPHERE_BUFFER, IOTSPHERE_KEEP. The command line comes first, then the environment, then the file."
)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 86_400:
        raise ArgumentTypeError(f"{text} is not a number of seconds from 1 to 86400.")
    return value


def settings_file(name: str) -> dict[str, str]:
    """Lines as in systemd's EnvironmentFile: `NAME=value`, perhaps in quotes, and comments."""
    try:
        lines = Path(name).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"{name} cannot be read: {error}") from error
    settings: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        key, equals, value = line.partition("=")
        if not line or line[0] in "#;":
            continue
        if not equals:
            raise ArgumentTypeError(f"Line {number} of {name} must read NAME=value.")
        value = value.strip()
        settings[key.strip()] = value[1:-1] if len(value) > 1 and value[0] == value[-1] in "\"'" else value
    return settings


def number_kept(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= value <= MOST_KEPT:
        raise ArgumentTypeError(f"{text} is not a number of readings from 1 to {MOST_KEPT}.")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    configuration = _configuration(arguments)
    parser = _parser(configuration)
    options = parser.parse_args(arguments)
    # The journal knows the time by itself.
    form = "%(levelname)s %(message)s" if "JOURNAL_STREAM" in os.environ else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form)
    if not options.url:
        parser.error("Say where the portal is: --url mqtts://broker or --url https://portal (or IOTSPHERE_URL).")
    try:
        if options.url != configuration.get("IOTSPHERE_URL") and urlsplit(options.url).password:
            raise ValueError("Everybody on this machine sees a password on the command line: give it by --key-file.")
        link = make_link(options.url, _key(options.key_file, configuration), options.device_id)
        outbox = Outbox(options.buffer, options.keep)
    except (ValueError, OSError, OutboxTaken) as error:
        parser.error(str(error))
    stop = stop_on_signals()
    try:
        return _once(link, outbox, stop) if options.once else _for_ever(link, outbox, stop, options)
    finally:
        outbox.close()


def _configuration(arguments: Sequence[str] | None) -> Mapping[str, str]:
    """The environment, and after it what the file of --config says."""
    first = ArgumentParser("iotsphere-agent", add_help=False)
    first.add_argument("--config", type=settings_file, default=os.environ.get("IOTSPHERE_CONFIG"))
    return {**(first.parse_known_args(arguments)[0].config or {}), **os.environ}


def _parser(configuration: Mapping[str, str]) -> ArgumentParser:
    parser = ArgumentParser("iotsphere-agent", description=DESCRIPTION, epilog=EPILOG)
    default = configuration.get
    parser.add_argument(
        "--config", metavar="FILE", help="file with lines such as IOTSPHERE_URL=https://portal, as systemd reads them"
    )
    parser.add_argument(
        "--url",
        default=default("IOTSPHERE_URL"),
        help="mqtt[s]://[user@]broker[:port] or http[s]://portal[:port]; "
        "with ?ca=/path/to/ca.pem where a certificate authority of your own vouches for it",
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        default=default("IOTSPHERE_KEY_FILE"),
        help="file with the device's API key (HTTP) or password (MQTT)",
    )
    parser.add_argument(
        "--device-id",
        default=default("IOTSPHERE_DEVICE_ID"),
        help="as which device to send by MQTT; by default the user name, or else server-<hostname>. "
        "By HTTP the API key says it.",
    )
    parser.add_argument(
        "--interval",
        type=seconds,
        default=default("IOTSPHERE_INTERVAL", str(DEFAULT_INTERVAL)),
        help="seconds between readings, 60 by default",
    )
    parser.add_argument(
        "--buffer",
        type=Path,
        default=default("IOTSPHERE_BUFFER", str(_state_directory() / "buffer.sqlite3")),
        help="file where readings wait while the portal is away; by default %(default)s",
    )
    parser.add_argument(
        "--keep",
        type=number_kept,
        default=default("IOTSPHERE_KEEP", str(A_WEEK)),
        help=f"how many readings may wait; {A_WEEK} by default, a week of them",
    )
    parser.add_argument("--once", action="store_true", help="send one reading, say how that went, and end")
    return parser


def _state_directory() -> Path:
    if given := os.environ.get("STATE_DIRECTORY"):  # by systemd
        return Path(given)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "iotsphere-agent"


def _key(file: Path | None, configuration: Mapping[str, str]) -> str | None:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")  # by systemd
    if file is None and credentials and Path(credentials, "key").is_file():
        file = Path(credentials, "key")
    if file is None:
        return configuration.get("IOTSPHERE_KEY")
    try:
        key = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"The key cannot be read from {file}: {error}.") from error
    if not key:
        raise ValueError(f"{file} is empty. It must hold the device's API key (HTTP) or password (MQTT).")
    return key


def _for_ever(link: Link, outbox: Outbox, stop: threading.Event, options: Namespace) -> int:
    waiting = f"; {len(outbox)} readings wait from before" if len(outbox) else ""
    logger.info("sending as %s every %g s%s", link.name, options.interval, waiting)
    run(link, outbox, interval=options.interval, stop=stop)
    logger.info("goodbye; %d readings wait for the next start", len(outbox))
    return 0


def _once(link: Link, outbox: Outbox, stop: threading.Event) -> int:
    give_up = threading.Timer(ONCE_TIMEOUT, stop.set)
    give_up.daemon = True
    give_up.start()
    link.open()
    try:
        sampler = Sampler()
        stop.wait(1)
        measure(sampler, outbox)
        send(link, outbox, stop)
    except Later as later:
        logger.error("%s", later)
    finally:
        link.close()
    if len(outbox):
        logger.error("%d readings wait: nothing was acknowledged by %s", len(outbox), link.name)
        return 1
    logger.info("acknowledged by %s", link.name)
    return 0
