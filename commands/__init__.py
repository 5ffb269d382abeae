"""What can be typed: a file for each theme, with the commands of that theme and the options that only they have.

A command parses, calls one function and prints: what it does is elsewhere, what it says in ``report/``. No other folder
imports this one. Everything but click is imported by the command that needs it, when it is run.
"""
