from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class OneSchemaGenerator(SchemaGenerator):
    """Everybody is shown the same schema, which takes a second to make: a process makes it once."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> dict[str, Any]:
        return _public_schema()


class SchemaView(SpectacularAPIView):
    generator_class = OneSchemaGenerator


@cache
def _public_schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)
