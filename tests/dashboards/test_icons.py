import pytest
from django.template import Context, Template

pytestmark = pytest.mark.once


def drawn(name: str) -> str:
    return Template("{% load portal %}{% icon name %}").render(Context({"name": name}))


def test_an_icon_is_drawn_into_the_page_and_hidden_from_screen_readers() -> None:
    assert "<path" in drawn("thermometer")
    assert 'aria-hidden="true"' in drawn("thermometer")


@pytest.mark.parametrize("name", ["", "no-such-icon", "../icons/bell", "x/../box", "<script>"])
def test_a_name_that_lucide_does_not_know_becomes_a_box(name: str) -> None:
    assert drawn(name) == drawn("box")
