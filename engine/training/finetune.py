"""Training a checkpoint further, as in the paper: transformers and accelerate do the work."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import torch

from engine.generators import byt5
from engine.manifest import write_manifest
from engine.protocol import EngineError, ErrorKind
from engine.settings import to_mapping
from engine.training.examples import read_examples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.training.examples import Example
    from engine.training.settings import FineTuneSettings

__all__ = ["judged", "train"]


def train(settings: FineTuneSettings, out: Path) -> Path:
    """Trains, and returns the folder of the model that is the best, or the last.

    Checkpoints lie in ``out/checkpoint-N``; where there are some, training goes on from the last.
    Raises :class:`EngineError`.
    """
    try:
        import accelerate  # noqa: F401
        import transformers
    except ImportError as error:
        raise EngineError(
            f"Training a checkpoint needs the Python package `{error.name}`.",
            remedy="Install what training needs: pip install 'dsp-lsp[train]'",
            kind=ErrorKind.ENVIRONMENT,
        ) from error
    from transformers.trainer_utils import get_last_checkpoint

    trainer = _trainer(settings, out)
    last = get_last_checkpoint(str(out)) if out.is_dir() else None
    try:
        trainer.train(resume_from_checkpoint=last)
    except (ValueError, OSError, RuntimeError) as error:
        if last is None:
            raise
        raise EngineError(
            f"Training does not go on from {last}: {error}",
            remedy="Use the settings it was begun with, or name another folder with --out.",
        ) from error
    model = out / "model"
    trainer.save_model(str(model))
    if trainer.is_world_process_zero():
        write_manifest(
            model,
            command="train",
            settings=to_mapping(settings),
            inputs=[*settings.train, *settings.validation],
            counts={
                "examples": len(trainer.train_dataset),
                "validation_examples": len(trainer.eval_dataset),
                "steps": trainer.state.global_step,
                "best_checkpoint": trainer.state.best_model_checkpoint or "",
                "best_metric": trainer.state.best_metric,
            },
            curve=trainer.state.log_history,
            transformers=transformers.__version__,
        )
    return model


def _trainer(settings: FineTuneSettings, out: Path) -> Any:
    import transformers
    from transformers import EarlyStoppingCallback, Seq2SeqTrainingArguments

    try:
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            settings.checkpoint, dropout_rate=settings.dropout, dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{settings.checkpoint} cannot be loaded: {str(error).splitlines()[0]}",
            remedy="Name the folder of a T5 in Hugging Face format, or the id of one on the hub.",
        ) from error
    limits = settings.max_state_bytes, settings.max_tactic_bytes
    shown = read_examples(settings.train, *limits)
    held = read_examples(settings.validation, *limits)[: settings.validation_pairs]
    by_judge = bool(settings.judge)
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(out),
        seed=settings.seed,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        per_device_eval_batch_size=settings.batch,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=settings.warmup,
        weight_decay=settings.decay,
        optim="adamw_torch",
        bf16=settings.bf16,
        eval_strategy="steps",
        eval_steps=settings.evaluate_every,
        save_strategy="steps",
        save_steps=settings.evaluate_every,
        load_best_model_at_end=by_judge,
        metric_for_best_model="pass_at_1" if by_judge else None,
        greater_is_better=True if by_judge else None,
        save_total_limit=settings.patience + 2 if by_judge else None,
        logging_steps=max(1, min(100, settings.evaluate_every)),
        report_to=[],
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
    )
    callbacks = [EarlyStoppingCallback(settings.patience)] if by_judge else []
    return _judging_trainer(settings, out)(
        model=model,
        args=arguments,
        train_dataset=shown,
        eval_dataset=held,
        data_collator=_collate,
        callbacks=callbacks,
    )


def _judging_trainer(settings: FineTuneSettings, out: Path) -> Any:
    """The trainer's class: its evaluations have Pass@1 where the settings name a judge."""
    from accelerate.utils import broadcast_object_list
    from transformers import Seq2SeqTrainer

    class Judging(Seq2SeqTrainer):  # type: ignore[misc]
        def evaluation_loop(self, *arguments: Any, **named: Any) -> Any:
            found = super().evaluation_loop(*arguments, **named)
            if settings.judge:
                folder = out / "judged"
                self.save_model(str(folder))
                share = [0.0]
                if self.is_world_process_zero():
                    share = [judged(settings.judge, folder)]
                broadcast_object_list(share)
                found.metrics["eval_pass_at_1"] = share[0]
            return found

    return Judging


def judged(command: Sequence[str], checkpoint: Path) -> float:
    """Pass@1 of a checkpoint, which is the last word that the command prints."""
    argv = [word.replace("{checkpoint}", str(checkpoint)) for word in command]
    try:
        ended = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
        share = float(ended.stdout.split()[-1].rstrip("%"))
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError) as error:
        raise EngineError(
            f"The judge {argv[0]} gave no share of theorems proved: {error}.",
            remedy="It must end well, and print a number last.",
        ) from error
    return share


def _collate(batch: Sequence[Example]) -> dict[str, torch.Tensor]:
    def padded(rows: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
        width = max(map(len, rows))
        return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])

    states = padded([example.state for example in batch], byt5.PAD)
    return {
        "input_ids": states,
        "attention_mask": (states != byt5.PAD).long(),
        "labels": padded([example.tactic for example in batch], -100),
    }
