"""One file a cue: log-odds per candidate pair, learnt from the tracklets alone. A cue never sees which method uses it.

To add one: a file with a function under ``@cue("name")``, and its import below; the order here is the columns' order.
"""

from reid_solve.solver.cues import motion as motion  # isort: skip
from reid_solve.solver.cues import time as time  # isort: skip
from reid_solve.solver.cues import edge as edge  # isort: skip
from reid_solve.solver.cues import size as size  # isort: skip
from reid_solve.solver.cues import appearance as appearance  # isort: skip
from reid_solve.solver.cues import team as team  # isort: skip
from reid_solve.solver.cues import jersey as jersey  # isort: skip
from reid_solve.solver.cues.registry import CUES as CUES
