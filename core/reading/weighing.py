"""Texts that a picture may show → how likely each is, knowing what is printed in such a field."""

from collections.abc import Sequence

from core.reading.ctc import Hypothesis
from core.reading.grammar import Kind, meant, odds, well_formed
from core.reading.habit import Habit


def weighed(
    hypotheses: Sequence[Hypothesis], kind: Kind, habit: Habit | None = None
) -> list[tuple[str, float]]:
    """The texts, best first, with probabilities that know the form of the kind of field, and how
    the supplier prints it.

    Bayes' rule over the texts at hand: what is left to texts that are not keeps its share. Texts
    that mean the same (`meant`) are one.
    """
    known = sum(h.probability for h in hypotheses)
    chances: dict[str, float] = {}
    for hypothesis in hypotheses:
        text = _meant(hypothesis.text, kind, habit)
        likely = hypothesis.probability * _odds(text, kind, habit)
        chances[text] = chances.get(text, 0.0) + likely
    scale = known / max(sum(chances.values()), 1e-12)
    ranked = [(text, chance * scale) for text, chance in chances.items()]
    return sorted(ranked, key=lambda item: -item[1])


def expected(text: str, kind: Kind, habit: Habit | None) -> bool:
    """Whether such a field is printed so. Nothing at all is, too."""
    return (habit is None or habit.odds(text) == 1) and (
        _may_be_odd(kind, habit) or well_formed(text, kind)
    )


def _meant(text: str, kind: Kind, habit: Habit | None) -> str:
    text = text.strip(":")  # it ends the label beside the number
    printed = text if habit is None else habit.meant(text)
    return meant(printed, kind) if habit is None or habit.odds(printed) < 1 else printed


def _odds(text: str, kind: Kind, habit: Habit | None) -> float:
    odd = 1.0 if habit is None else habit.odds(text)
    return odd if odd == 1 and _may_be_odd(kind, habit) else odd * odds(text, kind)


def _may_be_odd(kind: Kind, habit: Habit | None) -> bool:
    """Whether what is printed as the example is needs no other form: an amount may have marks that
    few others print. A date must be one all the same."""
    return habit is not None and kind != "date"
