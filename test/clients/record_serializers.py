"""Writes test/fixtures/sagemaker-sdk.jsonl: what the SageMaker Python SDK's serializers (version 2) really send.

Run by hand where `sagemaker`, `scipy` and `pandas` are installed: python3 test/clients/record_serializers.py
A line holds the serializer, its content type, the bytes in Base64, and the rows that went in, null = missing.
"""

import base64
import io
import json
import math
import pathlib

import numpy as np
import pandas as pd
import sagemaker
from sagemaker import serializers
from sagemaker.amazon.common import RecordSerializer
from scipy import sparse

FIXTURE = pathlib.Path(__file__).parent.parent / "fixtures" / "sagemaker-sdk.jsonl"

ROWS = [[1, 2, 3], [4, 5.5, 6]]
INTEGERS = [[1, 2, 3], [4, 5, -6]]
MISSING = [[1.0, math.nan, 3.0], [1e-07, 5.5, 1e20]]
TEXTS = [[1, 'a,b', 3.5], [2, 'c"d', None]]
DOUBLES = np.array(ROWS)

csv = serializers.CSVSerializer()
json_ = serializers.JSONSerializer()
lines = serializers.JSONLinesSerializer()
npy = serializers.NumpySerializer()
libsvm = serializers.LibSVMSerializer()

CASES = [
    ("CSV of an array of doubles", csv, DOUBLES, ROWS),
    ("CSV of an array of integers", csv, np.array(INTEGERS), INTEGERS),
    ("CSV of a list", csv, ROWS, ROWS),
    ("CSV of one row", csv, ROWS[1], [ROWS[1]]),
    ("CSV of an array of one row", csv, DOUBLES[1], [ROWS[1]]),
    ("CSV of a DataFrame", csv, pd.DataFrame(DOUBLES), ROWS),
    ("CSV of a DataFrame with missing values", csv, pd.DataFrame(MISSING), MISSING),
    ("CSV of an array with NaN", csv, np.array(MISSING), MISSING),
    ("CSV of an array with an infinity", csv, np.array([[1, math.inf, 3]]), None),
    ("CSV of texts and None", csv, TEXTS, TEXTS),
    ("CSV of a file's text", csv, io.StringIO("1,2,3\r\n4,5.5,6\r\n"), ROWS),
    ("CSV of three dimensions", csv, np.arange(3.0).reshape(1, 3, 1), [[0, 1, 2]]),
    ("JSON of an array", json_, DOUBLES, ROWS),
    ("JSON of a list", json_, ROWS, ROWS),
    ("JSON of one row", json_, ROWS[1], [ROWS[1]]),
    ("JSON of instances", json_, {"instances": DOUBLES}, ROWS),
    ("JSON of features", json_, {"instances": [{"features": row} for row in ROWS]}, ROWS),
    ("JSON of an array with NaN", json_, np.array(MISSING), MISSING),
    ("JSON of an array with an infinity", json_, np.array([[1, -math.inf, 3]]), None),
    ("JSON Lines of lists", lines, ROWS, ROWS),
    ("JSON Lines of features", lines, [{"features": row} for row in ROWS], ROWS),
    ("JSON Lines of a dict's keys", lines, {"features": ROWS[0]}, None),
    ("npy of doubles", npy, DOUBLES, ROWS),
    ("npy of singles", npy, DOUBLES.astype("float32"), ROWS),
    ("npy of integers", npy, np.array(INTEGERS), INTEGERS),
    ("npy of a list of integers", npy, INTEGERS, INTEGERS),
    ("npy of one row", npy, DOUBLES[1], [ROWS[1]]),
    ("npy in Fortran's order", npy, np.asfortranarray(DOUBLES), ROWS),
    ("npy with NaN", npy, np.array(MISSING), MISSING),
    ("npy of a DataFrame", npy, pd.DataFrame(DOUBLES), ROWS),
    ("npy of texts, which is a pickle", npy, np.array(TEXTS, dtype=object), None),
    ("npz of a sparse matrix", serializers.SparseMatrixSerializer(), sparse.csr_matrix(ROWS), None),
    ("LIBSVM of text", libsvm, "1 1:1 2:2 3:3\n0 1:4 2:5.5 3:6\n", ROWS),
    ("records of doubles", RecordSerializer(), DOUBLES, ROWS),
    ("records of singles", RecordSerializer(), DOUBLES.astype("float32"), ROWS),
    ("records of integers", RecordSerializer(), np.array(INTEGERS), INTEGERS),
    ("raw bytes", serializers.IdentitySerializer(), b"1,2,3", None),
    ("plain text", serializers.StringSerializer(), "1,2,3", None),
]


def write_cell(cell):
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def record(name, serializer, data, rows):
    sent = serializer.serialize(data)
    if hasattr(sent, "read"):
        sent = sent.read()
    if isinstance(sent, str):
        sent = sent.encode()
    return {
        "name": name,
        "serializer": type(serializer).__name__,
        "content_type": serializer.CONTENT_TYPE,
        "body": base64.b64encode(sent).decode(),
        "rows": rows and [[write_cell(cell) for cell in row] for row in rows],
    }


records = [{"sagemaker": sagemaker.__version__, "numpy": np.__version__, "pandas": pd.__version__}]
records += [record(*case) for case in CASES]
FIXTURE.write_text("".join(json.dumps(one) + "\n" for one in records))
