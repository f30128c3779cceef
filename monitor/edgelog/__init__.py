"""The edge log: a node's own samples, on its disk, until every store that wants them has them.

Open the folder and you see the parts:

    frame      how one record stands in a file: header, checksums, payload
    segment    one file of frames: appended at its end, dropped as a whole
    segments   all of them in order, and the sequence number that comes next
    reader     whole records after a cursor, never more than asked for
    backward   records from the newest back
    cursor     EPOCH.RUN:SEQUENCE, a place in one log
    runs       who has given which cursors: a log that was put back from a copy gives others
    consumers  who has acknowledged what, durably
    gap        what a consumer is told in the place of records that had to go
    patience   how long is waited for a disk that does not read
    losses     what was lost: counted, and said
    directory  the files around the segments: lock, epoch
    keeper     appending within the bounds
    log        EdgeLog: all of it together

and for who only looks at a directory, while a collector goes on or at a copy:

    onlooker   what lies there, nothing locked or changed
    inspect    what it holds, and how long that will last
    verify     every record, its checksums and its lines
    export     its lines for other programs

Files of a log directory:

    lock                          held (flock) by the one process that writes
    epoch                         random hex, made with the log
    runs                          RUN SEQUENCE: each opening, and the number that came next then
    segments/0000…0001.log        frames; the name is the first sequence number
    consumers/NAME                EPOCH:SEQUENCE, the last record that NAME acknowledged, and crc32
"""

from monitor.edgelog.backward import Past, Span
from monitor.edgelog.cursor import Cursor
from monitor.edgelog.directory import LogError
from monitor.edgelog.keeper import Limits
from monitor.edgelog.log import SMALL_LINES_BYTES, EdgeLog, LogStats, steady_ns
from monitor.edgelog.reader import Batch

__all__ = [
    "SMALL_LINES_BYTES",
    "Batch",
    "Cursor",
    "EdgeLog",
    "Limits",
    "LogError",
    "LogStats",
    "Past",
    "Span",
    "steady_ns",
]
