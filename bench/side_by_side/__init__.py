"""The side-by-side runs: corelane, its peers and the floor under the same load. bench/run is the
command.
"""
