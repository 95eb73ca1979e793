from django.apps import apps
from django.db.models import Model
from django.urls import reverse


def list_of(label: str) -> str:
    return reverse(f"admin:{_name(label)}_changelist")


def add_to(label: str) -> str:
    return reverse(f"admin:{_name(label)}_add")


def page_of(row: Model, page: str = "change") -> str:
    return reverse(f"admin:{_name(row._meta.label)}_{page}", args=[row.pk])


def _name(label: str) -> str:
    options = apps.get_model(label)._meta
    return f"{options.app_label}_{options.model_name}"
