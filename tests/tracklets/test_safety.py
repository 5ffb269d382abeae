"""A file is data: what stands in it neither opens another file nor runs."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.read import read

ROWS = "1,1,100,200,40,90,0.9,-1,-1,-1\n2,1,101,201,40,90,0.9,-1,-1,-1\n"
WATCHER = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event in {"open", "os.open", "os.scandir",
    "os.listdir", "subprocess.Popen", "os.system", "socket.connect", "exec", "import"} and args else None)
from click.testing import CliRunner
from reid_solve.cli import main
for arguments in (["info", sys.argv[1], *sys.argv[3:]], ["solve", sys.argv[1], "-o", sys.argv[2], *sys.argv[3:]]):
    done = CliRunner().invoke(main, arguments)
    print(done.exit_code, done.output)
print("CANARY" if any("canary" in name for name in opened) else "clean", len(opened) > 100)
"""


@pytest.mark.parametrize("kind", ["seqinfo", "parquet", "text", "pickle", "json", "xml"])
def test_no_path_from_a_file_is_opened(kind: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    canary = tmp_path / "there" / "canary"
    canary.mkdir()
    for name in ("1.jpg", "canary.txt", "seqinfo.ini"):
        (canary / name).write_text("1,1,1,1,5,5\n")
    source, more = tmp_path / "tracks.txt", ["--allow-pickle"]
    source.write_text(ROWS)
    if kind == "seqinfo":
        facts = f"[Sequence]\nname={canary}\nimDir={canary}\nimExt=.jpg\nframeRate=25\nseqLength=3\nseqinfo={canary}\n"
        (tmp_path / "seqinfo.ini").write_text(facts)
    elif kind == "parquet":
        source = tmp_path / "tracks.parquet"
        table = pa.table({"frame": [1, 2], "track_id": [1, 1]} | {name: [9.0, 9.0] for name in "xywh"})
        table = table.append_column("image_path", pa.array([str(canary / "1.jpg")] * 2))
        held = {"source": str(canary / "canary.txt"), "video": str(canary), "embeddings": str(canary)}
        pq.write_table(table.replace_schema_metadata({b"reid_solve": json.dumps(held)}), source)
    elif kind == "text":
        source.write_text(f"frame,id,x,y,w,h,image,sequence\n1,1,1,1,5,5,{canary}/1.jpg,{canary}\n")
    elif kind == "pickle":
        source = tmp_path / "tracks.pkl"
        source.write_bytes(pickle.dumps({"players": [{1: {"bbox": [1, 1, 9, 9], "path": str(canary)}}]}))
    elif kind == "json":
        source = tmp_path / "tracks.json"
        info = {"name": "x", "im_dir": str(canary), "version": "1.3"}
        picture = {"image_id": "1", "file_name": str(canary / "1.jpg")}
        source.write_text(json.dumps({"info": info, "images": [picture], "annotations": [], "categories": []}))
    else:
        source = tmp_path / "tracks.xml"
        entity = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{canary}/canary.txt">]>'
        source.write_text(f'<?xml version="1.0"?>{entity}<annotations><version>&x;</version></annotations>')
    out = tmp_path / "out.parquet"
    done = subprocess.run(
        [sys.executable, "-c", WATCHER, str(source), str(out), *more], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "clean True", done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "mistake in reid-solve" not in done.stdout


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_needs_consent_and_calls_nothing(protocol: int, tmp_path: Path) -> None:
    frames = [{who: {"bbox": [1.0 * who, 1, 40, 90]} for who in (1, 2)} for _ in range(3)]
    plain = tmp_path / "plain.pkl"
    plain.write_bytes(pickle.dumps({"players": frames}, protocol))
    with pytest.raises(InputError, match="--allow-pickle"):
        read(plain)
    with pytest.raises(InputError, match="--allow-pickle"):
        read(plain, format="pickle")
    assert len(read(plain, allow_pickle=True)) == 6

    class Opens:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "opened-by-a-pickle"), "w")

    for name, content in (("calls.pkl", Opens()), ("inside.pkl", {"players": [{1: {"bbox": Opens()}}]})):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(content, protocol))
        for consent in (False, True):
            with pytest.raises(InputError, match=r"--allow-pickle|asks for .*open"):
                read(path, allow_pickle=consent)
    assert not (tmp_path / "opened-by-a-pickle").exists()
