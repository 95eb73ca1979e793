"""Send a model's predictions, and later what really happened, to IoTSphere. Needs nothing but Python.

python docs/models_client.py http://localhost:8000 operator PASSWORD heating-soon
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen


def post(address: str, body: Any, token: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = Request(address, json.dumps(body).encode(), headers)  # noqa: S310 (the address is the caller's)
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return dict(json.load(answer))


def main(portal: str, user: str, password: str, model: str) -> None:
    api = f"{portal.rstrip('/')}/api/v1"
    token = post(f"{api}/token/", {"username": user, "password": password})["access"]
    now = datetime.now(UTC)
    prediction = {
        "id": f"example-{now:%Y%m%d%H%M%S}",  # sent again with the same id, it is stored once
        "time": now.isoformat(),
        "predicted": "heats",
        "score": 0.83,
        "features": {"temperature": 48.2, "below_target": 6.8, "flow_rate": 0.0, "hour": 6.5},
    }
    taken = post(f"{api}/models/{model}/predictions/", {"rows": [prediction]}, token)
    print("stored:", taken["stored"], "rejected:", taken["rejected"])  # noqa: T201
    told = post(f"{api}/models/{model}/ground-truth/", {"rows": [{"id": prediction["id"], "actual": "heats"}]}, token)
    print("outcome:", told)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:5])
