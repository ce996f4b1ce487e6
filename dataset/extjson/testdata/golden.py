"""Writes golden.jsonl: what bson.json_util makes of some documents.

Run with a Python that has pymongo 4:

    python golden.py > golden.jsonl

Each line is {"bson": base64 of the document, "json": json_util.dumps of it in
relaxed mode}. The documents avoid what extjson spells differently on purpose:
small int64, symbols, DBPointers, undefined, keys that occur twice.
"""
import base64, datetime, json, math, random, struct, uuid
import bson
from bson import json_util, Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp, DBRef
from bson.codec_options import CodecOptions, DatetimeConversion

rnd = random.Random(7)
OPTIONS = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO, tz_aware=False)


def emit(doc):
    raw = bson.encode(doc)
    text = json_util.dumps(bson.decode(raw, OPTIONS), json_options=json_util.RELAXED_JSON_OPTIONS)
    print(json.dumps({"bson": base64.b64encode(raw).decode(), "json": text}))


floats = [0.0, -0.0, 1.0, -1.5, 1e15, 1e16, 1e17, 123456789012345680.0, 9999999999999998.0, 1e22, 1e21, 1e-4, 1e-5,
          0.00012345, 9.999e-05, 1e-07, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 2.5e-10, 1e100, 1.5e300,
          math.nan, math.inf, -math.inf]
emit({"f": floats})
emit({"f": [struct.unpack("<d", struct.pack("<Q", rnd.getrandbits(64)))[0] for _ in range(300)]})
emit({"f": [rnd.random() * 10 ** rnd.randint(-8, 25) for _ in range(300)]})
emit({"i": [0, -1, 2**31 - 1, -(2**31), Int64(2**31), Int64(-(2**31) - 1), Int64(2**63 - 1), Int64(-(2**63))]})
emit({"s": ["", "a", "é", "\u2028", "\uffff", "😀", "\x00\x01\x1f\x7f\x80", '"\\/\b\f\n\r\t', "<&>", "e\u0301", "/data/Zürich/日本.png"]})
emit({"é\n": 1, "": 2, "a.b": 3, "$x": 4, "😀": {"": {}}})
emit({"d": [datetime.datetime(1970, 1, 1), datetime.datetime(2020, 1, 2, 3, 4, 5, 678000), datetime.datetime(2020, 1, 2, 3, 4, 5),
            datetime.datetime(1969, 12, 31, 23, 59, 59, 999000), datetime.datetime(9999, 12, 31, 23, 59, 59, 999000),
            datetime.datetime(1, 1, 1), datetime.datetime(2000, 2, 29, 0, 0, 0, 1000), bson.DatetimeMS(253402300800000),
            bson.DatetimeMS(-(2**62)), bson.DatetimeMS(2**62)]})
emit({"b": [Binary(b"", 0), Binary(b"\x00\xff", 0), Binary(b"abc", 2), Binary(b"x" * 16, 3),
            Binary.from_uuid(uuid.UUID(int=5)), Binary(b"q", 128), Binary(b"hash", 5)]})
emit({"o": ObjectId("65a000000000000000000001"), "t": [True, False, None], "a": [], "e": {}, "aa": [[], [[1]], {"x": [{}]}]})
emit({"dec": [Decimal128(s) for s in ["0", "-0", "1.10", "1E+3", "1E-7", "NaN", "Infinity", "-Infinity", "9.999999999999999999999999999999999E+6144", "0E-6176"]]})
emit({"ts": [Timestamp(0, 0), Timestamp(2**32 - 1, 2**32 - 1), Timestamp(5, 7)], "min": MinKey(), "max": MaxKey()})
emit({"c": [Code("f()"), Code("f(x)", {"x": 1, "y": {"$oid": "no"}})], "re": [Regex("^a/b\\.", "imsux"), Regex("é")]})
emit({"ref": DBRef("c", ObjectId("65a000000000000000000001")), "ref2": DBRef("c", 5, "db")})
