"""Configurations: the example is complete and trains, and whatever is wrong with one is a line that says what."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.training.loop.small import write_config, write_set

from reid_solve.cli import main
from reid_solve.tracklets.errors import OptionError, ReidSolveError
from reid_solve.training.loop.config import TABLES, config_of, read_config
from reid_solve.training.loop.example import example
from reid_solve.training.loop.run import train

DOCS = Path(__file__).parents[3] / "docs" / "training.md"


def test_the_example_names_every_key_and_its_comments_are_valid_too() -> None:
    text = CliRunner().invoke(main, ["train", "--print-config"]).output
    assert text == example()
    config_of(tomllib.loads(text))
    for name, kind in TABLES.items():
        table = re.search(rf"^\[+{name}\]+$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
        assert table is not None
        assert set(re.findall(r"^(?:# )?(\w+) = ", table[1], re.MULTILINE)) == {item.name for item in fields(kind)}
    every = re.sub(r"^# (\w+ = )", r"\1", text.replace('cosine"', 'polynomial"'), flags=re.MULTILINE)
    made = config_of({**tomllib.loads(every), "train": {"epochs": 1}})
    assert made.model.dim == 512
    assert made.loss[0].options == {"margin": 0.3}
    assert max(map(len, text.splitlines())) <= 120


def test_the_documentation_shows_the_example() -> None:
    assert f"```toml\n{example()}```" in DOCS.read_text(), "put `reid-solve train --print-config` there"


def test_the_example_trains(tmp_path: Path) -> None:
    """As printed, but for a network and a set that a test has time for."""
    write_set(tmp_path / "Market-1501", people=4, images=4)
    text = example().replace("resnet50", "resnet10t").replace("[256, 128]", "[32, 16]").replace("p = 16", "p = 2")
    text = re.sub(r"^epochs = 60", "epochs = 1", text, flags=re.MULTILINE).replace("workers = 4", "workers = 1")
    (tmp_path / "x.toml").write_text(text)
    result = train(tmp_path / "x.toml")
    assert result.folder == tmp_path / "x.train"
    assert result.embedder.is_file()
    assert result.epochs == 1
    assert set(result.scores) == {"mAP", "mINP", "Rank-1", "Rank-5"}


GOOD: dict[str, Any] = {
    "data": {"kind": "market", "root": "people"}, "model": {"spec": "timm:resnet10t"}, "loss": [{"name": "triplet"}],
    "train": {"epochs": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"date": {}}, r"no table \[date\] is known; allowed: data, model"),
        ({"data": None}, r"\[data\] is missing"),
        ({"loss": []}, r"\[\[loss\]\] is missing"),
        ({"loss": {"name": "triplet"}}, r"must be written \[\[loss\]\]"),
        ({"data": {"kind": "market"}}, r"\[data\]: key 'root' is missing .*allowed: kind, root"),
        ({"train": {"epochs": 1, "epoch": 2}}, r"\[train\]: no key 'epoch' is known; allowed: epochs, steps, amp"),
        ({"train": {"epochs": "x"}}, r"\[train\] epochs: must be a whole number, at least 1, not 'x'"),
        ({"train": {"epochs": 0}}, r"\[train\] epochs: must be a whole number, at least 1, not 0"),
        ({"train": {"epochs": True}}, r"\[train\] epochs: must be a whole number, at least 1, not true"),
        (
            {"train": {"epochs": 1, "amp": "half"}},
            r"\[train\] amp: 'half' is not known; allowed: 'off', 'bf16', 'fp16'",
        ),
        ({"train": {"epochs": 1, "deterministic": 1}}, r"deterministic: must be true or false, not 1"),
        ({"train": {"epochs": 1, "ema": 1.0}}, r"ema: must be a number, at least 0, below 1, not 1.0"),
        ({"train": {"epochs": 1, "ema": float("nan")}}, r"ema: must be a number, .*, not nan"),
        ({"train": {}}, r"\[train\] is missing"),
        ({"train": {"seed": 1}}, r"\[train\] needs either epochs or steps, and not both"),
        ({"train": {"epochs": 1, "steps": 1}}, r"\[train\] needs either epochs or steps, and not both"),
        ({"model": {"spec": "x", "image_size": [256]}}, r"\[model\] image_size: must be a list of 2, not \[256\]"),
        ({"model": {"spec": "x", "image_size": [256, 8]}}, r"image_size: must be a whole number, at least 16, not 8"),
        ({"model": {"spec": "x", "options": 3}}, r"\[model\] options: must be a table, not 3"),
        ({"model": 3}, r"\[model\]: must be a table of settings, not 3"),
        ({"loss": [{"name": "triplet"}, {"name": "triplet"}]}, r"each loss once"),
        ({"loss": [{"name": "triplet", "margin": 1}]}, r"\[\[loss\]\] 1: no key 'margin' is known; allowed: name"),
        ({"schedule": {"power": 1.0}}, r"\[schedule\] power is for polynomial, not cosine"),
        ({"schedule": {"name": "constant", "end": 0.1}}, r"\[schedule\] end is not for constant"),
        ({"augment": {"steps": [{"name": "flop"}]}}, r"\[augment\] steps 1: 'flop' is not known; allowed names: blur"),
        ({"augment": {"steps": [{"p": 1}]}}, r"\[augment\] steps 1: no name; allowed names: blur"),
        (
            {"augment": {"steps": [{"name": "flip", "q": 1}]}},
            r"steps 1 \(flip\): no key 'q' is known; allowed: p, joint",
        ),
        (
            {"model": {"spec": "x", "options": {"dim": 3}}},
            r"\[model\] options: 'dim' is no option; write it in \[model\]",
        ),
        ({"loss": [{"name": "triplet", "options": {"classes": 3}}]}, r"\[\[loss\]\] options: 'classes' is no option"),
        ({"sampler": {"options": {"seed": 1}}}, r"\[sampler\] options: 'seed' is no option"),
        (
            {"augment": {"steps": [{"name": "gamma", "low": 2.0}]}},
            r"steps 1 \(gamma\): low 2 is above high 1.2; change one of them",
        ),
        ({"augment": {"steps": [{"name": "erase", "smallest": 0.5}]}}, r"smallest 0.5 is above largest 0.33"),
        ({"augment": {"steps": [{"name": "blur", "high": float("inf")}]}}, r"high: must be .*, at most 100, not inf"),
        ({"augment": {"steps": ["flip"]}}, r"\[augment\] steps: must be a table, not 'flip'"),
        ({"augment": {"steps": [{"name": "erase", "p": 2}]}}, r"p: must be a number, at least 0, at most 1, not 2"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes: dict[str, Any], says: str) -> None:
    tables = {name: table for name, table in {**GOOD, **changes}.items() if table is not None}
    with pytest.raises(ReidSolveError, match=says) as error:
        config_of(tables, "x.toml")
    assert str(error.value).startswith("x.toml: ")
    assert "\n" not in str(error.value)
    assert "::" not in str(error.value)


@pytest.mark.parametrize(
    ("table", "values", "says"),
    [
        ("data", {"kind": "market1501"}, "no layout 'market1501'; one of: "),
        ("data", {"root": "nowhere"}, "nowhere: no such folder"),
        ("model", {"spec": "timm:resnet9000"}, r"\[model\]: timm:resnet9000: timm has no such model"),
        ("model", {"options": {"depth": 2, "wings": 2}}, r"\[model\]: "),
        ("sampler", {"name": "fair"}, r"\[sampler\] no sampler 'fair'; one of: "),
        ("sampler", {"p": 99}, r"\[sampler\] 99 persons a batch, but the set has only 4"),
        ("sampler", {"options": {"rounds": "x"}}, r"\[sampler\] rounds must be a whole number, 1 or more, not 'x'"),
        (
            "sampler",
            {"name": "hierarchical", "options": {"widen": 3}},
            r"\[sampler\] sampler 'hierarchical': .*; correct its options",
        ),
        ("sampler", {"options": {"luck": 1}}, r"\[sampler\] sampler 'random-pk' has no option 'luck'"),
        ("train", {"amp": "fp16"}, r"\[train\] amp fp16 is for CUDA, this is cpu; use bf16 or off"),
        ("train", {"device": "tpu"}, r"\[train\] device tpu: "),
    ],
)
def test_what_the_parts_refuse_names_its_place(
    tmp_path: Path, table: str, values: dict[str, object], says: str
) -> None:
    write_set(tmp_path / "people", people=4, images=2)
    path = write_config(tmp_path / "x.toml", **{table: values})
    with pytest.raises(ReidSolveError, match=says) as error:
        train(path)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "x.train").exists()


def test_one_picture_is_no_batch_to_norm_over(tmp_path: Path) -> None:
    write_set(tmp_path / "people", people=4, images=2)
    model: dict[str, object] = {"spec": "timm:resnet10t", "options": {}}
    with pytest.raises(OptionError, match=r"norms over a batch, and one picture is none; raise \[sampler\] p or k"):
        train(write_config(tmp_path / "x.toml", model=model, sampler={"p": 1, "k": 1}))


def test_any_seed_is_one(tmp_path: Path) -> None:
    write_set(tmp_path / "people", people=4, images=2)
    train(write_config(tmp_path / "x.toml", train={"epochs": 1, "seed": 2**70}))


def test_losses_that_are_not_there_are_named(tmp_path: Path) -> None:
    write_set(tmp_path / "people", people=4, images=2)
    with pytest.raises(ReidSolveError, match=r"x.toml: \[\[loss\]\] 2: no loss 'luck'; one of: "):
        train(write_config(tmp_path / "x.toml", "triplet", "luck"))


def test_files_are_from_where_the_configuration_is(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(b"")
    path = write_config(tmp_path / "x.toml", model={"pretrained": "w.pt"})
    config = read_config(path)
    assert config.data.root == tmp_path / "people"
    assert config.model.pretrained == str(tmp_path / "w.pt")
    assert read_config(write_config(path, model={"pretrained": "openai"})).model.pretrained == "openai"
    for bad, says in ((b"[data", "not TOML"), (b"\xff", "not TOML")):
        path.write_bytes(bad)
        with pytest.raises(ReidSolveError, match=says):
            read_config(path)
    with pytest.raises(ReidSolveError, match="--print-config"):
        read_config(tmp_path / "none.toml")


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    root = write_set(tmp_path / "people", people=4, images=2)
    for path in (root / "bounding_box_train").iterdir():
        path.write_bytes(b"no picture")
    config = write_config(tmp_path / "x.toml", sampler={"p": 2, "k": 2})
    with pytest.raises(ReidSolveError, match=r"_00.jpg: cannot be read as a picture") as error:
        train(config)
    assert "\n" not in str(error.value)
    done = CliRunner().invoke(
        main, ["train", str(write_config(config, sampler={"p": 2, "k": 2}, train={"workers": 1}))]
    )
    assert done.exit_code == 2
    assert "cannot be read as a picture" in done.output
    assert "Traceback" not in done.output


def test_one_person_is_not_enough(tmp_path: Path) -> None:
    write_set(tmp_path / "people", people=1, images=4)
    with pytest.raises(ReidSolveError, match="1 person to learn from; two are needed"):
        train(write_config(tmp_path / "x.toml", sampler={"p": 1}))
