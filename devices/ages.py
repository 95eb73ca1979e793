from datetime import timedelta

STEPS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def age_in_words(age: timedelta) -> str:
    """One figure and its unit, rounded down: `now`, `42 s ago`, `5 min ago`, `3 h ago`, `12 d ago`.

    static/js/ages.js counts on from here with the same words.
    """
    seconds = int(age.total_seconds())
    for unit, length in STEPS:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "now"


def span_in_words(span: timedelta) -> str:
    """A duration in its largest whole unit: `10 s`, `90 s`, `5 min`, `2 h`."""
    seconds = int(span.total_seconds())
    for unit, length in STEPS:
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def length_in_words(span: timedelta) -> str:
    """A duration in its two largest units, rounded down: `3 d 2 h`, `58 min 20 s`, `10 s`."""
    seconds, words = int(span.total_seconds()), []
    for unit, length in STEPS:
        if count := seconds // length:
            words.append(f"{count} {unit}")
            seconds %= length
    return " ".join(words[:2]) or "0 s"
