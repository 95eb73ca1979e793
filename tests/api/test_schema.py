from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

pytestmark = pytest.mark.once

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> Any:
    return SchemaGenerator().get_schema(public=True)


def operations(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method in METHODS & set(item):
            yield f"{method} {path}", item[method]


def test_the_schema_is_valid_and_generated_without_a_warning() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null", stderr=StringIO())


def test_every_operation_says_what_it_does(schema: Any) -> None:
    silent = [name for name, one in operations(schema) if not (one.get("description") and one.get("summary"))]
    assert silent == []


def test_every_operation_describes_its_401(schema: Any) -> None:
    assert [name for name, operation in operations(schema) if "401" not in operation["responses"]] == []


def test_every_operation_with_a_body_describes_400_and_415(schema: Any) -> None:
    with_body = [(name, one) for name, one in operations(schema) if "requestBody" in one]
    assert [name for name, one in with_body if not {"400", "415"} <= set(one["responses"])] == []


def test_errors_are_described_as_problems(schema: Any) -> None:
    others = [
        (name, status)
        for name, operation in operations(schema)
        for status, answer in operation["responses"].items()
        if status >= "400" and list(answer["content"]) != ["application/problem+json"]
    ]
    assert others == []


@pytest.mark.parametrize("path", ["/api/v1/token/", "/api/v1/telemetry"])
def test_what_has_a_limit_describes_it(path: str, schema: Any) -> None:
    assert "429" in schema["paths"][path]["post"]["responses"]


def test_history_has_an_example(schema: Any) -> None:
    answer = schema["paths"]["/api/v1/devices/{device_id}/history/"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["examples"]


def test_telemetry_has_an_example(schema: Any) -> None:
    body = schema["paths"]["/api/v1/telemetry"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["oneOf"][0]["example"]
