def counted(count: int, one: str, many: str = "") -> str:
    """`1 device`, `2,000 devices`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
