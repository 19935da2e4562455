"""What is printed in `text` fields. The companies, people and numbers are invented."""

from collections.abc import Callable
from random import Random

from core.template import Language
from training.pages import words

_STREETS = (
    ("King Fahd Road", "شارع الملك فهد"), ("Corniche Street", "شارع الكورنيش"),
    ("Olaya Street", "شارع العليا"), ("Airport Road", "طريق المطار"),
    ("Al Nahda Street", "شارع النهضة"), ("Market Street", "شارع السوق"),
    ("Garden Road", "طريق الحديقة"), ("Harbour Street", "شارع الميناء"),
)  # fmt: skip
_CITIES = (
    ("Riyadh", "الرياض"), ("Jeddah", "جدة"), ("Dubai", "دبي"), ("Doha", "الدوحة"),
    ("Muscat", "مسقط"), ("Amman", "عمان"), ("Cairo", "القاهرة"), ("Manama", "المنامة"),
)  # fmt: skip
_MORE_WORDS = (
    ("General", "العامة"), ("International", "الدولية"), ("Modern", "الحديثة"),
    ("United", "المتحدة"), ("National", "الوطنية"),
)  # fmt: skip
_UNITS = ("كرتون", "حبة", "كيلو", "متر", "علبة", "طن", "لتر")
_WESTERN_UNITS = ("cartons", "pcs", "boxes", "kg", "m2", "litres", "bags")
_PLATE = "ابحدرسصطعقكلمنهوي"
_CODE = "ABCDEFGHJKLNOPRSTUVXZ"
_TO_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

Writer = Callable[[Random], str]


def languages(text: str) -> tuple[Language, ...]:
    """What a person would set of a field that holds such texts."""
    arabic = any("\u0600" <= each <= "\u06ff" for each in text)
    latin = any(each.isascii() and each.isalpha() for each in text)
    return ("ara", "eng") if arabic and latin else ("ara",) if arabic else ("eng",)


def company(rng: Random, language: int) -> str:
    """A company's or a person's name, in English (0) or Arabic (1), of two to five words."""
    if rng.random() < 0.3:
        return rng.choice(words.PEOPLE)[language]
    parts = [rng.choice(words.SUPPLIERS)[language], rng.choice(words.TRADES)[language]]
    if rng.random() < 0.4:
        parts.append(rng.choice(_MORE_WORDS)[language])
    if rng.random() < 0.4:
        parts = [*parts, "LLC"] if language == 0 else ["شركة", *parts]
    return " ".join(parts)


def address(rng: Random, language: int, *, arabic_digits: bool = False) -> str:
    """In English (0) or Arabic (1)."""
    street, city = rng.choice(_STREETS)[language], rng.choice(_CITIES)[language]
    box, house = str(rng.randint(100, 99_999)), str(rng.randint(1, 400))
    english = (f"P.O. Box {box}, {city}", f"{house} {street}, {city}", f"{street}, Bldg. {house}")
    arabic = (f"ص.ب {box} {city}", f"{house} {street}، {city}", f"{street}، مبنى {house}")
    text = rng.choice((english, arabic)[language])
    return text.translate(_TO_ARABIC) if arabic_digits else text


def _digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _bilingual(rng: Random) -> str:
    names = [company(rng, 0), company(rng, 1)]
    return " ".join(rng.sample(names, 2))


def _invoice(rng: Random) -> str:
    return rng.choice([f"INV-20{rng.randint(18, 29)}/{_digits(rng, 4)}",
                       f"{rng.choice(_CODE)}-{_digits(rng, 5)}"])  # fmt: skip


def _code(rng: Random) -> str:
    return "".join(rng.choice("0123456789" if rng.random() < 0.6 else _CODE) for _ in range(6))


def _arabic_invoice(rng: Random) -> str:
    number = _digits(rng, 4)
    year = rng.randint(2018, 2029)
    text = rng.choice([f"فا-{year}/{number[:3]}", f"فاتورة رقم {number}", f"سند {number}"])
    return text.translate(_TO_ARABIC)


def _iban(rng: Random) -> str:
    digits = _digits(rng, 22)
    if rng.random() < 0.5:
        return f"SA{digits}"
    return "SA" + digits[:2] + " " + " ".join(digits[i : i + 4] for i in range(2, 22, 4))


def _plate(rng: Random) -> str:
    return " ".join(rng.sample(_PLATE, 3)) + " " + _digits(rng, 4).translate(_TO_ARABIC)


def _number_alone(rng: Random) -> str:
    return rng.choice([
        f"0{rng.randint(50, 59)}-{_digits(rng, 7)}", f"+966 {_digits(rng, 2)} {_digits(rng, 7)}",
        _digits(rng, 10), f"20{_digits(rng, 2)}-{_digits(rng, 4)}", _digits(rng, 5),
    ])  # fmt: skip


def _arabic_number_alone(rng: Random) -> str:
    text = rng.choice(
        [f"0{_digits(rng, 9)}", _digits(rng, 5), f"{_digits(rng, 3)}-{_digits(rng, 4)}"]
    )
    return text.translate(_TO_ARABIC)


def _time(rng: Random) -> str:
    clock = f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}"
    half = f"{rng.randint(1, 12)}:{rng.randint(0, 59):02} {rng.choice(['AM', 'PM'])}"
    return rng.choice([clock, clock.translate(_TO_ARABIC), half])


def _quantity(rng: Random) -> str:
    return f"{rng.randint(1, 200)} {rng.choice(_UNITS)}".translate(_TO_ARABIC)


def _western_quantity(rng: Random) -> str:
    packed = f"{rng.choice([6, 12, 24])}x{rng.choice([250, 330, 500])}ml"
    return rng.choice([packed, f"{rng.randint(1, 200)} {rng.choice(_WESTERN_UNITS)}"])


def _share(rng: Random) -> str:
    number = str(rng.randint(1, 90))
    return rng.choice([f"{number}%", f"{number}٪".translate(_TO_ARABIC), f"{number} days",
                       f"{number} يوم".translate(_TO_ARABIC)])  # fmt: skip


KINDS: dict[str, tuple[Writer, ...]] = {
    "names, in Arabic, English and both": (
        lambda rng: company(rng, 1), lambda rng: company(rng, 0), _bilingual,
    ),
    "addresses with Western digits": (
        lambda rng: address(rng, 0), lambda rng: address(rng, 1),
    ),
    "addresses with Arabic-Indic digits": (lambda rng: address(rng, 1, arabic_digits=True),),
    "`INV-2024/0013`, `A-10493`": (_invoice,),
    "codes such as `9O74L7`": (_code,),
    "`فا-٢٠٢٤/٠١٣`, `فاتورة رقم ١٠٥٣`": (_arabic_invoice,),
    "IBANs, VAT numbers": (_iban, lambda rng: f"3{_digits(rng, 13)}3"),
    "plates such as `أ ب ج ١٢٣٤`": (_plate,),
    "phone numbers and others alone, Western": (_number_alone, _number_alone),
    "... Arabic-Indic": (_arabic_number_alone, _arabic_number_alone),
    "times": (_time,),
    "quantities such as `٣ كرتون`": (_quantity,),
    "quantities such as `12x500ml`, `69 cartons`": (_western_quantity,),
    "percentages, days": (_share,),
}  # fmt: skip
"""Each kind of text, and what writes it: as many boxes of each."""
