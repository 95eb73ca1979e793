"""`GET|POST /reports/export/<format>`: a report in one request, with a session or a token."""

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from reports import runs
from reports.download import file_of
from reports.kinds import KINDS
from reports.models import RunStatus
from reports.render import FORMATS


class ExportView(APIView):
    """What takes no time is answered with the file; else 202 tells how far it is, and where the file will be."""

    permission_classes = (IsAuthenticated,)
    schema = None

    def get(self, request: Request, form: str) -> HttpResponseBase:
        return self._export(request, form, request.query_params)

    def post(self, request: Request, form: str) -> HttpResponseBase:
        return self._export(request, form, request.data)

    def _export(self, request: Request, form: str, said: Any) -> HttpResponseBase:
        if form not in FORMATS:
            raise NotFound
        parameters = {name: value for name, value in said.items() if name != "csrfmiddlewaretoken"}
        run = runs.start(request.user, {"kind": next(iter(KINDS)), **parameters}, form)
        if run.has_file:
            return file_of(request, run)
        if request.accepted_renderer.format == "api":  # a person, by a link or a form
            return redirect(run)
        address = reverse("api:report-run-detail", [run.pk], request=request)
        answer = {
            "uuid": run.pk,
            "status": run.status,
            "problem": run.problem,
            "run": address,
            "file": reverse("api:report-run-file", [run.pk], request=request),
            "page": request.build_absolute_uri(run.get_absolute_url()),
        }
        return Response(answer, status=500 if run.status == RunStatus.FAILED else 202, headers={"Location": address})
