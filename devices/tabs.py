from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several views on a page; `name` is what its address ends with."""

    name: str
    label: str
    icon: str
