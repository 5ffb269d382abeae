"""Files as such: where they are, what stands beside them, and the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.read import read


def text() -> str:
    """Three players in ten frames, as MOT text."""
    return "".join(f"{f},{i},{100 + 10 * i + f},{50 + 5 * i},40,90\n" for f in range(1, 11) for i in range(1, 4))


def test_seqinfo_beside_the_file_and_one_folder_up(tmp_path: Path) -> None:
    info = "[Sequence]\nname=a\nframeRate=25\nseqLength=9\nimWidth=1920\nimHeight=1080\n"
    (tmp_path / "seqinfo.ini").write_text(info)
    for folder in (tmp_path, tmp_path / "gt"):
        folder.mkdir(exist_ok=True)
        path = folder / "gt.txt"
        path.write_text(text())
        tracks = read(path, fps=50)
        assert (tracks.clip.fps, tracks.clip.width, tracks.clip.length) == (50, 1920, 9)
        assert tracks.clip.origins == {
            "fps": "option",
            "width": "seqinfo.ini",
            "height": "seqinfo.ini",
            "length": "seqinfo.ini",
        }
        (note,) = tracks.notes
        assert note.code == "beyond-length"
        assert "frame 10" in note.text
        assert "9 frames" in note.text
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nframeRate=fast\n")
    assert [note.code for note in read(tmp_path / "gt.txt").notes] == ["seqinfo"]


def test_no_file_no_folder_no_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none.txt")
    with pytest.raises(InputError, match="a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="null byte"):
        read("a\0b")
    (tmp_path / "a.txt").write_text(text())
    with pytest.raises(OptionError, match=r"one of: auto, .*csv, .*mot, .*parquet"):
        read(tmp_path / "a.txt", format="mott")
    with pytest.raises(OptionError, match="'pandas' is for objects"):
        read(tmp_path / "a.txt", format="pandas")
    with pytest.raises(OptionError, match="'mot' is for files"):
        read([], format="mot")
    with pytest.raises(OptionError, match="--classes"):
        read(tmp_path / "a.txt", classes=["person"])
    for wrong in (3, None, [1, 2], {"frame": [1]}, object()):
        with pytest.raises(InputError, match="accepted: a path"):
            read(wrong)


def test_csv_named_parquet_is_read_when_told(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    path.write_text("frame,id,x,y,w,h,number,ok,day\n1,1,111,55,40,90,007,true,2024-01-02\n")
    tracks = read(path, format="csv")
    assert tracks.source.slice(0, 1).to_pylist()[0]["number"] == "007"
    assert tracks.source["ok"][0].as_py() == "true"
    assert tracks.source["day"][0].as_py() == "2024-01-02"


def test_real_outputs_raise_no_alarm() -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / "soccernet-dev"
    if not folder.is_dir():
        pytest.skip("needs the SoccerNet clips in ../shared/data, which are not part of the project")
    files = sorted(folder.glob("*/*.txt"))
    assert len(files) == 80
    for file in files:
        tracks = read(file, strict=True)
        codes = {note.code for note in tracks.notes}
        assert codes <= ({"split-candidate"} if file.name == "gt.txt" else {"float-ids", "unknown-score"}), file
        assert tracks.clip.fps == 25
        first = [float(cell) for cell in file.read_text().split("\n", 1)[0].split(",")[2:6]]
        assert tracks.boxes[0].tolist() == first


def test_shared_bad_inputs_never_end_in_another_error() -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / "bad-input"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/bad-input, which is not part of the project")
    read_well = 0
    for file in sorted(folder.iterdir()):
        try:
            read_well += len(read(file)) >= 0
        except InputError as error:
            assert str(error).startswith(str(file))  # noqa: PT017
    assert read_well == 44
