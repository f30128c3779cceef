"""`weir doctor store`: whether the store works, found out by trying, and what will go wrong later.

doctor       all of it in order: what each store tells, and a real write and read
embedded     the directory, its files, the room on its disk
influx       version, credentials, clock, retention, number of series
victoria     of each process: version, clock, deduplication, retention, dropped rows
promql       whether it answers, and has what collectors show
clock        a store's clock beside ours
"""
