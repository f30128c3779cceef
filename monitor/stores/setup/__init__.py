"""`weir init-store`: what a store needs before the first sample, made once and only when asked.

config       its options
secrets      credentials made at a first start, kept in files
open         which of the following it is
embedded     the directory
influx1      database and retention policy; users with --bootstrap
influx2      bucket and InfluxQL mapping; onboarding and a token with --bootstrap
influx3      database; the administrator's token with --bootstrap
init         all of it in order, and a trial by a real write and a real read
"""
