from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from django.utils.translation import gettext as _

from reports.asked import Asked
from reports.documents import Block, Document, Section, Table

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Called with the share that is done, from 0 to 1. It may raise, to put an end to it.
Progress: TypeAlias = Callable[[float], object]


class Kind(ABC):
    """One kind of report, about to be made of what was asked.

    `sections` are the parts one can choose, with their titles: each is a method of that name.
    """

    name: ClassVar[str]
    label: ClassVar["_StrPromise"]
    description: ClassVar["_StrPromise"]
    icon: ClassVar[str]
    sections: ClassVar[Mapping[str, "_StrPromise"]]
    usual_range: ClassVar[str] = "30d"
    longest: ClassVar[timedelta] = timedelta(days=366)
    is_about_devices: ClassVar[bool] = True
    is_about_models: ClassVar[bool] = False

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    @abstractmethod
    def table(self) -> Table:
        """The rows of which a CSV file of it consists."""

    @abstractmethod
    def seconds(self) -> float:
        """About how long it takes to make, roughly and generously."""

    def rows(self) -> int:
        """About how many rows the table has, where they are many: they are not in the document."""
        return 0

    def is_empty(self) -> bool:
        """Whether there is nothing to report: not a row of its table."""
        return next(iter(self.table()), None) is None

    def build(self, progress: Progress) -> Document:
        asked = self.asked
        return Document(
            kind=self.name,
            title=asked.title or self.title(),
            subtitle=self.subtitle(),
            start=asked.start,
            end=asked.end,
            zone=asked.zone,
            generated_at=asked.now,
            generated_for=str(asked.user),
            sections=list(self.make_sections(progress)),
            project=asked.project.name if asked.project else "",
            organisation=asked.organisation,
            logo=asked.logo,
        )

    def title(self) -> str:
        return str(self.label)

    def subtitle(self) -> str:
        """What it is about, in a few words."""
        return ", ".join(project.name for project in self.asked.projects) or _("All projects")

    def make_sections(self, progress: Progress) -> Iterator[Section]:
        for number, name in enumerate(self.asked.sections):
            progress(number / len(self.asked.sections))
            blocks: list[Block] = getattr(self, name)()
            yield Section(name, str(self.sections[name]), blocks)
