"""Models on this disk: names turned into folders, and the content of the download cache.

Only `connection` reaches the network.
"""
