from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from devices.audit import record
from devices.streaming import as_content, pieces
from reports.models import Run
from reports.render import FORMATS


def file_of(request: HttpRequest | Request, run: Run) -> StreamingHttpResponse:
    """The file of a run that has one."""
    by = request.user if request.user.is_authenticated else None
    record(by, "report.downloaded", run.title, project=run.project, file=run.file_name)
    size = run.size or 0
    response = StreamingHttpResponse(
        as_content(request, pieces(run.file, range(size))), content_type=FORMATS[run.format].mime
    )
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = content_disposition_header(True, run.file_name)
    response["Cache-Control"] = "private, no-store"
    response["ETag"] = f'"{run.sha256}"'
    return response
