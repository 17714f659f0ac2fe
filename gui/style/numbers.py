"""Numbers as in print: a true minus, a thin space before the unit, powers of ten raised. No Qt here."""

import math

MINUS = "\u2212"
THIN_SPACE = "\u2009"
DASH = "\u2013"
TIMES = "\u00d7"
MISSING = "\u2014"
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def fixed(value, decimals=1):
    """Return ``"−43.0"``; a dash for None and nan."""
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def significant(value, digits=3):
    """Return ``value`` to so many digits: ``"18.4"``, ``"0.00032"``, ``"1.2 × 10⁻⁵"``; a dash for None and nan."""
    if value is None or math.isnan(value):
        return MISSING
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    power = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if -4 <= power < 5:
        return fixed(round(value, digits - 1 - power), max(digits - 1 - power, 0))
    mantissa = fixed(value / 10.0**power, digits - 1)
    return f"{mantissa}{THIN_SPACE}{TIMES}{THIN_SPACE}10{str(power).translate(_RAISED)}"


def tick(value):
    """Return the shortest exact form of a round number: ``"0.5"``, ``"20"``, ``"10⁻³"``."""
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        power = math.floor(math.log10(abs(value)) + 1e-9)
        mantissa = value / 10.0**power
        raised = f"10{str(power).translate(_RAISED)}"
        return raised if abs(mantissa - 1) < 1e-9 else f"{mantissa:.3g}{TIMES}{raised}".replace("-", MINUS)
    return f"{value:.6g}".replace("-", MINUS)


def percent(fraction, decimals=1):
    """Return ``"5.7 %"`` with a thin space; a dash for None and nan."""
    if fraction is None or math.isnan(fraction):
        return MISSING
    return f"{fixed(100 * fraction, decimals)}{THIN_SPACE}%"


def percent_interval(fraction, low, high, decimals=1):
    """Return ``"5.4 ± 0.2 %"``, or ``"5.4 +0.3 −0.1 %"`` where the sides differ by more than the last digit."""
    if fraction is None or low is None or high is None or any(math.isnan(v) for v in (fraction, low, high)):
        return percent(fraction, decimals)
    digit = 10.0**-decimals
    up, down = (max(round(100 * size / digit), 0) for size in (high - fraction, fraction - low))
    if abs(up - down) <= 1:
        spread = f"± {fixed(max(up, down) * digit, decimals)}"
    else:
        spread = f"+{fixed(up * digit, decimals)} {MINUS}{fixed(down * digit, decimals)}"
    return f"{fixed(100 * fraction, decimals)} {spread}{THIN_SPACE}%"


def energy_range(low, high, unit=True):
    """Return ``"56–63 EeV"``."""
    decimals = 0 if round(low) != round(high) else 1
    return f"{low:.{decimals}f}{DASH}{high:.{decimals}f}" + (" EeV" if unit else "")


def right_ascension(degrees):
    """Return ``"13h25m"``."""
    minutes = round(degrees * 4) % 1440
    return f"{minutes // 60:02d}h{minutes % 60:02d}m"


def clock(seconds):
    """Return ``"42 s"``, ``"3 min 05 s"`` or ``"2 h 10 min"``; a dash for None and nan."""
    from ...core.progress import format_duration

    return MISSING if seconds is None or not math.isfinite(seconds) else format_duration(seconds)
