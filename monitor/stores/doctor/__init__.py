"""`weir doctor store`: whether the store works, found out by trying, and what will go wrong later.

doctor       all of it in order: what each store tells, and a real write and read
embedded     the directory, its files, the room on its disk
influx       version, credentials, clock, retention, number of series
"""
