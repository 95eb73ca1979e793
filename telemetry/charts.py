"""What draws charts."""

from django.templatetags.static import static

SCRIPTS = ("chart.js/chart.umd.min.js", "chartjs-plugin-zoom/chartjs-plugin-zoom.min.js")


def script_addresses() -> list[str]:
    """In the order in which they need each other (static/js/chart-loader.js)."""
    return [static(f"vendor/{file}") for file in SCRIPTS]
