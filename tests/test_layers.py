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
    "training": {"tracklets", "evaluation", "training"},
    "commands": {"tracklets", "solver", "evaluation", "report", "pipeline", "training", "commands"},
}
# Nothing but networks: they are imported by functions that are about to run one, never by what is imported eagerly.
NETWORKS = (
    "tracklets/embed/networks",
    *(f"training/{part}" for part in ("losses", "models", "loop", "self_supervised")),
)
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


def test_every_folder_has_a_place() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(ALLOWED)


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
            if not path.relative_to(ROOT).as_posix().startswith(NETWORKS):
                assert not [n for n, top in imports(path) if top and n.split(".")[0] in HEAVY], path


def of_networks() -> tuple[str, ...]:
    """Modules of those folders that import a heavy library at their top, by themselves or through each other."""
    tops = {}
    for path in [p for folder in NETWORKS for p in (ROOT / folder).rglob("*.py")]:
        name = ".".join(("reid_solve", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        tops[name] = [imported for imported, top in imports(path) if top]
    found = {name for name, tops_ in tops.items() if {n.split(".")[0] for n in tops_} & HEAVY}
    while more := {n for n, of in tops.items() if any(f"{i}.".startswith(f"{h}.") for i in of for h in found)} - found:
        found |= more
    return tuple(sorted(found))


def test_what_is_imported_eagerly_imports_no_networks() -> None:
    """A network's module begins with `import torch`: others import it in the function that needs it."""
    heavy = of_networks()
    assert {"reid_solve.tracklets.embed.networks", "reid_solve.training.loop.session"} <= set(heavy)
    for path in [p for layer in ALLOWED for p in (ROOT / layer).rglob("*.py")] + [ROOT / "cli.py"]:
        if not path.relative_to(ROOT).as_posix().startswith(NETWORKS):
            tops = [n for n, top in imports(path) if top]
            assert not [n for n in tops if any(f"{n}.".startswith(f"{h}.") for h in heavy)], path


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
