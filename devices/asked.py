from django.http import QueryDict


def said(query: QueryDict, name: str, longest: int = 100) -> str:
    """What an address or a form says under that name: cut, trimmed, and without NUL, which no database takes."""
    return query.get(name, "").replace("\0", "").strip()[:longest]
