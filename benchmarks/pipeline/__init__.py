"""What the benchmark of the aggregator consists of.

usage     CPU time and memory of a process, from /proc
store     a real store, a process of its own
loader    the store alone: the same records, written by nothing but threads
weir      `weir aggregator` between simulated nodes and the store
vmagent   vmagent on the same nodes, scraping the same samples into the same store
row       what was seen, as a line of a table
"""
