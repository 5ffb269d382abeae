"""`train --self-supervised` from tracks and a video to a network that `embed` runs, or back to where it began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner, Result

from reid_solve.cli import main
from reid_solve.tracklets.embed.networks import build, load, save
from reid_solve.tracklets.embeddings import read_embeddings
from reid_solve.tracklets.read import read
from reid_solve.tracklets.video import probe
from reid_solve.training.self_supervised.pieces import find
from reid_solve.training.self_supervised.store import cut_out

VIT = "{patch_size = 8, embed_dim = 32, depth = 2, num_heads = 2}"
SMALL = f"""
[model]
spec = "timm:vit_tiny_patch16_224"
image_size = [32, 16]
options = {VIT}
[train]
device = "cpu"
log_every = 1
"""


def taught(folder: Path, match: Any, text: str = SMALL, *options: str) -> Result:
    config = folder / "small.toml"
    config.write_text(text)
    words = ["train", str(config), "--self-supervised", str(match.tracks), str(match.video), "--json"]
    return CliRunner().invoke(main, [*words, "-o", str(folder / "out"), *options])


def said(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_a_match_teaches_a_network_and_embed_runs_it(tmp_path: Path, match: Any) -> None:
    found = said(taught(tmp_path, match, SMALL + "[optimizer]\nlr = 0.003", "--steps", "60"))
    assert found["kept"] == "trained"
    assert found["after"]["mAP"] > found["before"]["mAP"] + 3
    assert found["steps"] == 60
    assert found["pairs"] > 20
    network = load(tmp_path / "out" / "embedder.pt")
    assert not same(network, load(tmp_path / "out" / "start.pt"))
    assert network.facts["set"] == "self-supervised"
    seen = tmp_path / "seen.parquet"
    words = ["embed", str(match.video), str(match.tracks), "-o", str(seen), "--backend", found["embedder"]]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert len(read_embeddings(seen)["embedding"][0]) == 32


def test_what_does_not_help_is_not_kept(tmp_path: Path, match: Any) -> None:
    """Steps so large that the network forgets everything; the start, from a file, comes out as it went in."""
    torch.manual_seed(0)
    options: dict[str, Any] = {"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}
    start = build("timm:vit_tiny_patch16_224", image_size=(32, 16), dim=12, **options)
    save(tmp_path / "start.pt", start)
    wild = '[optimizer]\nname = "sgd"\nlr = 3.0\n[train]\ndevice = "cpu"\nema = 0.0'
    found = said(taught(tmp_path, match, wild, "--start", str(tmp_path / "start.pt"), "--steps", "3"))
    assert found["kept"] == "start"
    assert [note["code"] for note in found["notes"]][-1] == "start-kept"
    assert same(load(found["embedder"]), start)
    again = said(taught(tmp_path, match, wild, "--start", str(tmp_path / "start.pt"), "--steps", "3", "--resume"))
    assert (again["before"], again["after"]) == (found["before"], found["after"])
    assert same(load(found["embedder"]), start)
    save(tmp_path / "start.pt", build("timm:vit_tiny_patch16_224", image_size=(32, 16), dim=12, **options))
    other = taught(tmp_path, match, wild, "--start", str(tmp_path / "start.pt"), "--steps", "3", "--resume")
    assert other.exit_code == 2
    assert "start.pt: its training began with another network" in other.stderr
    assert same(load(tmp_path / "out" / "start.pt"), start)


def test_it_goes_on_where_it_stopped(tmp_path: Path, match: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from reid_solve.training.loop.session import Session

    (tmp_path / "whole").mkdir()
    whole = said(taught(tmp_path / "whole", match, SMALL + "checkpoint_every = 1", "--steps", "6"))
    step = Session._keep

    def stop(self: Session, log: Any) -> None:
        step(self, log)
        if self.at.step == 3:
            raise KeyboardInterrupt

    (tmp_path / "broken").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Session, "_keep", stop)
        assert taught(tmp_path / "broken", match, SMALL + "checkpoint_every = 1", "--steps", "6").exit_code != 0
    rest = said(taught(tmp_path / "broken", match, SMALL + "checkpoint_every = 1", "--steps", "6", "--resume"))
    assert rest["after"] == whole["after"]
    assert same(load(tmp_path / "broken" / "out" / "last.pt"), load(tmp_path / "whole" / "out" / "last.pt"))


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", (), "nothing to start from; say --start"),
        ("", ("--start", "osnet:x9"), "no such width"),
        ("", ("--start", "none.pt"), "none.pt"),
        ('[data]\nkind = "market"\nroot = "."', (), "[data] has no place"),
        (SMALL + '[[loss]]\nname = "triplet"', (), "use seen-together alone"),
        (SMALL + '[sampler]\nname = "once"', (), "[sampler] here is 'moments'"),
        (SMALL + "[sampler]\noptions = {moments = 0}", (), "[sampler] here is 'moments'"),
        (SMALL + "[sampler]\nq = 3", (), "no key 'q'"),
        (SMALL + "[people]", (), "no table [people]"),
        ("model = 3", (), "must be a table"),
        ('train = 3\n[model]\nspec = "osnet:x0_25"', (), "must be a table"),
        (SMALL + "epochs = 3\nsteps = 4", (), "either epochs or steps"),
        (SMALL, ("--first-frame", "9000"), "frames"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, match: Any, text: str, options: tuple[str, ...], said: str) -> None:
    done = taught(tmp_path, match, text, *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out" / "embedder.pt").exists()


def test_too_little_to_learn_from_is_said(tmp_path: Path, mini_clip: Any) -> None:
    done = taught(tmp_path, mini_clip)
    assert done.exit_code == 2
    assert "give a longer part of the match" in done.stderr


@pytest.mark.parametrize(("gain", "kept"), [((2.0, 1.0), "trained"), ((1.0, 1.5), "start"), ((0.0, 0.0), "start")])
def test_a_gain_within_its_error_is_none(
    gain: tuple[float, float], kept: str, tmp_path: Path, match: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_solve.training.self_supervised.check.Ranking.gain", lambda *_: gain)
    found = said(taught(tmp_path, match, SMALL, "--steps", "1"))
    assert found["kept"] == kept
    assert same(load(found["embedder"]), load(tmp_path / "out" / "start.pt")) == (kept == "start")


def test_several_recordings_and_several_processes_are_refused(
    tmp_path: Path, match: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pq.read_table(match.tracks)
    half = pc.if_else(pc.less(table["frame"], 100), "a", "b")
    pq.write_table(table.append_column("sequence", half), tmp_path / "two.parquet")
    config = tmp_path / "small.toml"
    config.write_text(SMALL)
    words = ["train", str(config), "--self-supervised", str(tmp_path / "two.parquet"), str(match.video)]
    done = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "holds several recordings" in done.stderr
    monkeypatch.setenv("WORLD_SIZE", "2")
    done = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "start it without torchrun" in done.stderr


def test_its_options_are_not_for_labelled_pictures(tmp_path: Path) -> None:
    for option in ("--steps", "--first-frame"):
        done = CliRunner().invoke(main, ["train", "people.toml", option, "3"])
        assert done.exit_code == 2
        assert f"{option} is for --self-supervised" in done.stderr


def test_crops_are_decoded_once(tmp_path: Path, match: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks, film = read(match.tracks), probe(match.video)
    rows = find(tracks, film).rows
    first = cut_out(tracks, film, rows, (256, 128), cache=tmp_path)
    monkeypatch.setattr("reid_solve.training.self_supervised.store.crops", None)
    again = cut_out(tracks, film, rows, (256, 128), cache=tmp_path)
    one, other = first.of(rows), again.of(rows)
    for place in range(0, len(rows), 7):
        assert (one(place) == other(place)).all()
        box = tracks.boxes[rows[place]]
        assert np.abs(np.array(one(place).shape[:2]) - box[[3, 2]]).max() <= 2


def test_large_crops_are_kept_at_the_networks_size(tmp_path: Path, match: Any) -> None:
    tracks, film = read(match.tracks), probe(match.video)
    rows = find(tracks, film).rows[:5]
    kept = cut_out(tracks, film, rows, (16, 8))
    assert kept.shape.tolist() == [[16, 8]] * 5


def same(one: Any, other: Any) -> bool:
    there = other.state_dict()
    return all(torch.equal(value, there[name]) for name, value in one.state_dict().items())
