"""Writes the Parquet files that the tests read, and what they hold as JSON.

Run with pyarrow and pandas installed: python make.py
"""
import datetime as dt
import decimal
import json
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

D = decimal.Decimal
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1)


def micros(t):
    return (t - EPOCH) // dt.timedelta(microseconds=1)


times = [dt.datetime(2024, 2, 29, 12, 34, 56, 789000), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999000)]
clock = [dt.time(0, 0, 0), None, dt.time(23, 59, 59, 250000)]
words = ["north", None, "süd"]

# name -> (arrow array, kind, expected values)
columns = {
    "int8": (pa.array([-128, None, 127], pa.int8()), "int64", [-128, None, 127]),
    "int16": (pa.array([-300, None, 300], pa.int16()), "int64", [-300, None, 300]),
    "int32": (pa.array([-(2**31), None, 2**31 - 1], pa.int32()), "int64", [-(2**31), None, 2**31 - 1]),
    "uint8": (pa.array([0, None, 255], pa.uint8()), "int64", [0, None, 255]),
    "uint32": (pa.array([0, None, 2**32 - 1], pa.uint32()), "int64", [0, None, 2**32 - 1]),
    "uint64": (pa.array([0, None, 2**63 - 1], pa.uint64()), "int64", [0, None, 2**63 - 1]),
    "float16": (pa.array([0.5, None, -2.0**-24], pa.float16()), "float64", [0.5, None, -2.0**-24]),
    "float32": (pa.array([1.5, None, -0.1], pa.float32()), "float64", [1.5, None, -0.10000000149011612]),
    "nan": (pa.array([1.0, float("nan"), None], pa.float64()), "float64", [1.0, None, None]),
    "bool": (pa.array([True, None, False]), "bool", [True, None, False]),
    "date": (pa.array([dt.date(2024, 2, 29), None, dt.date(1900, 1, 1)]), "time",
             [micros(dt.datetime(2024, 2, 29)), None, micros(dt.datetime(1900, 1, 1))]),
    "ms": (pa.array(times, pa.timestamp("ms")), "time", [t and micros(t) for t in times]),
    "us": (pa.array(times, pa.timestamp("us", "UTC")), "time", [t and micros(t) for t in times]),
    "ns": (pa.array([1, None, -1], pa.timestamp("ns")), "time", [0, None, -1]),
    "clock_ms": (pa.array(clock, pa.time32("ms")), "string", ["00:00:00", None, "23:59:59.25"]),
    "clock_us": (pa.array(clock, pa.time64("us")), "string", ["00:00:00", None, "23:59:59.25"]),
    "decimal_small": (pa.array([D("1.25"), None, D("-0.01")], pa.decimal128(5, 2)), "float64", [1.25, None, -0.01]),
    "decimal_large": (pa.array([D("12345678901234567890.123"), None, D("-0.001")], pa.decimal128(30, 3)), "float64",
                      [12345678901234567890.123, None, -0.001]),
    "string": (pa.array(words), "string", words),
    "dictionary": (pa.array(words).dictionary_encode(), "string", words),
    "binary_text": (pa.array([w and w.encode() for w in words]), "string", words),
    "uuid": (pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(int=1).bytes, None, uuid.UUID(int=2**128 - 1).bytes], pa.binary(16))),
             "string", [str(uuid.UUID(int=1)), None, str(uuid.UUID(int=2**128 - 1))]),
    "null": (pa.nulls(3), "float64", [None, None, None]),
}

table = pa.table({k: v[0] for k, v in columns.items()})
expected = [{"name": k, "type": v[1], "values": v[2]} for k, v in columns.items()]
with open("expected.json", "w") as f:
    json.dump(expected, f, indent=1, ensure_ascii=False)

pq.write_table(table, "snappy_v1.parquet", compression="snappy")
pq.write_table(table, "zstd_v2.parquet", compression="zstd", data_page_version="2.0", version="2.6")
pq.write_table(table, "gzip_plain.parquet", compression="gzip", use_dictionary=False)
pq.write_table(table, "brotli.parquet", compression="brotli")
pq.write_table(table, "lz4_groups.parquet", compression="lz4", row_group_size=1)
pq.write_table(table, "decimal_as_integer.parquet", store_decimal_as_integer=True)

int96 = pa.table({"t": pa.array(times, pa.timestamp("us"))})
pq.write_table(int96, "int96.parquet", use_deprecated_int96_timestamps=True)

many = pa.table({"i": pa.array(range(1000)), "s": pa.array([f"value {i}" for i in range(1000)]),
                 "f": pa.array([i / 8 for i in range(1000)])})
pq.write_table(many, "delta.parquet", use_dictionary=False, compression="none",
               column_encoding={"i": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "f": "BYTE_STREAM_SPLIT"})

pq.write_table(pa.table({"id": [1], "tags": [["a", "b"]]}), "nested_list.parquet")
pq.write_table(pa.table({"id": [1], "at": [{"x": 1, "y": 2}]}), "nested_struct.parquet")
pq.write_table(pa.table({"raw": pa.array([b"\xff\xfe"])}), "binary.parquet")
pq.write_table(pa.table({"big": pa.array([2**64 - 1], pa.uint64())}), "uint64_overflow.parquet")
pq.write_table(pa.table({"a": pa.array([], pa.int64())}), "no_rows.parquet")
