"""The stream: a node's edge log over HTTP, and how it is pulled.

wire      the names and bounds that both sides share
server    the endpoints, for a process that has an edge log
client    pulls from a node
deadline  ends a pull that takes too long, however slowly the other side drips
"""
