"""Where a device is, chosen on a map."""

from typing import Any

from django.conf import settings
from django.forms import Media, Script
from django.templatetags.static import static
from unfold.widgets import UnfoldAdminDecimalFieldWidget


class LatitudeWidget(UnfoldAdminDecimalFieldWidget):
    """Below the field and that of the longitude stands a map, if scripts run: static/js/admin-place.js."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        chosen = {
            "data-place": "",
            "data-land": static("vendor/world-atlas/countries-50m.json"),
            "data-tiles": settings.MAP_TILE_URL,
            "data-attribution": settings.MAP_ATTRIBUTION,
        }
        return super().get_context(name, value, {**(attrs or {}), **chosen})

    @property
    def media(self) -> Media:
        return Media(
            css={"all": ["vendor/leaflet/leaflet.css", "css/map.css"]},
            js=["vendor/leaflet/leaflet.js", Script("js/admin-place.js", type="module")],  # type: ignore[list-item]
        )
