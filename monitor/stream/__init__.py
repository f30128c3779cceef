"""The stream: a node's edge log over HTTP, and how it is pulled.

wire        the names and bounds that both sides share
server      the endpoints, for a process that has an edge log
client      pulls from a node
pulled      what its answer means
connection  one connection; a pull ends in time, however slowly the other side drips
kept        the connections that stay open
"""
