"""What agencies report: messages of two forms, each with what it means.

Of one form what a message leaves out stays, of the other it is taken back. Among the messages: corrections, the same
bytes again, the same figures in other words, marks, figures that are preliminary, messages with an error, with nothing in
them, another agency's word on a commune's cell. Which bytes were sent before is known here and not asked.
"""

import collections
import datetime
import itertools
import random

from fire.pack import COMMUNES, FORM_INDICATORS, KEEPING, WITHDRAWING
from fire.workload import Deck

# Months that are reported, the last of them over.
MONTHS = 6
KINDS = ("whole",) * 4 + ("some",) * 4 + ("again",) * 3 + ("reworded",) * 2 + ("fewer", "broken", "empty")
# What stands in a cell: with which mark, vintage and number.
CELLS = ("plain",) * 7 + ("none", "withheld", "preliminary", "preliminary", "blank")

# A cell: what is said of it. The number is a text that `decimal.Decimal` reads; none where there is none.
Said = collections.namedtuple("Said", "vintage mark number")
FIRST = Said("official", "value", "7")


def months(now):
    """The last whole months, as (year, month)."""
    first = datetime.date.fromtimestamp(now / 1000).replace(day=1)
    found = []
    for _ in range(MONTHS):
        first = (first - datetime.timedelta(days=1)).replace(day=1)
        found.append((first.year, first.month))
    return found


def written(number):
    """As a clerk writes it: dots between thousands, a comma for decimals, sometimes neither."""
    whole, _, decimals = number.partition(".")
    if int(whole) % 3:
        whole = f"{int(whole):,}".replace(",", ".")
    return f"{whole},{decimals}" if decimals else whole


class Reporters:
    """Messages of one sender; every one is of an agency, a form, a commune and a month."""

    def __init__(self, seed, name, now, agency=None):
        self.chance = random.Random(f"{seed}/{name}")
        self.agency, self.months = agency, months(now)
        self.kinds, self.cells = Deck(self.chance, KINDS), Deck(self.chance, CELLS)
        self.forms = Deck(self.chance, (KEEPING, KEEPING, WITHDRAWING))
        self.numbers = itertools.count(1)
        self.sent = []

    def message(self):
        """Bytes and what they mean."""
        kind = self.kinds.deal()
        if kind in ("again", "reworded") and not self.sent:
            kind = "whole"
        if kind == "again":
            # Of just now, or of any time.
            text, meaning = self.chance.choice(self.sent[-4:] if self.chance.random() < 0.5 else self.sent)
            return text, meaning | {"kind": kind}
        if kind == "fewer":
            before = [one for _, one in self.sent if one["form"] == WITHDRAWING and not one["refused"]]
            if not before:
                # What it can be less than comes first.
                return self._told("whole", WITHDRAWING, "25459", self.months[0], {name: FIRST for name in FORM_INDICATORS})
            before = before[-1]
            filled = {name: said for name, said in before["cells"].items() if said}
            left = dict(list(filled.items())[1:]) or {name: FIRST for name in FORM_INDICATORS if name not in filled}
            return self._told(kind, before["form"], before["place"], before["month"], left)
        if kind == "reworded":
            before = self.chance.choice(self.sent[-6:])[1]
            return self._told(kind, before["form"], before["place"], before["month"], before["cells"], end="\r\n")
        form, place, month = self.forms.deal(), self.chance.choice(list(COMMUNES)), self.chance.choice(self.months)
        names = list(FORM_INDICATORS)
        if kind == "some":
            names = sorted(self.chance.sample(names, self.chance.randrange(1, 4)))
        cells = {name: self._cell(form) for name in names}
        if kind == "empty":
            cells = dict.fromkeys(cells)
        elif not any(cells.values()):
            cells[names[0]] = FIRST
        return self._told(kind, form, place, month, cells)

    def _cell(self, form):
        kind = self.cells.deal()
        number = self.chance.choice((str(self.chance.randrange(2_000)), f"{self.chance.randrange(900)}.{self.chance.randrange(1, 10)}"))
        if kind == "preliminary" and form == WITHDRAWING:
            # There a message speaks in one vintage, so that what it takes back is plain.
            kind = "plain"
        return {
            "plain": Said("official", "value", number),
            "preliminary": Said("preliminary", "value", number),
            "none": Said("official", "none", None),
            "withheld": Said("official", "withheld", None),
            "blank": None,
        }[kind]

    def _told(self, kind, form, place, month, cells, end="\n"):
        def stands(said):
            if said is None:
                return ""
            if said.mark != "value":
                return {"none": "-", "withheld": "x"}[said.mark]
            return written(said.number) + ("*" if said.vintage == "preliminary" else "")

        year, number = month
        lines = [f"Biểu {form.upper()};Kỳ báo cáo: tháng {number}/{year};Đơn vị: {COMMUNES[place]} ({place})"]
        lines.append("Mã chỉ tiêu;Chỉ tiêu;Giá trị")
        rows = [f"{name};{FORM_INDICATORS[name]};{stands(said)}" for name, said in cells.items()]
        if kind == "reworded":
            rows.reverse()
        if kind == "broken":
            rows[0] = f"{next(iter(cells))};{next(self.numbers)};không rõ"
        text = end.join([*lines, *rows]) + end
        meaning = {
            "kind": kind,
            "agency": self.agency or place,
            "form": form,
            "place": place,
            "month": month,
            "cells": cells,
            "refused": kind == "broken" or not any(cells.values()),
        }
        self.sent.append((text, meaning))
        return text, meaning
