"""Trains the line reader.

    python -m training.train [--rounds 33]
    python -m training.train --first 33 --rounds 55 --rate 2e-3 --fall 1    goes on with it

Lines are rendered by `--jobs` processes while `--threads` threads train on those before them. A
round draws from the lines of the last few; after each a checkpoint is written, and a run that
stopped goes on from there. The learning rate warms up, stays, and falls to nothing over the last
rounds (a run may be made longer before the fall begins, or raise the rate again after it:
Loshchilov & Hutter 2017). What is exported is the moving average of the weights. Graves et al. 2006
for the loss.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.reading.ctc import Decoder
from training import dataset, extra, shipped
from training.batches import Batch, batches, varied
from training.dataset import Lines
from training.edits import distance
from training.fonts import WORK
from training.grammar import CHARSET
from training.model import LineNet

WARMUP = 200
"""Steps."""
SIZE = 128
"""Lines per step."""
PER_ROUND = 120_000
"""Lines that a round trains on, drawn from what `dataset.Rolling` gives for it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """first, rounds: where the schedule begins and ends. rate: the highest learning rate. fall:
    share of those rounds over which it falls to nothing."""

    rounds: int
    rate: float = 3e-3
    fall: float = 0.5
    first: int = 0

    def __call__(self, step: int, done: float) -> float:
        """The rate at a step, `done` rounds into the run."""
        falling = (self.rounds - self.first) * self.fall
        left = 1 - max(0.0, done - self.rounds + falling) / falling
        return self.rate * min(1.0, (step + 1) / WARMUP) * max(left, 0.002)


class Trainer:
    """Holds everything that a checkpoint keeps."""

    def __init__(self, folder: Path, *, seed: int = 7) -> None:
        torch.manual_seed(seed)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._half = self.device == "cuda" or multiplies_halves()
        self.model = LineNet().to(self.device, memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, weight_decay=0.01)
        self.generator = torch.Generator().manual_seed(seed)
        self.seed = seed
        self.round = 0
        self.step = 0
        self.lines_seen = 0
        self._path = folder / "checkpoint.pt"
        self._log = folder / "log.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            self._resume()

    def begin_with_shipped(self, lines: Lines) -> None:
        """Takes the shipped weights. lines: some hundreds at least, to set the norms."""
        first = next(batches(lines.inks, lines.labels, 512, np.random.default_rng(self.seed)))
        self.model.cpu()
        shipped.restore(self.model, first.lines.float() / 255)
        self.model.to(self.device)
        self.average.module.load_state_dict(self.model.state_dict())

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "seed": self.seed,
            "round": self.round,
            "step": self.step,
            "lines_seen": self.lines_seen,
        }
        draft = self._path.with_suffix(".tmp")
        torch.save(state, draft)
        draft.rename(self._path)

    def _resume(self) -> None:
        state = torch.load(self._path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())
        self.seed = state["seed"]
        self.round, self.step = state["round"], state["step"]
        self.lines_seen = state["lines_seen"]

    def run(
        self,
        data: Iterable[Lines],
        schedule: Schedule,
        *,
        size: int = SIZE,
        per_round: int = PER_ROUND,
        validation: Lines | None = None,
    ) -> float:
        """Trains to the schedule's end; returns the last mean loss.

        data: for each round from this run's next on, the lines to draw from.
        """
        recent = 0.0
        for lines in islice(data, max(0, schedule.rounds - self.round)):
            rng = np.random.default_rng([self.seed, self.round])
            started = time.monotonic()
            groups = batches(lines.inks, lines.labels, size, rng, count=per_round)
            for number, batch in enumerate(groups):
                done = self.round + number * size / per_round
                loss = self._learn(batch, schedule(self.step, done))
                recent = loss if recent == 0.0 else 0.98 * recent + 0.02 * loss
                self.step += 1
                self.lines_seen += len(batch.index)
                if self.step % 100 == 0:
                    pace = (time.monotonic() - started) / (number + 1)
                    print(
                        f"round {done:.2f} of {schedule.rounds}, step {self.step}: "
                        f"loss {recent:.4f}, {pace:.2f} s a step",
                        flush=True,
                    )
            self.round += 1
            self.save()
            if validation is not None:
                self._validate(validation, recent)
        return recent

    def _learn(self, batch: Batch, rate: float) -> float:
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        lines = varied(batch.lines.float() / 255, self.generator)
        lines = lines.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16, enabled=self._half):
            log_probs = self.model(lines)
        loss = F.ctc_loss(
            log_probs.transpose(0, 1),
            batch.targets.to(self.device),
            batch.frames,
            batch.lengths,
            zero_infinity=True,
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        return float(loss.detach())

    def _validate(self, data: Lines, loss: float) -> None:
        exact, characters = score(self.average.module, data)
        print(f"validation: {exact:.2%} exact, {characters:.3%} per character", flush=True)
        with self._log.open("a") as log:
            record = {"step": self.step, "loss": loss, "exact": exact, "characters": characters}
            log.write(json.dumps(record) + "\n")


def multiplies_halves() -> bool:
    """Whether the processor multiplies numbers of 16 bits (bfloat16) itself: that halves a step and
    changes nothing that could be measured. One with AVX2 alone takes nine times as long."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def predictions(model: torch.nn.Module, data: Lines) -> list[str]:
    """The greedy reading of each line; '' where it is too short for its label."""
    decoder = Decoder(CHARSET)
    texts = [""] * len(data)
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        for batch in batches(data.inks, data.labels, SIZE, None):
            log_probs = model((batch.lines.float() / 255).to(device)).cpu().numpy()
            for row, i in enumerate(batch.index):
                texts[i] = decoder.greedy(log_probs[row])
    return texts


def score(model: torch.nn.Module, data: Lines) -> tuple[float, float]:
    """Shares of fields and of characters that are right."""
    texts = predictions(model, data)
    exact = sum(a == b for a, b in zip(texts, data.labels, strict=True)) / len(data)
    wrong = sum(distance(a, b) for a, b in zip(texts, data.labels, strict=True))
    return exact, 1 - wrong / max(1, sum(map(len, data.labels)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=33)
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--fall", type=float, default=0.5, help="share of falling rounds")
    parser.add_argument("--first", type=int, default=0, help="round at which the rate rises again")
    # With more of both than there are cores, threads that wait for each other wait for good.
    cores = os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=max(1, cores - 1), help="that train")
    parser.add_argument("--jobs", type=int, default=1, help="processes that render")
    parser.add_argument("--extra", type=Path, help="a folder of labelled boxes (training.extra)")
    parser.add_argument("--name", default="numeric")
    parser.add_argument(
        "--shipped", action="store_true", help="begin with the shipped weights, not from nothing"
    )
    parser.add_argument(
        "--origin", type=int, default=0, help="first chunk of lines: others than a run before saw"
    )
    parser.add_argument("--new", type=int, default=10, help="chunks of lines that join a round")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trainer = Trainer(WORK / "runs" / options.name, seed=options.seed)
    validation = dataset.load([dataset.make_chunk("validation", "train", 0)])
    if options.shipped and trainer.round == 0:
        trainer.begin_with_shipped(dataset.load([dataset.make_chunk("train", "scan", 0)]))
    own = extra.load(options.extra) if options.extra else None
    rolling = dataset.Rolling(
        options.jobs, new=options.new, first=trainer.round, origin=options.origin, extra=own
    )
    schedule = Schedule(options.rounds, options.rate, options.fall, options.first)
    try:
        trainer.run(rolling, schedule, validation=validation)
    finally:
        rolling.close()


if __name__ == "__main__":
    main()
