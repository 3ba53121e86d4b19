"""A figure that was measured, its bar, and how both are told: one JSON line each, and a table of all."""

import json
import os
import time

COLUMNS = ["case", "what", "figure", "bar", "", "beside it, and how"]


class Figures:
    """The figures of one case, printed as they are taken."""

    def __init__(self, case):
        self.case = case
        self.load_before = os.getloadavg()[0]

    def add(self, what, figure, unit, at_least=None, at_most=None, beside="", **more):
        """`at_least` or `at_most` is the bar; `more` goes into the JSON line alone."""
        bar = at_least if at_least is not None else at_most
        met = None if bar is None else (figure >= bar if at_least is not None else figure <= bar)
        line = {
            "case": self.case,
            "what": what,
            "figure": figure,
            "unit": unit,
            "bar": None if bar is None else f"{'≥' if at_least is not None else '≤'} {shown(bar, unit)}",
            "met": met,
            "beside": beside,
            "load_before": self.load_before,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            **more,
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)


def shown(figure, unit=""):
    """As a person reads it: three digits that count, thousands apart."""
    if figure is None:
        return "–"
    if abs(figure) >= 10_000_000:
        number = f"{figure / 1e6:.1f}M"
    elif abs(figure) >= 1_000_000:
        number = f"{figure / 1e6:.2f}M"
    elif abs(figure) >= 100 or figure == int(figure):
        number = f"{figure:,.0f}"
    else:
        number = f"{figure:.3g}"
    return f"{number} {unit}".strip()


def table(lines):
    """Markdown."""
    rows = [COLUMNS, ["---"] * len(COLUMNS)]
    for line in lines:
        verdict = {True: "met", False: "**missed**", None: ""}[line["met"]]
        figure = "**failed**" if line["figure"] is None else shown(line["figure"], line["unit"])
        rows.append([line["case"], line["what"], figure, line["bar"] or "", verdict, line["beside"]])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
