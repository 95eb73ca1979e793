from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Device
from telemetry.api.csv_table import CSVRenderer, csv_file, table_of_histories, table_of_readings
from telemetry.api.history_form import COMPARISON, EXAMPLE, ComparisonSerializer, HistorySerializer
from telemetry.api.history_query import RAW, ComparisonQuery, HistoryQuery
from telemetry.chosen import MAX_DEVICES
from telemetry.history import Asked, History, Question, ask
from telemetry.raw import AskedRaw, Place, ask_raw

HOW = ("points", "interval", "agg", "fill", "downsample", "time_zone")
NOT_MODIFIED = OpenApiResponse(description="Nothing has come late into the range: keep what you have.")


class _HistoryView(APIView):
    """What both addresses have in common: they differ in the devices they are about, and in how they name them."""

    renderer_classes = (*APIView.renderer_classes, CSVRenderer)

    def answer(self, request: Request, devices: Sequence[Device], query: Mapping[str, Any]) -> HttpResponseBase:
        asked = _ask(devices, query)
        form = request.accepted_renderer.format
        tag = f'"{asked.version()}-{form}"' if "to" in request.query_params and asked.is_closed else None
        response: HttpResponseBase | None = get_conditional_response(request, etag=tag)
        if response is None:
            response = self._answer(request, devices, query, asked)
        if tag is not None:
            response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
        return response

    def _answer(
        self, request: Request, devices: Sequence[Device], query: Mapping[str, Any], asked: Asked | AskedRaw
    ) -> HttpResponseBase:
        if request.accepted_renderer.format == CSVRenderer.format:
            return csv_file(request, _file_name(devices, query), _table(asked))
        return Response(self._said(request, asked, query))

    def name(self, histories: Sequence[History]) -> dict[str, Any]:
        """The series, by what they are asked for."""
        raise NotImplementedError

    def _said(self, request: Request, asked: Asked | AskedRaw, query: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(asked, Asked):
            histories = asked.answer()
            return {**_stretch(histories[0]), **self.name(histories)}
        histories, place = asked.page(query["points"])
        return {**_stretch(histories[0]), **self.name(histories), "next": place and _following(request, asked, place)}


class HistoryView(_HistoryView):
    """What metrics of a device were over a stretch of time.

    Where there are no more readings than `points` they come as they are; else one point per interval, with the lowest
    and the highest reading in it, so that no spike is lost. Intervals that `from` or `to` cut into are whole.

    A range that is over, given by its `to`, has an ETag: `If-None-Match` answers 304 until late data arrives in it.
    """

    @extend_schema(
        tags=["devices"],
        summary="Show the history of metrics",
        parameters=[HistoryQuery],
        responses={
            (200, "application/json"): HistorySerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            304: NOT_MODIFIED,
        },
        examples=[OpenApiExample("A week of a heater", EXAMPLE, response_only=True, media_type="application/json")],
    )
    def get(self, request: Request, device_id: str) -> HttpResponseBase:
        devices = Device.objects.visible_to(request.user).select_related("project")
        device = get_object_or_404(devices, device_id=device_id)
        return self.answer(request, [device], _read(HistoryQuery, request))

    def name(self, histories: Sequence[History]) -> dict[str, Any]:
        [found] = histories
        return {"device_id": found.device_id, "series": _by_key(found)}


class ComparisonView(_HistoryView):
    """What the same metrics of several devices were over a stretch of time, cut into the same intervals.

    Everything else is as for one device.
    """

    @extend_schema(
        tags=["devices"],
        summary="Compare the history of devices",
        parameters=[ComparisonQuery],
        responses={
            (200, "application/json"): ComparisonSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            304: NOT_MODIFIED,
            404: OpenApiResponse(description="Some of the devices do not exist, or not for you; `detail` names them."),
        },
        examples=[OpenApiExample("Two heaters", COMPARISON, response_only=True, media_type="application/json")],
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = _read(ComparisonQuery, request)
        wanted = list(dict.fromkeys(query["devices"].split(",")))
        if len(wanted) > MAX_DEVICES:
            raise serializers.ValidationError({"devices": f"At most {MAX_DEVICES} devices at once."})
        visible = Device.objects.visible_to(request.user).select_related("project").filter(device_id__in=wanted)
        found = {device.device_id: device for device in visible}
        if unknown := [name for name in wanted if name not in found]:
            raise NotFound(f"Nothing here, or in a project you are not a member of: {', '.join(unknown)}.")
        return self.answer(request, [found[name] for name in wanted], query)

    def name(self, histories: Sequence[History]) -> dict[str, Any]:
        return {"devices": {found.device_id: {"series": _by_key(found)} for found in histories}}


def _read(query: type[HistoryQuery], request: Request) -> dict[str, Any]:
    read = query(data={name: ",".join(values) for name, values in request.query_params.lists()})
    read.is_valid(raise_exception=True)
    return read.validated_data


def _ask(devices: Sequence[Device], query: Mapping[str, Any]) -> Asked | AskedRaw:
    keys, start, end = query["metrics"].split(","), query["from"], query["to"]
    if query.get("interval") == RAW:
        after = Place.read(query["cursor"]) if "cursor" in query else None
        return ask_raw(devices, keys, start, end, after, query.get("time_zone"))
    return ask(devices, keys, Question(start, end, **{name: query[name] for name in HOW if name in query}))


def _stretch(found: History) -> dict[str, Any]:
    return {
        "from": found.start,
        "to": found.end,
        "interval": found.interval,
        "agg": found.agg,
        "time_zone": str(found.time_zone),
    }


def _by_key(found: History) -> dict[str, Any]:
    return {key: asdict(series) for key, series in found.series.items()}


def _following(request: Request, asked: AskedRaw, place: Place) -> str:
    """The address of the next page. Its ends stay where they are, also if they were counted back from now."""
    parameters = request.query_params.copy()
    parameters.pop("range", None)
    parameters["from"], parameters["to"] = asked.start.isoformat(), asked.end.isoformat()
    parameters["cursor"] = str(place)
    return request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")


def _table(asked: Asked | AskedRaw) -> Iterator[Sequence[object]]:
    return table_of_histories(asked.answer()) if isinstance(asked, Asked) else table_of_readings(asked)


def _file_name(devices: Sequence[Device], query: Mapping[str, Any]) -> str:
    name = devices[0].device_id if len(devices) == 1 else "history"
    return f"{name}_{query['from']:%Y-%m-%d}_{query['to']:%Y-%m-%d}.csv"
