"""Data flows one way, and heavy things wait until they are needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "tracklets": {"tracklets"},
    "solver": {"tracklets", "solver"},
    "evaluation": {"tracklets", "solver", "evaluation"},
    "report": {"tracklets", "solver", "evaluation", "report"},
    "pipeline": {"tracklets", "solver", "evaluation", "report", "pipeline"},
}
HEAVY = {
    "torch",
    "torchvision",
    "open_clip",
    "ultralytics",
    "supervision",
    "ray",
    "bokeh",
    "matplotlib",
    "cv2",
    "av",
    "onnxruntime",
    "timm",
    "sklearn",
}


def imports(path: Path) -> list[tuple[str, bool]]:
    """Imported modules, and whether at the file's top level (where importing the file pays for them)."""
    tree = ast.parse(path.read_text())
    checked = {id(n) for top in tree.body if isinstance(top, ast.If) for n in ast.walk(top)}  # if TYPE_CHECKING:
    out = []
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{a.name}" for a in node.names]
        out += [(name, node in tree.body and id(node) not in checked) for name in names]
    return out


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_a_layer_imports_only_what_is_before_it(layer: str) -> None:
    files = list((ROOT / layer).rglob("*.py"))
    assert files
    for path in files:
        for name, _ in imports(path):
            if name.startswith("reid_solve."):
                assert name.split(".")[1] in ALLOWED[layer], f"{path}: imports {name}"


def test_cues_never_see_the_methods() -> None:
    for path in (ROOT / "solver" / "cues").glob("*.py"):
        assert not [n for n, _ in imports(path) if "solver.methods" in n or "solver.solution" in n], path


def test_heavy_libraries_are_imported_inside_functions() -> None:
    for layer in ALLOWED:
        for path in (ROOT / layer).rglob("*.py"):
            assert not [n for n, top in imports(path) if top and n.split(".")[0] in HEAVY], path


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, reid_solve.cli; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "reid_solve" in out
    assert not {"numpy", "scipy", "pyarrow", "pandas", "rich", "numba", *HEAVY} & set(out)


def test_solving_a_small_clip_never_starts_a_compiler_or_pandas(tmp_path: Path) -> None:
    clip = ROOT / "fixtures" / "derby" / "tracks.parquet"
    target = tmp_path / "o.parquet"
    code = f"import sys, reid_solve as rs; rs.solve({str(clip)!r}).write({str(target)!r}); print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "pandas", "networkx", "hdbscan", "sklearn"} & set(out)


def test_most_files_are_short() -> None:
    files = [p for layer in ALLOWED for p in (ROOT / layer).rglob("*.py")] + [ROOT / "cli.py"]
    long = [p for p in files if len(p.read_text().splitlines()) > 250]
    assert len(long) <= len(files) // 20, long
