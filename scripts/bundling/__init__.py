"""Assembles `MTP MLX.app`: unmodified wheels beside a relocatable Python, started by a stub in C.

`layout` names the places in a bundle, `assembly` fills them in order, `checks` reads the result.
Everything but signing and the disk image also runs on Linux.
"""
