"""The Python side of the tests of extended JSON, by bson.json_util.

    python json_side.py make SEED N   N random documents, a line each:
                                      {"bson": base64, "json": json_util.dumps of it}
    python json_side.py read          for each line of JSON on stdin, the base64 of
                                      the BSON of what json_util.loads makes of it
"""
import base64, json, random, struct, sys, datetime
import bson
from bson import json_util, Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion

OPTIONS = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
JSON = json_util.RELAXED_JSON_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO, tz_aware=False)


def make(seed, n):
    rnd = random.Random(seed)
    chars = [*range(1, 128), 0x7F, 0x80, 0xE9, 0x2028, 0xFFFF, 0x1F600, 0x10FFFF, 0x65E5]

    def text():
        return "".join(chr(rnd.choice(chars)) for _ in range(rnd.choice([0, 1, 5, 20])))

    def number():
        kind = rnd.randrange(6)
        if kind == 0:
            return rnd.choice([0.0, -0.0, 1.0, 1e15, 1e16, 1e17, 1e22, 1e-4, 1e-5, 5e-324, float("nan"), float("inf"), float("-inf")])
        if kind == 1:
            return struct.unpack("<d", struct.pack("<Q", rnd.getrandbits(64)))[0]
        if kind == 2:
            return float(rnd.randint(-(10**18), 10**18))
        if kind == 3:
            return round(rnd.random() * 10 ** rnd.randint(-6, 6), rnd.randint(0, 8))
        if kind == 4:
            return rnd.randint(-(2**31), 2**31 - 1) >> rnd.randrange(31)
        n = rnd.randint(-(2**63), 2**63 - 1) >> rnd.randrange(32)
        return n if abs(n) > 2**31 else 7

    def value(depth):
        kind = rnd.randrange(4 if depth > 5 else 0, 20)
        if kind < 2:
            return document(depth + 1)
        if kind < 4:
            return [value(depth + 1) for _ in range(rnd.randrange(5))]
        if kind < 7:
            return text()
        if kind < 10:
            return number()
        return [
            lambda: None,
            lambda: rnd.random() < 0.5,
            lambda: ObjectId(rnd.randbytes(12)),
            lambda: bson.DatetimeMS(rnd.randint(-(2**62), 2**62) >> rnd.randrange(14, 62)),
            lambda: datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=rnd.randrange(253402300800000)),
            lambda: Binary(rnd.randbytes(rnd.choice([0, 1, 2, 3, 50])), rnd.choice([0, 0, 2, 5, 128])),
            lambda: Decimal128((rnd.randrange(2) << 63 | 0x3040000000000000 + (rnd.randrange(40) << 49), rnd.getrandbits(64))),
            lambda: Timestamp(rnd.getrandbits(32), rnd.getrandbits(32)),
            lambda: rnd.choice([MinKey(), MaxKey(), Regex(text(), "im"), Binary(rnd.randbytes(16), 4)]),
            lambda: Code(text(), document(depth + 1) if rnd.random() < 0.5 else None),
        ][kind - 10]()

    def document(depth):
        return {"k%d%s" % (i, text()): value(depth) for i in range(rnd.randrange(6))}

    for _ in range(n):
        raw = bson.encode(document(0))
        text_ = json_util.dumps(bson.decode(raw, OPTIONS), json_options=JSON)
        print(json.dumps({"bson": base64.b64encode(raw).decode(), "json": text_}))


def read():
    for line in sys.stdin:
        print(base64.b64encode(bson.encode(json_util.loads(line, json_options=JSON))).decode())


if sys.argv[1] == "make":
    make(int(sys.argv[2]), int(sys.argv[3]))
else:
    read()
