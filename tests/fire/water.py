"""VN_WQI worked out again, by Decision 1460/QĐ-TCMT of 2019-11-12, for what the rivers of the fire measure.

Groups I (pH), IV (oxygen, organic matter, nutrients) and V (germs): I/100 times the root of the means of IV and V.
"""

import math

import recompute

# Concentration and sub-index at the points of the decision's tables; linear between them.
TABLES = {
    "ph": [(5.5, 50), (6, 100), (8.5, 100), (9, 50)],
    "saturation": [(20, 25), (50, 50), (75, 75), (88, 100), (112, 100), (125, 75), (150, 50), (200, 25)],
    "cod": [(10, 100), (15, 75), (30, 50), (50, 25), (150, 10)],
    "nh4": [(0.3, 75), (0.6, 50), (0.9, 25), (5, 10)],
    "coliform": [(2_500, 100), (5_000, 75), (7_500, 50), (10_000, 25)],
}
# Both ends of these are bad; of the others the lower end is good.
TWO_ENDED = {"ph", "saturation"}
WORST = 10


def sub_index(parameter, value):
    points = TABLES[parameter]
    # A mean that is at an end of its table is in it, however the double came out: of 0.3 it may be 0.29999999999999993.
    for end, _ in (points[0], points[-1]):
        if math.isclose(value, end, rel_tol=1e-9):
            value = end
    if value < points[0][0]:
        return WORST if parameter in TWO_ENDED else 100
    for (low, before), (high, after) in zip(points, points[1:], strict=False):
        if low <= value <= high:
            return before + (after - before) / (high - low) * (value - low)
    return WORST


def saturation(oxygen, celsius):
    """Percent of the oxygen that water so warm can hold."""
    return 100 * oxygen / (14.652 - 0.41022 * celsius + 0.0079910 * celsius**2 - 0.000077774 * celsius**3)


def index(means):
    """Of a window's means that are made of enough; three groups must be there, and three parameters of group IV."""
    fourth = [sub_index(parameter, means[parameter]) for parameter in ("cod", "nh4") if parameter in means]
    if "do" in means and "temperature" in means:
        fourth.append(sub_index("saturation", saturation(means["do"], means["temperature"])))
    if len(fourth) < 3 or "ph" not in means or "coliform" not in means:
        return None
    core = math.sqrt(sum(fourth) / len(fourth) * sub_index("coliform", means["coliform"]))
    return recompute.whole(sub_index("ph", means["ph"]) / 100 * core)
