"""How Khana says to people what it knows: names, shares, rules, what is wrong with an invoice."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from core.invoice import ErrorInfo, Invoice, Reason
from core.template import TODAY

# A name in a rule, or a text in quotes, in which there are no names.
_WORD = re.compile(r"""\w+|"[^"]*"|'[^']*'""")


@dataclass(frozen=True)
class Wording:
    """How a file for people says what it says.

    `words` maps English to its language, of which `code` is the name; `faults` the codes of errors
    and reasons to sentences, which may hold `{message}` for Khana's own and `{rule}` for the one
    that is broken.
    """

    code: str = "en"
    right_to_left: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    def say(self, english: str) -> str:
        return self.words.get(english, english)

    def label(self, name: str) -> str:
        """A field's, column's or status's name as people read it."""
        return self.say(label(name))

    def why(self, invoice: Invoice) -> list[str]:
        """Why the invoice failed or needs review, a sentence each."""
        faults = [invoice.error] if invoice.error else invoice.reasons
        return [self._fault(each, invoice) for each in faults]

    def _fault(self, fault: ErrorInfo | Reason, invoice: Invoice) -> str:
        said = self.faults.get(fault.code)
        if said is None:
            return fault.message
        # Khana's own sentence begins with the field, or says of itself what it is about.
        fields = fault.fields if isinstance(fault, Reason) and "{" not in said else ()
        names = ("، " if self.right_to_left else ", ").join(map(self.label, fields))
        rule = broken_rule(fault, self.label)
        said = said.format(message=own_words(fault, invoice), rule=rule)
        return (f"{names}: " if names else "") + said


ENGLISH = Wording()


def label(name: str) -> str:
    """A name as people read it: `invoice_number` → `Invoice number`."""
    words = name.replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def percent(share: float) -> str:
    """A share in [0, 1] as people read it, rounded down, so that 100 % is said of nothing less."""
    return f"{int(share * 1000) / 10:g} %"


def own_words(fault: ErrorInfo | Reason, invoice: Invoice | None = None) -> str:
    """Khana's own sentence; of an `invoice` that was rejected only by whom and why: `Mona: …`."""
    if invoice is None or not invoice.rejected or not invoice.decisions:
        return fault.message
    last = invoice.decisions[-1]
    return f"{last.by}: {last.why}"


def broken_rule(fault: ErrorInfo | Reason, name: Callable[[str], str]) -> str:
    """The rule that is broken, its fields as `name` calls them: `Total = Subtotal + Tax`.

    Khana's own sentence where the reason, of an earlier release, doesn't tell its rule apart.
    """
    if not isinstance(fault, Reason) or fault.rule is None:
        return fault.message
    return rule_in_words(fault.rule, fault.fields, name)


def rule_in_words(rule: str, fields: Iterable[str], name: Callable[[str], str]) -> str:
    """The rule of a template as `broken_rule` gives it: `fields` are those that it may speak of."""
    known = {*fields, TODAY}
    words = _WORD.sub(lambda m: name(m[0]) if m[0] in known else m[0], rule)
    return words.replace("==", "=")


def fields_of(rule: str, fields: Collection[str]) -> set[str]:
    """Of `fields` those that the rule of a template speaks of."""
    return {word for word in _WORD.findall(rule) if word in fields}
