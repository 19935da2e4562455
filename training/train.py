"""Trains the line reader.

    python -m training.train [--steps 12000]

Stops and goes on at any time: a checkpoint is written every few minutes and picked up again. The
learning rate warms up, stays, and falls to nothing at the end (so that a run may be prolonged: give
more steps before the fall begins). What is exported is the moving average of the
weights. Graves et al. 2006 for the loss.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.reading.ctc import Decoder
from training import dataset
from training.batches import Batch, batches, varied
from training.dataset import Lines
from training.fonts import WORK
from training.grammar import CHARSET
from training.model import LineNet
from training.text import distance

WARMUP = 100
SAVE_EVERY = 250


@dataclass(frozen=True, slots=True)
class Schedule:
    """rate: the highest learning rate. fall: share of the steps over which it falls to nothing."""

    steps: int
    rate: float = 3e-3
    fall: float = 0.4

    def __call__(self, step: int) -> float:
        falling = 1 - max(0.0, step - self.steps * (1 - self.fall)) / (self.steps * self.fall)
        return self.rate * min(1.0, (step + 1) / WARMUP) * max(falling, 0.002)


class Trainer:
    """Holds everything that a checkpoint keeps."""

    def __init__(self, folder: Path, *, seed: int = 7, start: Path | None = None) -> None:
        """start: another run's checkpoint, whose weights a new run begins with."""
        torch.manual_seed(seed)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = LineNet().to(self.device, memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, weight_decay=0.01)
        self.generator = torch.Generator().manual_seed(seed)
        self.seed = seed
        self.step = 0
        self.lines_seen = 0
        self._path = folder / "checkpoint.pt"
        self._log = folder / "log.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        if start is not None and not self._path.exists():
            state = torch.load(start, map_location=self.device, weights_only=True)["average"]
            weights = {name.removeprefix("module."): value for name, value in state.items()}
            weights.pop("n_averaged")
            self.model.load_state_dict(weights, strict=False)
            self.average.module.load_state_dict(self.model.state_dict())
        if self._path.exists():
            self._resume()

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
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
        self.step, self.lines_seen = state["step"], state["lines_seen"]

    def run(
        self,
        data: Lines,
        schedule: Schedule,
        size: int = 128,
        *,
        validation: Lines | None = None,
        refresh: bool = False,
    ) -> float:
        """Trains to the schedule's end; returns the last mean loss. With `refresh`, chunks
        that have been rendered meanwhile join at each pass."""
        steps = schedule.steps
        chunks = dataset.chunks("train", "train") if refresh else []
        recent, started, told = 0.0, time.monotonic(), self.step
        while self.step < steps:
            rng = np.random.default_rng([self.step, 1])
            for batch in batches(data.inks, data.labels, size, rng):
                loss = self._learn(batch, schedule(self.step))
                recent = loss if recent == 0.0 else 0.98 * recent + 0.02 * loss
                self.step += 1
                self.lines_seen += len(batch.index)
                if self.step % 50 == 0:
                    pace = (time.monotonic() - started) / (self.step - told)
                    print(
                        f"step {self.step}/{steps} loss {recent:.4f} {pace:.2f} s/step "
                        f"{len(data)} lines",
                        flush=True,
                    )
                if self.step % SAVE_EVERY == 0 or self.step == steps:
                    self.save()
                    if validation is not None:
                        self._validate(validation, recent)
                if self.step >= steps:
                    break
            if refresh:
                new = [p for p in dataset.chunks("train", "train") if p not in chunks]
                chunks += new
                data.extend(dataset.load(new))
        return recent

    def _learn(self, batch: Batch, rate: float) -> float:
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        lines = varied(batch.lines.float() / 255, self.generator)
        lines = lines.to(self.device, memory_format=torch.channels_last)
        # bfloat16 halves a step on processors with AMX and changes nothing that could be measured.
        with torch.autocast(self.device, torch.bfloat16):
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
        print(f"validation: {exact:.2%} of fields exact, {characters:.3%} per character")
        with self._log.open("a") as log:
            record = {"step": self.step, "loss": loss, "exact": exact, "characters": characters}
            log.write(json.dumps(record) + "\n")


def predictions(model: torch.nn.Module, data: Lines) -> list[str]:
    """The greedy reading of each line; '' where it is too short for its label."""
    decoder = Decoder(CHARSET)
    texts = [""] * len(data)
    model.eval()
    with torch.inference_mode():
        for batch in batches(data.inks, data.labels, 128, None):
            log_probs = model(batch.lines.float() / 255).numpy()
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
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--fall", type=float, default=0.4, help="share of steps that it falls over")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--name", default="numeric")
    parser.add_argument("--start", type=Path, help="a checkpoint to take the first weights from")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    trainer = Trainer(WORK / "runs" / options.name, seed=options.seed, start=options.start)
    validation = dataset.load(dataset.chunks("validation", "train")[:1])
    data = dataset.load(dataset.chunks("train", "train"))
    schedule = Schedule(options.steps, options.rate, options.fall)
    trainer.run(data, schedule, validation=validation or None, refresh=True)


if __name__ == "__main__":
    main()
