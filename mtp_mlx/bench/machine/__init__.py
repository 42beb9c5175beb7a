"""What machine a benchmark ran on and in what state: power, heat, load.

A fact the system does not tell is None, "not measured"; asking never fails and never waits long.
Nothing that names a person or one machine is kept: no host names, no serial numbers.
"""
