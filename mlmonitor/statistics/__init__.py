"""Pure functions on counts and arrays: they know no database, and never answer NaN.

Every docstring says the formula, the units, the shapes, what is refused, and where it is from.
"""
