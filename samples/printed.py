"""How invoices print numbers and dates, in both families of digits."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hijridate import Gregorian

ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ARABIC_MARKS = str.maketrans(",.", "٬٫")


@dataclass(frozen=True)
class Printed:
    """A string as typed into the form (logical order), and what it means.

    `before` is printed in the same box, ahead of it, and is no part of it: a currency code.
    """

    text: str
    value: str
    hijri: str | None = None
    before: str = ""


@dataclass(frozen=True)
class Style:
    """The digits and marks of one supplier's software."""

    arabic: bool = False
    arabic_marks: bool = False
    grouped: bool = True
    decimals: int = 2

    def digits(self, text: str) -> str:
        return text.translate(ARABIC_INDIC) if self.arabic else text

    def amount(self, value: Decimal, *, before: str = "") -> Printed:
        """`value` rounded to this style's decimals must be `value`: paper and truth agree."""
        exact = f"{value:.{self.decimals}f}"
        if Decimal(exact) != value:
            raise ValueError(f"{value} doesn't fit {self.decimals} decimals")
        text = f"{value:{',' if self.grouped else ''}.{self.decimals}f}"
        if self.arabic_marks:
            text = text.translate(ARABIC_MARKS)
        return Printed(self.digits(text), exact, before=before)

    def number(self, value: str) -> Printed:
        return Printed(self.digits(value), value)

    def percent(self, value: int) -> Printed:
        return Printed(self.digits(f"{value}%"), str(value))

    def day(self, day: date, pattern: str) -> Printed:
        """`pattern` as `date.strftime` takes it."""
        return Printed(self.digits(day.strftime(pattern)), day.isoformat())

    def hijri(self, day: date, mark: str = "/") -> Printed:
        """The same day by the Umm al-Qura calendar, year first."""
        own = Gregorian.fromdate(day).to_hijri()
        parts = f"{own.year:04}", f"{own.month:02}", f"{own.day:02}"
        return Printed(self.digits(mark.join(parts)), day.isoformat(), hijri="-".join(parts))
