"""What the tests judge the product by is itself right: the references against exact arithmetic.

They reckon in doubles as the product does, in another order; what is exactly a half or a bound must be one in both.
"""

import fractions

import recompute
from fire import water


def exactly(points, value):
    """The sub-index by fractions, and its whole number: of two equally near ones the higher."""
    for (low, before), (high, after) in points:
        if low <= value <= high:
            index = before + fractions.Fraction(after - before, 1) / (high - low) * (value - low)
            return (index + fractions.Fraction(1, 2)).__floor__()
    raise AssertionError(value)


def pairs(points):
    exact = [(fractions.Fraction(str(at)), index) for at, index in points]
    return list(zip(exact, exact[1:], strict=False))


def test_an_index_is_rounded_as_exact_arithmetic_rounds_it():
    halves = 0
    for parameter in ("pm10", "pm25", "no2", "so2", "o3"):
        points = pairs(zip(recompute.BREAKPOINTS[parameter], recompute.INDEX, strict=True))
        for hundredths in range(0, 40_000, 5):
            exact = exactly(points, fractions.Fraction(hundredths, 100))
            reckoned = recompute.sub_index(parameter, hundredths / 100)
            assert recompute.whole(reckoned) == exact, (parameter, hundredths)
            # Else the doubles never differ from it, and this shows nothing.
            halves += int(reckoned + 0.5) != exact
    assert halves


def test_a_mean_that_is_at_an_end_of_a_table_is_in_it():
    assert recompute.sub_index("o3_eight_hours", 400.00000000000006) == 300
    assert recompute.sub_index("o3_eight_hours", 400.01) is None
    assert water.sub_index("nh4", 0.29999999999999993) == 75 and water.sub_index("nh4", 0.29) == 100
