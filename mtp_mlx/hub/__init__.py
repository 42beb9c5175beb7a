"""Models on this disk: names turned into folders, and the content of the download cache.

Only `resolve` reaches the network.
"""
