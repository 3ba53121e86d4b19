"""Who owes which report when, what came of it, and what that makes of who owes: all of it, also where nobody sent anything.

By the rules the product states (decision 43), and by none of its code: each commune owes both forms of every month from the
first on that the pack wants; by the recorded clock a month is told of since its first moment, can be reported when it is over
and is missing behind its deadline; what was late or missing is a reminder of the calendar year of its deadline.
"""

import collections
import datetime

from fire.pack import COMMUNES, KEEPING, OWED_SINCE, REMINDED_AT, WITHDRAWING

ZONE = datetime.timezone(datetime.timedelta(hours=7))
# As `store` reads them: an obligation as it stands, without when it was said.
Owed = collections.namedtuple(
    "Owed", "form agency year month state owed_from due_at received late revisions rejected reminders"
)
Score = collections.namedtuple(
    "Score",
    "agency year month owed not_due due on_time late missing rejected revisions median_late reminders score reasons",
)
# The alert of an agency that missed too much of a year: whether it is so now, and how much it was when it was raised.
Reminded = collections.namedtuple("Reminded", "agency active count")
MISSED = ("late", "missing")


def millis(year, month, day=1, hour=0):
    """A moment by the clock of the province; months may go on behind the twelfth."""
    count = year * 12 + month - 1
    return int(datetime.datetime(count // 12, count % 12 + 1, day, hour, tzinfo=ZONE).timestamp() * 1000)


def due_at(year, month):
    """The 28th of the second month behind, at 17:00."""
    return millis(year, month + 2, 28, 17)


def year_of(moment):
    return datetime.datetime.fromtimestamp(moment / 1000, ZONE).year


def months(now):
    """Those that are owed and have begun."""
    count = OWED_SINCE[0] * 12 + OWED_SINCE[1] - 1
    while millis(count // 12, count % 12 + 1) <= now:
        yield count // 12, count % 12 + 1
        count += 1


def stands(form, agency, year, month, receipts, now):
    """How one stands of which these receipts came, by arrival; the first accepted counts. Reminders are numbered behind it."""
    accepted = sorted((one for one in receipts if one.verdict == "accepted"), key=lambda one: one.received)
    refused = sum(one.verdict == "refused" for one in receipts)
    owed_from, deadline = millis(year, month + 1), due_at(year, month)
    received = accepted[0].received if accepted else None
    late = None
    if accepted and received > deadline:
        state, late = "late", -(-(received - deadline) // 1000)
    elif accepted:
        state = "on_time"
    elif now > deadline:
        state = "missing"
    elif refused:
        state = "rejected"
    else:
        state = "due" if now >= owed_from else "not_due"
    revisions = sum(one.stored + one.withdrawn > 0 for one in accepted[1:])
    return Owed(form, agency, year, month, state, owed_from, deadline, received, late, revisions, refused, 0)


def matrix(came, now):
    """All that is owed by a moment; `came` has the receipts of an agency's own messages by form, agency, year and month."""
    owed = [
        stands(form, agency, *month, came.get((form, agency, *month), ()), now)
        for form in (KEEPING, WITHDRAWING)
        for agency in COMMUNES
        for month in months(now)
    ]
    missed = collections.Counter()
    numbered = []
    for one in sorted(owed, key=lambda one: (one.due_at, one.form)):
        number = 0
        if one.state in MISSED:
            missed[one.agency, year_of(one.due_at)] += 1
            number = missed[one.agency, year_of(one.due_at)]
        numbered.append(one._replace(reminders=number))
    return numbered


def scores(owed):
    """What they make of each agency and month."""
    of_month = collections.defaultdict(list)
    for one in owed:
        of_month[one.agency, one.year, one.month].append(one)
    for key, ones in of_month.items():
        states = collections.Counter(one.state for one in ones)
        late = sorted(one.late for one in ones if one.state == "late")
        rejected, revisions = sum(one.rejected for one in ones), sum(one.revisions for one in ones)
        judged = states["on_time"] + states["late"] + states["missing"]
        counts = {"missing": states["missing"], "late": states["late"], "rejected": rejected, "revised": revisions}
        yield Score(
            *key,
            len(ones),
            states["not_due"],
            states["due"] + states["rejected"],
            states["on_time"],
            states["late"],
            states["missing"],
            rejected,
            revisions,
            late[(len(late) + 1) // 2 - 1] if late else None,
            max(one.reminders for one in ones),
            100 * states["on_time"] / judged if judged else None,
            tuple(word for word, count in counts.items() if count),
        )


def reminded(owed, now):
    """By agency: how many reminders of this year it has, where that is enough for an alert."""
    counts = collections.Counter(
        one.agency for one in owed if one.state in MISSED and year_of(one.due_at) == year_of(now)
    )
    return {agency: count for agency, count in counts.items() if count >= REMINDED_AT}
