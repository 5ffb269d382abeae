"""Features and tables from files, and the command that scores them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.evaluation.retrieval.small import write_features

from reid_solve.cli import main
from reid_solve.evaluation.retrieval.files import COLUMNS, read_features, read_table
from reid_solve.tracklets.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_features(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["reid-evaluate", *args])


def scores(*args: str) -> dict[str, Any]:
    done = run(*args, "--json")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def without_seconds(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "seconds"}


def test_every_kind_of_file_says_the_same(folder: Path) -> None:
    features, table = read_features(folder / "features.npz")
    lists = pa.FixedSizeListArray.from_arrays(pa.array(features.reshape(-1)), features.shape[1])
    pq.write_table(table.append_column("embedding", lists), folder / "features.parquet")
    pq.write_table(table, folder / "pictures.parquet")
    expected = without_seconds(scores("features.npz"))
    assert 50 < expected["mAP"] < 100
    for args in (["features.parquet"], ["features.npy", "--table", "pictures.csv"],
                 ["features.npy", "--table", "pictures.parquet"]):  # fmt: skip
        assert without_seconds(scores(*args)) == expected
    assert read_table(folder / "pictures.csv")["action"].to_pylist()[:2] == ["0000", "0000"]
    assert set(table.column_names) <= set(COLUMNS)


def test_options_reach_the_scores(folder: Path) -> None:
    plain = scores("features.npz", "--protocol", "soccernet")
    assert plain["rerank"] is None
    reranked = scores("features.npz", "--protocol", "soccernet", "--rerank", "6,3,0.3", "--ranks", "1,3")
    assert reranked["mAP"] > plain["mAP"]
    assert "re-ranked" not in run("features.npz").stdout
    assert "re-ranked with k1 6, k2 3, lambda 0.3" in run("features.npz", "--rerank", "6,3,0.3").stdout
    assert {"Rank-1", "Rank-3"} <= set(reranked)
    assert "Rank-5" not in reranked
    assert scores("features.npz", "--metric", "euclidean")["mAP"] != scores("features.npz")["mAP"]
    noise = np.random.default_rng(0).normal(size=(len(np.load("features.npy")), 3))
    np.save("noise.npy", noise)
    both = [scores("features.npz", "noise.npy", "--weights", w)["mAP"] for w in ("1,0", "1,1", "0,1")]
    assert both[0] == pytest.approx(scores("features.npz")["mAP"])
    assert both[0] > both[1] > both[2]


def test_what_people_see(folder: Path) -> None:
    done = run("features.npz", "--protocol", "soccernet", "--submission", "answer.json")
    assert done.exit_code == 0
    assert all(name in done.stdout for name in ("mAP", "mINP", "Rank-1", "soccernet"))
    assert "36 rankings written to answer.json" in done.stderr
    checked = run("--validate", "answer.json", "--protocol", "soccernet", "--table", "pictures.csv", "--json")
    assert json.loads(checked.stdout)["complete"] is True


def test_unanswerable_queries_are_refused_or_counted(folder: Path) -> None:
    text = (folder / "pictures.csv").read_text().replace("-0-0-Player", "-x", 1).replace(",0,0,query", ",77,0,query", 1)
    (folder / "pictures.csv").write_text(text)
    done = run("features.npy", "--table", "pictures.csv")
    assert done.exit_code == 2
    assert "1 of 36 queries have no picture of the person in the gallery" in done.stderr
    assert done.stderr.count("\n") == 1
    skipped = run("features.npy", "--table", "pictures.csv", "--skip-unanswerable")
    assert skipped.exit_code == 0
    assert "warning: 1 of 36" in skipped.stderr
    assert scores("features.npy", "--table", "pictures.csv", "--skip-unanswerable")["unanswerable"] == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "FEATURES are missing"),
        (["nothing.npy"], "nothing.npy: no such file"),
        (["features.npy"], "give --table"),
        (["pictures.csv"], "features come as .npy"),
        (["features.npy", "--table", "features.npz"], ".parquet or .csv"),
        (["short.npy", "--table", "pictures.csv"], "short.npy: 5 features for the 156 rows of pictures.csv"),
        (["features.npz", "--rerank", "20"], "write it as 20,6,0.3"),
        (["features.npz", "--rerank", "20,6,7"], "lambda is from 0 to 1"),
        (["features.npz", "--rerank", "2.5,6,0.3"], "write it as 20,6,0.3"),
        (["features.npz", "--ranks", "0,1"], "ranks begin at 1"),
        (["features.npz", "--weights", "1,2"], "2 weights for 1"),
        (["features.npz", "--layout", "soccernet"], "--layout and --backend are for a folder"),
        (["features.npz", "--backend", "clip"], "--layout and --backend are for a folder"),
        (["features.npz", "--protocol", "veri"], "'market'"),
        (["features.npz", "--submission", "a.json"], "market has no submissions"),
        (["features.npz", "--protocol", "soccernet", "--submission", "no/a.json"], "no/a.json"),
        (["--validate", "features.npy", "--protocol", "soccernet"], "end in .json"),
        (["features.npz", "--validate", "a.json", "--protocol", "soccernet"], "needs no features"),
        (["cut.npz"], "cut.npz"),
        (["cut.npy"], "cut.npy"),
        (["words.npz"], "no array 'features'"),
        (["objects.npz"], "Python objects"),
        (["flat.npy"], "not (n, D)"),
        (["uneven.npz"], "beside"),
        (["."], "bounding_box_train"),
    ],
)
def test_mistakes_get_one_line_and_exit_code_2(args: list[str], says: str, folder: Path) -> None:
    features = np.load("features.npy")
    np.save("short.npy", features[:5])
    np.save("flat.npy", features[0])
    np.savez("words.npz", words=np.array(["a", "b"]))
    np.savez("objects.npz", features=np.array([None, 1], object))
    np.savez("uneven.npz", features=features, split=np.array(["query"]))
    for name in ("features.npz", "features.npy"):
        Path(name.replace("features", "cut")).write_bytes(Path(name).read_bytes()[:3000])
    done = run(*args)
    assert done.exit_code == 2, done.output
    error = done.stderr.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert says in error
    assert "Traceback" not in done.output


def test_features_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    rows = pa.table({"split": ["query", "gallery"], "pid": [1, 1], "embedding": [[1.0, 2.0], None]})
    pq.write_table(rows, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="1 rows without finite features"):
        read_features(tmp_path / "a.parquet")
