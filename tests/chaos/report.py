"""docs/reliability.md: what a run came to."""

from collections.abc import Mapping, Sequence

from training import document

from .run import Came


def table(
    seed: int, invoices: int, runs: Mapping[str, Came], calm: Came, wrong: Sequence[str]
) -> str:
    """The figures of the runs in Markdown."""
    rows: dict[str, list[str]] = {
        "simulated time, h": [f"{run.simulated_s / 3600:.1f}" for run in runs.values()],
        "turns taken": [f"{run.steps:,}" for run in runs.values()],
    }
    for kind in ("met", "answers"):
        counts = [getattr(run, kind) for run in runs.values()]
        for name in sorted({name for count in counts for name in count}):
            rows[f"{kind}: {name}"] = [f"{count.get(name, 0):,}" for count in counts]
    rows["took, min"] = [f"{run.took_s / 60:.1f}" for run in runs.values()]
    figures = document.table(["", *runs], [[name, *row] for name, row in rows.items()])
    return (
        f"{invoices:,} invoices, seed {seed}; without faults, on one machine, they took "
        f"{calm.took_s / 60:.1f} min. **Wrong in the end: {len(wrong)}.**\n\n{figures}"
    )
