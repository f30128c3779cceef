"""Which nodes there are: named on the command line, in files, by an HTTP server, in DNS.

config     the settings
source     what a source of addresses is, and what it gives
groups     Prometheus' target groups: what files and servers say
files      file_sd: files, read again when they change
server     http_sd: a server that is asked again and again
names      DNS: addresses of a name, or its SRV records
address    what may be the address of a collector
admission  which of the addresses that were named are pulled here
shard      this aggregator's part of the nodes
watch      Discovery: asks the sources, and tells the roster
"""
