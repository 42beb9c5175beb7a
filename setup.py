"""Which packages are built. All else is declared in pyproject.toml.

The folder `resources/` becomes the data of the package `mtp_mlx`. pyproject.toml can map a folder
to a package only where it lists every package by hand.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["mtp_mlx*", "app*"]), "mtp_mlx.resources"],
    package_dir={"mtp_mlx.resources": "resources"},
    package_data={"mtp_mlx.resources": ["**/*"]},
)
