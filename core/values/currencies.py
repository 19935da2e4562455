"""Currencies as they stand beside amounts: `AED 5`, `٥٢٥٠٠ د.إ`, `$5`, `٥ ريال سعودي`."""

import re
from collections.abc import Iterator

from core.values.letters import folded

_CODES = """
    aed bhd dzd egp ils iqd irr jod kwd lbp lyd mad mru omr qar sar sdg syp tnd try yer
    aud bdt brl cad chf cny dkk etb eur gbp hkd idr inr jpy kes krw lkr myr ngn nok npr nzd php pkr
    pln rub sek sgd thb usd vnd zar
"""
_SIGNS = "us$ $ € £ ¥ ₹ ₪ ₺ ﷼ \u20c1 \u20c3"
"""The last two are those of the Saudi riyal and of the dirham of the Emirates, new in Unicode."""
_SHORT = """
    s.r q.r k.d b.d r.o o.r l.e j.d l.d t.d d.t d.a d.h dhs dh rs
    د.إ ر.س ر.ق د.ك د.ب ر.ع ر.ي ج.م ج.س د.أ ل.ل ل.س د.ع د.ل د.ت د.ج د.م أ.م
"""
"""With dots or without."""
_NOUNS = """
    درهم دراهم ريال ريالات دينار دنانير جنيه جنيهات ليرة ليرات دولار دولارات يورو شيكل روبية
    dirham dirhams riyal riyals rial rials dinar dinars pound pounds lira dollar dollars euro euros
    rupee rupees
"""
_OF = """
    إماراتي سعودي قطري كويتي بحريني عماني يمني مصري سوداني أردني لبناني لبنانية سوري سورية عراقي
    ليبي تونسي جزائري مغربي تركية أمريكي أميركي
"""
_OF_BEFORE = "uae saudi qatari kuwaiti bahraini omani egyptian jordanian lebanese iraqi us"
_LONGEST = 80


def _any(words: str) -> str:
    return "|".join(
        re.escape(folded(word)) for word in sorted(words.split(), key=len, reverse=True)
    )


def _short() -> Iterator[str]:
    for each in sorted(map(folded, _SHORT.split()), key=len, reverse=True):
        letters = each.split(".")
        if len(letters) > 1:
            # The dot at its end is its own, like the one in it.
            yield r"\.\ ?".join(letters) + r"\.?+"
        yield "".join(letters)


_WORD = (
    rf"(?:(?:{_any(_OF_BEFORE)})\ )?(?:{_any(_NOUNS)})(?:\ (?:{_any(_OF)}))?"
    rf"|{_any(_CODES)}|{'|'.join(_short())}"
)
_BEFORE = re.compile(rf"(?:(?P<word>{_WORD})(?![^\W\d_])|{_any(_SIGNS)})\ ?(?!-\ )(?P<rest>.*)")
_AFTER = re.compile(rf"(?P<rest>.*?)(?<!\ -)\ ?(?:(?<![^\W\d_])(?:{_WORD})\.?|{_any(_SIGNS)})")


def without_currency(plain: str) -> list[str]:
    """What the amount in a text may be that has a currency before or after it; nothing if it has
    none, or is longer than any amount. A dot behind a currency may be the amount's: then there are
    two.

    plain: with its digits in ASCII.
    """
    if len(plain) > _LONGEST:
        return []
    plain = folded(plain)
    found = []
    if before := _BEFORE.fullmatch(plain):
        rest = before["rest"]
        found.append(rest)
        if before["word"] and rest.startswith("."):
            found.append(rest[1:].lstrip())
    if after := _AFTER.fullmatch(plain):
        found.append(after["rest"])
    return found
