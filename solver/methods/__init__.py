"""One file a method. A method takes a Graph and returns a Solution; all are interchangeable and deterministic."""
