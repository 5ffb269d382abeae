"""What is done with networks once they are trained.

What may live here: one file an idea that makes one network of several, or of another.
"""
