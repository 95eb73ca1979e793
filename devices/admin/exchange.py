"""Devices as CSV, out and in again. Nothing is written before somebody has seen what would happen."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model, QuerySet
from django.forms import ChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from import_export.admin import ImportExportModelAdmin
from import_export.fields import Field
from import_export.formats.base_formats import CSV
from import_export.forms import ConfirmImportForm
from import_export.resources import ModelResource
from import_export.tmp_storages import CacheStorage
from import_export.widgets import ForeignKeyWidget, Widget
from tablib import Dataset
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from devices.admin.labels import words_of
from devices.models import Device, DeviceType, Project
from devices.permissions import AnyUser, Permission, ProjectScopedQuerySet
from devices.spreadsheet import as_it_was, harmless

MAX_ROWS = 5000
# What people say about a device; all else it says itself.
DESCRIPTION = [
    "device_id",
    "name",
    "project",
    "device_type",
    "parent",
    "hostname",
    "ip_address",
    "labels",
    "location",
    "latitude",
    "longitude",
    "serial_number",
    "lifecycle",
]


class HarmlessCSV(CSV):
    """CSV in which no cell is a formula."""

    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        rows = (map(harmless, row) for row in dataset)
        return super().export_data(Dataset(*rows, headers=dataset.headers), **kwargs)

    def create_dataset(self, in_stream: str | bytes, **kwargs: Any) -> Dataset:
        dataset = super().create_dataset(in_stream, **kwargs)
        return Dataset(*(map(as_it_was, row) for row in dataset), headers=dataset.headers)


class NamedRow(ForeignKeyWidget):
    """A row by the name it has in addresses, of those that the person may use."""

    def get_queryset(self, value: Any, row: Any, *_: Any, user: AnyUser, **__: Any) -> QuerySet[Any]:
        rows = self.model._default_manager.all()
        return rows.where_user_may(user, Permission.MANAGE_DEVICES) if isinstance(rows, ProjectScopedQuerySet) else rows

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Model | None:
        try:
            return super().clean(value, row, **kwargs)
        except ObjectDoesNotExist as error:
            raise ValueError(f"There is no {self.model._meta.verbose_name} {value!r} that you may use.") from error


class Labels(Widget):
    def clean(self, value: Any, row: Any = None, **_: Any) -> list[str]:
        try:
            return words_of(value or "")
        except ValidationError as error:
            raise ValueError(error.message) from error

    def render(self, value: Any, obj: Any = None, **_: Any) -> str:
        return ", ".join(map(str, value or []))


class DeviceResource(ModelResource):
    project = Field("project", "project", NamedRow(Project, "slug"))
    device_type = Field("device_type", "device_type", NamedRow(DeviceType, "slug"))
    parent = Field("parent", "parent", NamedRow(Device, "device_id"))
    labels = Field("labels", "labels", Labels())
    ip_address = Field("ip_address", "ip_address", default=None)

    class Meta:
        model = Device
        import_id_fields = ["device_id"]
        fields = DESCRIPTION
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    user: AnyUser = AnonymousUser()

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        self.user = kwargs["user"]
        if len(dataset) > MAX_ROWS:
            raise ValueError(f"The file has {len(dataset)} devices. Import at most {MAX_ROWS} at a time.")

    def get_queryset(self) -> QuerySet[Device]:
        return Device.objects.where_user_may(self.user, Permission.MANAGE_DEVICES)


class ConfirmForm(ConfirmImportForm):
    """What comes back from the preview; there is one format and one way to read it."""

    format = ChoiceField(choices=[("0", "CSV")])
    resource = None

    def clean_import_file_name(self) -> str:
        name: str = super().clean_import_file_name()
        if CacheStorage(name=name).read() is None:
            raise ValidationError("It is not there any more.")
        return name


class DeviceExchange(ImportExportModelAdmin):
    resource_classes = [DeviceResource]
    import_form_class = ImportForm
    confirm_form_class = ConfirmForm
    export_form_class = ExportForm
    # Another process than the one that took the file in may be asked to go on with it.
    tmp_storage_class = CacheStorage
    formats = [HarmlessCSV]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        """What the list shows, without the columns' queries."""
        return (
            super()
            .get_export_queryset(request)
            .select_related("project", "device_type", "parent")
            .prefetch_related(None)
        )

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.create_confirm_form(request)
        if request.method == "POST" and not form.is_valid():
            self.message_user(request, "The file is gone. Upload it once more.", messages.ERROR)
            return redirect("admin:devices_device_import")
        return super().process_import(request, **kwargs)
