"""Which files of wheels and of Python come into a bundle."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from bundling.trimming import needed_of_python, needed_of_wheel

QT = "PySide6/Qt"


@pytest.mark.parametrize(
    "path",
    [
        "mlx/lib/mlx.metallib",
        "mlx/core.cpython-312-darwin.so",
        "mlx_lm/models/gemma4_text.py",
        "numpy/_core/tests.py",
        "numpy-2.4.6.dist-info/licenses/numpy/random/LICENSE.md",
        "typing_extensions.py",
        "mtp_mlx/resources/demo_pair/target/model.safetensors",
        "PySide6/__init__.py",
        "PySide6/support/deprecated.py",
        "PySide6/QtCore.abi3.so",
        "PySide6/QtOpenGLWidgets.abi3.so",
        "PySide6/libpyside6.abi3.6.11.dylib",
        "PySide6/libpyside6.abi3.so.6.11",
        f"{QT}/lib/QtCore.framework/Versions/A/QtCore",
        f"{QT}/lib/QtDBus.framework/Versions/A/Resources/Info.plist",
        f"{QT}/lib/libQt6XcbQpa.so.6",
        f"{QT}/lib/libicudata.so.73",
        f"{QT}/plugins/platforms/libqcocoa.dylib",
        f"{QT}/plugins/platforms/libqxcb.so",
        f"{QT}/plugins/imageformats/libqsvg.dylib",
        f"{QT}/plugins/platforminputcontexts/libcomposeplatforminputcontextplugin.so",
        f"{QT}/plugins/xcbglintegrations/libqxcb-glx-integration.so",
    ],
)
def test_these_are_needed(path: str) -> None:
    assert needed_of_wheel(PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    [
        "mlx/include/mlx/array.h",
        "mlx/share/cmake/MLX/MLXConfig.cmake",
        "numpy/_core/tests/test_array.py",
        "numpy/f2py/crackfortran.py",
        "pyqtgraph/examples/Plotting.py",
        "typst/__init__.pyi",
        "click-8.5.1.dist-info/RECORD",
        "PySide6/QtNetwork.abi3.so",
        "PySide6/QtCore.pyi",
        "PySide6/libpyside6qml.abi3.6.11.dylib",
        "PySide6/Designer.app/Contents/MacOS/Designer",
        "PySide6/support/generate_pyi.py",
        f"{QT}/lib/QtQuick.framework/Versions/A/QtQuick",
        f"{QT}/lib/QtCore.framework/Versions/A/Headers/qobject.h",
        f"{QT}/lib/libQt6Quick.so.6",
        f"{QT}/plugins/imageformats/libqpdf.dylib",
        f"{QT}/plugins/sqldrivers/libqsqlite.dylib",
        f"{QT}/qml/QtQuick/qmldir",
        f"{QT}/translations/qt_de.qm",
        f"{QT}/libexec/rcc",
    ],
)
def test_these_are_left_out(path: str) -> None:
    assert not needed_of_wheel(PurePosixPath(path))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bin/python3.12", True),
        ("bin/python3", True),
        ("bin/pip3", False),
        ("bin/python3.12-config", False),
        ("lib/libpython3.12.dylib", True),
        ("lib/libpython3.12.so.1.0", True),
        ("lib/libpython3.12.a", False),
        ("lib/libtcl9.0.dylib", False),
        ("lib/tcl9.0/init.tcl", False),
        ("lib/python3.12/os.py", True),
        ("lib/python3.12/LICENSE.txt", True),
        ("lib/python3.12/lib-dynload/_ssl.cpython-312-darwin.so", True),
        ("lib/python3.12/lib-dynload/_tkinter.cpython-312-darwin.so", False),
        ("lib/python3.12/lib-dynload/_testcapi.cpython-312-darwin.so", False),
        ("lib/python3.12/test/support/__init__.py", False),
        ("lib/python3.12/unittest/mock.py", True),
        ("lib/python3.12/site-packages/pip/__init__.py", False),
        ("lib/python3.12/config-3.12-darwin/Makefile", False),
        ("lib/python3.12/json/__pycache__/decoder.cpython-312.pyc", False),
        ("include/python3.12/Python.h", False),
        ("share/man/man1/python3.1", False),
    ],
)
def test_python_comes_without_what_nobody_runs(path: str, expected: bool) -> None:
    assert needed_of_python(PurePosixPath(path)) is expected
