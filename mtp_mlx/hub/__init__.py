"""Where models come from: the catalogue of pairs, and names turned into local folders.

The catalogue is pure and may be imported by the window; only `resolve` ever reaches the network.
"""
