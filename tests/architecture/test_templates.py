"""The content security policy allows no script and no style inside a page: templates that hold any would not work."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

pytestmark = pytest.mark.once

# Mails are under no policy, and no file of styles is beside them.
TEMPLATES = sorted(path for path in Path(ROOT, "templates").rglob("*.html") if not path.name.startswith("mail"))
TAGS = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
COMMENTS = re.compile(r"{%\s*comment\b.*?endcomment\s*%}", re.DOTALL)
# What a browser does not run: data for a module that reads it.
DATA_TYPES = {"application/json", "importmap"}


class InlineCode(HTMLParser):
    """Collects what a strict content security policy forbids."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(TAGS.sub("", COMMENTS.sub("", template)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        line = self.getpos()[0]
        if tag == "style" or (tag == "script" and "src" not in attributes and attributes.get("type") not in DATA_TYPES):
            self.found.append(f"line {line}: <{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"line {line}: {name}= in <{tag}>")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_inline_script_or_style(template: Path) -> None:
    assert InlineCode(template.read_text()).found == []


@pytest.mark.parametrize(
    "template",
    [
        "<script>run()</script>",
        "<script {% if x %}nonce{% endif %}>run()</script>",
        "<style>b {}</style>",
        '<b {% if x %}style="color: red"{% endif %}>',
        '<a onclick="run()">',
        '<a href="javascript:run()">',
    ],
)
def test_inline_code_is_found(template: str) -> None:
    assert len(InlineCode(template).found) == 1


@pytest.mark.parametrize(
    "template",
    [
        '<script type="module" src="{% static "js/page.js" %}"></script>',
        '<script type="application/json">{"a": 1}</script>',
        "{# <style> #}{% comment %}<script>{% endcomment %}",
    ],
)
def test_files_data_and_comments_are_no_inline_code(template: str) -> None:
    assert InlineCode(template).found == []
