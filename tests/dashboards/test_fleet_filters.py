import pytest

from devices.models import DeviceType, Lifecycle, Presence, Project
from iotsphere.models import User
from tests.factories import DeviceFactory, DeviceTypeFactory, MembershipFactory
from tests.fixtures.clients import PageClient


@pytest.fixture
def pump_type() -> DeviceType:
    return DeviceTypeFactory.create(name="Pump", slug="pump")


@pytest.fixture(autouse=True)
def devices(vera: User, acme: Project, globex: Project, pump_type: DeviceType) -> None:
    MembershipFactory.create(user=vera, project=globex)
    DeviceFactory.create(
        device_id="pump-1", name="Cellar pump", project=acme, device_type=pump_type, labels=["cellar", "größe"],
        hostname="pump.example.com", presence=Presence.ONLINE,
    )  # fmt: skip
    DeviceFactory.create(
        device_id="fan-1", name="Roof fan", project=acme, labels=["cellars"], location="North roof",
        presence=Presence.OFFLINE,
    )  # fmt: skip
    DeviceFactory.create(device_id="old-1", project=acme, lifecycle=Lifecycle.ARCHIVED)
    DeviceFactory.create(device_id="globe-1", project=globex, labels=['a "quoted" one', "100%"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=CELLAR", ["pump-1"]),
        ("q=fan-", ["fan-1"]),
        ("q=pump.example", ["pump-1"]),
        ("q=north+roof", ["fan-1"]),
        ("q=++", ["fan-1", "globe-1", "pump-1"]),
        ("project=globex", ["globe-1"]),
        ("type=pump", ["pump-1"]),
        ("presence=offline", ["fan-1"]),
        ("label=cellar", ["pump-1"]),
        ("lifecycle=archived", ["old-1"]),
        ("lifecycle=archived&project=globex", []),
        ("lifecycle=disabled", ["fan-1", "globe-1", "pump-1"]),
        ("label=gr%C3%B6%C3%9Fe", ["pump-1"]),
        ("label=a+%22quoted%22+one", ["globe-1"]),
        ("label=100%25", ["globe-1"]),
        ("label=%25", []),
        ("q=pump&project=globex", []),
        ("project=acme&presence=online", ["pump-1"]),
        ("project=nobody", []),
        ("presence=nonsense", []),
        ("type=%00&label=%00&q=%00", ["fan-1", "globe-1", "pump-1"]),
        ("q=" + "x" * 5000, []),
    ],
)
def test_filters_narrow_the_fleet(pages: PageClient, vera: User, query: str, found: list[str]) -> None:
    cards = pages(vera).get(f"/?{query}").context["cards"]
    assert sorted(card.device.device_id for card in cards) == found


def test_the_filters_offer_what_one_can_see(pages: PageClient, vera: User) -> None:
    context = pages(vera).get("/").context
    assert list(context["projects"]) == [("acme", "Acme"), ("globex", "Globex")]
    assert list(context["types"]) == [("pump", "Pump")]
    assert context["labels"] == ["100%", 'a "quoted" one', "cellar", "cellars", "größe"]


def test_a_chosen_filter_stays_chosen(pages: PageClient, vera: User) -> None:
    page = pages(vera).get("/?type=pump&q=cell").content.decode()
    assert '<option value="pump" selected>' in page
    assert 'value="cell"' in page
