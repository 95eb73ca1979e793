def at_least(what: str, value: float, budget: float) -> str:
    return _line(what, f"{value:.2f} ×", f"≥ {budget:g} ×", value >= budget)


def at_most(what: str, value: float, budget: float, unit: str) -> str:
    return _line(what, f"{value:,.1f} {unit}", f"≤ {budget:g} {unit}", value <= budget)


def _line(what: str, value: str, budget: str, is_met: bool) -> str:
    return f"{'✓' if is_met else '✗'} {what}: {value} (budget {budget})"


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
