"""One small example of every layout that is read, as its tool writes it: the name of the reader -> what makes it.

``@example("name")`` on a function from an empty folder to the path to read. The first word of the name is the reader
that has to take it; what follows a space tells examples of one reader apart ("mot norfair"). A file of examples is
imported here.
"""

from tests.tracklets.formats.examples import binary, folders, nested, text
from tests.tracklets.formats.examples.nested import summaries
from tests.tracklets.formats.examples.people import EXAMPLES, ROWS, SIZE, corners, lines, people, reader_of

__all__ = [
    "EXAMPLES", "ROWS", "SIZE", "binary", "corners", "folders", "lines", "nested", "people", "reader_of", "summaries",
    "text",
]  # fmt: skip
