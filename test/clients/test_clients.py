"""Real clients against a running server of the model bin3, at SHAPSERVE_URL: `node test/clients/run.mjs` starts both.

Whatever a client sends its rows as, the answer must hold the same numbers as the plain JSON that `SCORES` came from.
"""

import contextlib
import importlib
import io
import json
import logging
import math
import os
import sys
import threading
import traceback
import types
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import numpy as np
import pandas as pd

URL = os.environ["SHAPSERVE_URL"]
COLUMNS = ["f1", "f2", "f3"]
ROWS = [
    [1.5, -2.25, 3.0],
    [0.1, 3.9, 0.001],
    [0.0, 0.0, 1.125],
    [-1.0, 3.0, 0.30000000000000004],
    [1e-7, 0.0, -2.0],
]
WHOLE_ROWS = [[1, -2, 3], [0, 3, 0], [-4, 0, 2]]
#: The second column was missing in some rows of the training.
GAPS = [[1.5, None, 3.0], [0.1, 3.9, 0.001]]
EXACT, SINGLE = 1e-9, 1e-6

CASES = []


class Skipped(Exception):
    """A case that cannot be run here, and why."""


def case(*packages):
    """Registers a function as a case that needs these packages; they are its arguments."""

    def register(function):
        CASES.append((function.__name__, packages, function))
        return function

    return register


def load(name):
    """Returns a module, or skips the case that asked for it."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise Skipped(f"no {name.split('.')[0]}") from error


# What every case uses.


def ask(path, body=None, **headers):
    """Returns status, headers and body of a plain request; names of headers have _ for -."""
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(URL + path, data, named)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def ask_json(path, value=None):
    """Returns the JSON that JSON is answered with."""
    body = None if value is None else json.dumps(value)
    status, _, answer = ask(path, body, content_type="application/json")
    assert status == 200, f"{path}: {status} {answer[:300]!r}"
    return json.loads(answer)


def score(rows):
    """Returns the probabilities of class 1 as plain JSON gives them."""
    answer = ask_json("/invocations", {"instances": rows})
    return [prediction["score"] for prediction in answer["predictions"]]


def label(rows):
    return [int(value > 0.5) for value in score(rows)]


def same(found, expected, tolerance=EXACT):
    found = [float(value) for value in found]
    assert len(found) == len(expected), f"{len(found)} rows, expected {len(expected)}"
    for row, (one, other) in enumerate(zip(found, expected), 1):
        assert abs(one - other) <= tolerance, f"row {row}: {one!r}, expected {other!r}"


class Proxy(BaseHTTPRequestHandler):
    """SageMaker in front of a container: the path and what becomes of errors differ, headers pass."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        passed = ("content-type", "accept", "x-amzn-sagemaker-")
        sent = {k.lower(): v for k, v in self.headers.items() if k.lower().startswith(passed)}
        sent.pop("accept-encoding", None)
        assert self.path == "/endpoints/bin3/invocations", self.path
        status, headers, answer = ask("/invocations", body, **sent)
        kept = {k: v for k, v in headers.items() if k.lower().startswith(passed)}
        if status >= 300:
            text = answer.decode()
            message = f'Received client error ({status}) from primary with message "{text}"'
            error = {"Message": message, "OriginalStatusCode": status, "OriginalMessage": text}
            status, answer = 424, json.dumps(error).encode()
            kept = {"content-type": "application/json", "x-amzn-errortype": "ModelError"}
        self.send_response(status)
        for name, value in {**kept, "content-length": len(answer)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def runtime(port):
    """Returns boto3's client of the proxy."""
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )


def invoke(body, content_type, accept=None, **more):
    """Returns what boto3 returns, with the body read."""
    given = {} if accept is None else {"Accept": accept}
    answer = CLIENT.invoke_endpoint(
        EndpointName="bin3", Body=body, ContentType=content_type, **given, **more
    )
    return {**answer, "Body": answer["Body"].read()}


@contextlib.contextmanager
def maybe_not_served():
    """A type that the server says it does not have skips the case."""
    try:
        yield
    except CLIENT.exceptions.ModelError as error:
        if error.response["OriginalStatusCode"] in (406, 415):
            raise Skipped("not served") from error
        raise


# boto3


@case()
def boto3_csv():
    body = "".join(f"{a},{b},{c}\n" for a, b, c in ROWS)
    answer = invoke(body, "text/csv", "text/csv")
    assert answer["ContentType"] == "text/csv", answer["ContentType"]
    same(answer["Body"].decode().splitlines(), SCORES)


@case()
def boto3_csv_one_row_without_line_end():
    answer = invoke("1.5,-2.25,3.0", "text/csv; charset=utf-8", "text/csv, application/json")
    same(answer["Body"].decode().splitlines(), SCORES[:1])


@case()
def boto3_json():
    answer = invoke(json.dumps({"instances": ROWS}), "application/json")
    assert answer["ContentType"] == "application/json", answer["ContentType"]
    predictions = json.loads(answer["Body"])["predictions"]
    same([prediction["score"] for prediction in predictions], SCORES)
    same([prediction["predicted_label"] for prediction in predictions], label(ROWS))


@case()
def boto3_json_object():
    answer = invoke(json.dumps(dict(zip(COLUMNS, ROWS[0]))), "application/json", "*/*")
    same([p["score"] for p in json.loads(answer["Body"])["predictions"]], SCORES[:1])


@case()
def boto3_json_lines():
    body = "\n".join(json.dumps({"features": row}) for row in ROWS)
    answer = invoke(body, "application/jsonlines", "application/jsonlines")
    same([json.loads(line)["score"] for line in answer["Body"].splitlines()], SCORES)


@case()
def boto3_custom_attributes_come_back():
    sent = "trace=4bf92f3577b34da6a3ce929d0e0e4736;tenant=a b,c"
    answer = invoke("1,2,3", "text/csv", CustomAttributes=sent)
    assert answer["CustomAttributes"] == sent, answer.get("CustomAttributes")
    assert "CustomAttributes" not in invoke("1,2,3", "text/csv")


@case()
def boto3_other_members_are_ignored():
    answer = invoke(
        "1.5,-2.25,3.0",
        "text/csv",
        "text/csv",
        InferenceId="6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        TargetVariant="blue",
        TargetModel="bin3.tar.gz",
        TargetContainerHostname="first",
        SessionId="NEW_SESSION",
    )
    same(answer["Body"].decode().splitlines(), SCORES[:1])


@case()
def boto3_explanations_by_custom_attributes():
    answer = invoke(
        json.dumps({"instances": ROWS}), "application/json", CustomAttributes="explain=shap"
    )
    check_explanations(json.loads(answer["Body"]))


@case()
def boto3_explanations_by_condition():
    answer = invoke(
        "\n".join(",".join(map(str, row)) for row in ROWS),
        "text/csv",
        "text/csv",
        EnableExplanations="[0]>`0.5`",
    )
    found = json.loads(answer["Body"])
    same(found["predictions"]["data"].splitlines(), SCORES)
    explained = found["explanations"]["kernel_shap"]
    assert [row is not None for row in explained] == [value > 0.5 for value in SCORES], explained
    names = [feature["feature_header"] for row in explained if row for feature in row]
    assert names == COLUMNS * sum(value > 0.5 for value in SCORES), names


@case()
def boto3_model_error_names_row_and_column():
    error = invoke_badly("1.5,-2.25,3.0\n1.5,-2.25,three\n", "text/csv")
    assert error["OriginalStatusCode"] == 400, error
    problem = json.loads(error["OriginalMessage"])
    assert problem["errors"] == [{"row": 2, "column": "f3"}], problem
    assert len(error["OriginalMessage"]) <= 2048 and "\n" not in error["OriginalMessage"]


@case()
def boto3_model_error_of_other_bodies():
    for body, content_type, status in [
        ("1,2", "text/csv", 400),
        ("{", "application/json", 400),
        (json.dumps({"instances": [[1, 2, "x"]]}), "application/json", 400),
        (b"PK\x03\x04", "application/x-npz", 415),
        (b"1,2,3", "application/octet-stream", 415),
    ]:
        error = invoke_badly(body, content_type)
        assert error["OriginalStatusCode"] == status, (content_type, error)
        assert json.loads(error["OriginalMessage"])["detail"], error


def invoke_badly(body, content_type):
    """Returns the ModelError's response."""
    try:
        invoke(body, content_type)
    except CLIENT.exceptions.ModelError as error:
        return error.response
    raise AssertionError(f"{body!r} was answered")


def check_explanations(answer):
    """Base value and SHAP values add up to the output, for every row."""
    rows = answer["explanations"]
    same([row["score"] for row in rows], SCORES)
    for row in rows:
        base = row.get("base_values") or answer["base_values"]
        same([base[0] + sum(row["shap_values"][0])], row["outputs"])


# The SageMaker SDK's predictor with its serializers and deserializers, over boto3.


def predict(data, serializer, deserializer, **more):
    base = load("sagemaker.base_predictor")
    session = types.SimpleNamespace(sagemaker_runtime_client=CLIENT)
    predictor = base.Predictor("bin3", session, serializer, deserializer)
    return predictor.predict(data, **more)


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_csv(serializers, deserializers):
    kinds = {"lists": ROWS, "array": np.array(ROWS), "frame": pd.DataFrame(ROWS)}
    for kind, data in kinds.items():
        answer = predict(data, serializers.CSVSerializer(), deserializers.CSVDeserializer())
        assert all(len(row) == 1 for row in answer), (kind, answer)
        same([row[0] for row in answer], SCORES)
    [one] = predict(ROWS[0], serializers.CSVSerializer(), deserializers.CSVDeserializer())
    same(one, SCORES[:1])


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_csv_missing(serializers, deserializers):
    array = np.array(GAPS, dtype=float)
    for data in [GAPS, array, pd.DataFrame(array)]:
        answer = predict(data, serializers.CSVSerializer(), deserializers.CSVDeserializer())
        same([row[0] for row in answer], score(GAPS))


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_json(serializers, deserializers):
    serializer, deserializer = serializers.JSONSerializer(), deserializers.JSONDeserializer()
    answer = predict({"instances": np.array(ROWS)}, serializer, deserializer)
    same([p["score"] for p in answer["predictions"]], SCORES)
    for data in [ROWS, np.array(ROWS)]:
        # A bare list is what scikit-learn's container gets, and it answers labels.
        assert predict(data, serializer, deserializer) == label(ROWS)


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_json_nan(serializers, deserializers):
    data = {"instances": np.array(GAPS, dtype=float)}
    serializer = serializers.JSONSerializer()
    assert b"NaN" in serializer.serialize(data).encode()
    answer = predict(data, serializer, deserializers.JSONDeserializer())
    same([p["score"] for p in answer["predictions"]], score(GAPS))


@case("sagemaker.serializers")
def sagemaker_json_infinity_is_refused(serializers):
    error = invoke_badly(
        serializers.JSONSerializer().serialize([[1.0, math.inf, 2.0]]), "application/json"
    )
    problem = json.loads(error["OriginalMessage"])
    assert problem["errors"] == [{"row": 1, "column": "f2"}], problem


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_json_lines(serializers, deserializers):
    for data in [ROWS, [{"features": row} for row in ROWS]]:
        answer = predict(
            data, serializers.JSONLinesSerializer(), deserializers.JSONLinesDeserializer()
        )
        same([prediction["score"] for prediction in answer], SCORES)


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_numpy(serializers, deserializers):
    array = np.array(ROWS)
    cases = [
        (ROWS, SCORES, EXACT),
        (array, SCORES, EXACT),
        (np.asfortranarray(array), SCORES, EXACT),
        (array.astype(">f8"), SCORES, EXACT),
        (array.astype("f4"), SCORES, SINGLE),
        (array[0], SCORES[:1], EXACT),
        (np.array(WHOLE_ROWS), score(WHOLE_ROWS), EXACT),
        (np.array(WHOLE_ROWS, dtype="i1"), score(WHOLE_ROWS), EXACT),
        (np.array(GAPS, dtype=float), score(GAPS), EXACT),
        (pd.DataFrame(ROWS), SCORES, EXACT),
    ]
    for data, expected, tolerance in cases:
        with maybe_not_served():
            answer = predict(
                data, serializers.NumpySerializer(), deserializers.NumpyDeserializer()
            )
        assert answer.dtype == np.float64, answer.dtype
        same(answer.ravel(), expected, tolerance)


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_numpy_and_csv_mixed(serializers, deserializers):
    with maybe_not_served():
        answer = predict(
            ROWS, serializers.NumpySerializer(), deserializers.CSVDeserializer()
        )
    same([row[0] for row in answer], SCORES)
    answer = predict(ROWS, serializers.CSVSerializer(), deserializers.NumpyDeserializer())
    same(answer.ravel(), SCORES)


@case("sagemaker.serializers")
def sagemaker_numpy_pickle_is_refused(serializers):
    body = serializers.NumpySerializer().serialize(np.array([["a", None, 1]], dtype=object))
    error = invoke_badly(body, "application/x-npy")
    if error["OriginalStatusCode"] == 415:
        raise Skipped("not served")
    assert error["OriginalStatusCode"] == 400, error


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_libsvm(serializers, deserializers):
    for with_label in [True, False]:
        text = write_libsvm(ROWS, with_label)
        for data in [text, io.StringIO(text)]:
            with maybe_not_served():
                answer = predict(
                    data, serializers.LibSVMSerializer(), deserializers.CSVDeserializer()
                )
            same([row[0] for row in answer], SCORES)


def write_libsvm(rows, with_label):
    """Returns rows with indexes from 1 and without their zeros; one without any other value keeps a zero."""
    lines = []
    for row in rows:
        entries = [f"{j}:{value!r}" for j, value in enumerate(row, 1) if value != 0]
        lines.append(" ".join((["0"] if with_label else []) + (entries or ["1:0"])))
    return "\n".join(lines) + "\n"


@case("sagemaker.serializers", "sagemaker.deserializers", "sagemaker.amazon.common")
def sagemaker_record(serializers, deserializers, common):
    array = np.array(ROWS)
    cases = [
        (array, SCORES, EXACT),
        (array.astype("f4"), SCORES, SINGLE),
        (np.array(WHOLE_ROWS), score(WHOLE_ROWS), EXACT),
    ]
    for data, expected, tolerance in cases:
        with maybe_not_served():
            answer = predict(data, common.RecordSerializer(), deserializers.CSVDeserializer())
        same([row[0] for row in answer], expected, tolerance)
    records = predict(array, common.RecordSerializer(), common.RecordDeserializer())
    for key, expected in [("score", SCORES), ("predicted_label", label(ROWS))]:
        values = [record.label[key].float32_tensor.values[0] for record in records]
        same(values, expected, SINGLE)


@case("sagemaker.amazon.common", "sagemaker.deserializers", "scipy.sparse")
def sagemaker_record_sparse(common, deserializers, sparse):
    buffer = io.BytesIO()
    common.write_spmatrix_to_sparse_tensor(buffer, sparse.csr_matrix(np.array(ROWS)))
    with maybe_not_served():
        answer = invoke(buffer.getvalue(), "application/x-recordio-protobuf", "text/csv")
    same(answer["Body"].decode().splitlines(), SCORES)


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_pandas(serializers, deserializers):
    # Its first choice is CSV, and it takes the first row for a header: that is how it is.
    answer = predict(ROWS, serializers.CSVSerializer(), deserializers.PandasDeserializer())
    same([answer.columns[0], *answer.iloc[:, 0]], SCORES)
    answer = predict(
        {"instances": ROWS},
        serializers.JSONSerializer(),
        deserializers.PandasDeserializer(accept="application/json"),
    )
    same([prediction["score"] for prediction in answer["predictions"]], SCORES)


@case("sagemaker.serializers", "sagemaker.deserializers")
def sagemaker_explanations(serializers, deserializers):
    answer = predict(
        ROWS,
        serializers.CSVSerializer(),
        deserializers.JSONDeserializer(),
        custom_attributes="explain=shap",
    )
    check_explanations(answer)


# MLflow


# The client looks for SciPy without asking whether it is there.
@case("mlflow.pyfunc.scoring_server.client", "scipy.sparse")
def mlflow_client(client, _):
    address = urllib.parse.urlsplit(URL)
    server = client.ScoringServerClient(address.hostname, address.port)
    server.ping()
    assert server.get_version()
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    gaps = pd.DataFrame(GAPS, columns=COLUMNS)
    for data, expected in [
        (frame, label(ROWS)),
        (frame[COLUMNS[::-1]], label(ROWS)),
        (frame.set_index(pd.Index([9, 8, 7, 6, 5])), label(ROWS)),
        (gaps, label(GAPS)),
        (np.array(ROWS), label(ROWS)),
        (ROWS, label(ROWS)),
        (json.dumps({"dataframe_records": frame.to_dict(orient="records")}), label(ROWS)),
    ]:
        found = server.invoke(data).get_predictions()
        same(found.iloc[:, 0], expected)


@case("mlflow.pyfunc.scoring_server.client", "scipy.sparse")
def mlflow_client_errors(client, _):
    address = urllib.parse.urlsplit(URL)
    server = client.ScoringServerClient(address.hostname, address.port)
    try:
        server.invoke(pd.DataFrame([[1.0, 2.0]], columns=["f1", "f2"]))
    except Exception as error:
        assert "error code 400" in str(error), error
        body = json.loads(str(error).split("response: ", 1)[1].rstrip(")"))
        assert body["error_code"] == "BAD_REQUEST" and body["message"], body
    else:
        raise AssertionError("a frame without f3 was answered")


@case()
def pandas_as_mlflow_sends_it():
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    for body in [
        {"dataframe_split": frame.to_dict(orient="split")},
        {"dataframe_split": json.loads(frame.to_json(orient="split"))},
        {"dataframe_records": json.loads(frame.to_json(orient="records"))},
        {"inputs": frame.to_dict(orient="list")},
        {"inputs": ROWS, "params": {}},
    ]:
        assert ask_json("/invocations", body) == {"predictions": label(ROWS)}, body
    status, _, answer = ask(
        "/invocations", frame.to_csv(index=False), content_type="text/csv", accept="text/csv"
    )
    assert status == 200, answer
    same(answer.decode().splitlines(), SCORES)


# KServe's protocol, version 1


@case()
def kserve_v1():
    assert ask_json("/v1/models") == {"models": ["model"]}
    assert ask_json("/v1/models/model") == {"name": "model", "ready": True}
    found = ask_json("/v1/models/model:predict", {"instances": ROWS})
    assert found == {"predictions": label(ROWS)}, found
    records = pd.DataFrame(ROWS, columns=COLUMNS).to_dict(orient="records")
    assert ask_json("/v1/models/model:predict", {"instances": records}) == found
    check_explanations(ask_json("/v1/models/model:explain", {"instances": ROWS}))


@case()
def kserve_v1_errors():
    for path, body, status in [
        ("/v1/models/other:predict", {"instances": ROWS}, 404),
        ("/v1/models/model:predict", {"instances": 1}, 400),
        ("/v1/models/model:predict", {"instances": [[1, 2]]}, 400),
    ]:
        found, _, answer = ask(path, json.dumps(body), content_type="application/json")
        assert found == status and json.loads(answer)["error"], (path, body, found, answer)


# Open Inference Protocol, version 2


@case()
def inference_protocol():
    assert ask_json("/v2")["name"]
    assert ask_json("/v2/health/live")["live"] and ask_json("/v2/health/ready")["ready"]
    assert ask_json("/v2/models/model/ready") == {"name": "model", "ready": True}
    matrix = {"name": "rows", "shape": [len(ROWS), 3], "datatype": "FP64"}
    flat = [value for row in ROWS for value in row]
    columns = [
        {"name": name, "shape": [len(ROWS), 1], "datatype": "FP64", "data": list(data)}
        for name, data in zip(COLUMNS, zip(*ROWS))
    ]
    for inputs in [[{**matrix, "data": ROWS}], [{**matrix, "data": flat}], columns, columns[::-1]]:
        outputs = [{"name": name} for name in ("predict", "predict_proba", "explain")]
        body = {"id": "7", "inputs": inputs, "outputs": outputs}
        answer = ask_json("/v2/models/model/infer", body)
        assert answer["id"] == "7" and answer["model_name"] == "model", answer
        labels, scores, explained = answer["outputs"]
        same(labels["data"], label(ROWS))
        assert scores["shape"] == [len(ROWS), 2], scores["shape"]
        same(scores["data"][1::2], SCORES)
        same([json.loads(text)["score"] for text in explained["data"]], SCORES)


@case()
def inference_protocol_errors():
    matrix = {"name": "rows", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}
    for path, body, status in [
        ("/v2/models/other/infer", {"inputs": [matrix]}, 404),
        ("/v2/models/model/infer", {"inputs": [{**matrix, "shape": [1, 4]}]}, 400),
        ("/v2/models/model/infer", {"inputs": [matrix], "outputs": [{"name": "x"}]}, 400),
        ("/v2/models/model/infer", {}, 400),
    ]:
        found, _, answer = ask(path, json.dumps(body), content_type="application/json")
        assert found == status and json.loads(answer)["error"], (path, body, found, answer)


def triton_client(http):
    return http.InferenceServerClient(urllib.parse.urlsplit(URL).netloc)


def triton_input(http, binary):
    tensor = http.InferInput("rows", [len(ROWS), 3], "FP64")
    tensor.set_data_from_numpy(np.array(ROWS), binary_data=binary)
    return tensor


@case("tritonclient.http")
def triton_json(http):
    client = triton_client(http)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("model")
    assert client.get_server_metadata()["name"]
    metadata = client.get_model_metadata("model")
    assert [tensor["name"] for tensor in metadata["inputs"]] == COLUMNS, metadata
    names = ["predict", "predict_proba"]
    outputs = [http.InferRequestedOutput(name, binary_data=False) for name in names]
    answer = client.infer("model", [triton_input(http, False)], outputs=outputs, request_id="9")
    assert answer.get_response()["id"] == "9"
    same(answer.as_numpy("predict"), label(ROWS))
    same(answer.as_numpy("predict_proba")[:, 1], SCORES)
    # Without outputs the client asks for all of them in binary, and reads JSON just as well.
    answer = client.infer("model", [triton_input(http, False)])
    same(answer.as_numpy("predict"), label(ROWS))


@case("tritonclient.http")
def triton_errors(http):
    try:
        triton_client(http).infer("other", [triton_input(http, False)])
    except http.InferenceServerException as error:
        assert "other" in error.message(), error.message()
    else:
        raise AssertionError("a model that is not there answered")


@case("tritonclient.http")
def triton_binary(http):
    client = triton_client(http)
    names = ["predict", "predict_proba", "explain"]
    outputs = [http.InferRequestedOutput(name, binary_data=True) for name in names]
    answer = client.infer("model", [triton_input(http, True)], outputs=outputs, request_id="9")
    assert answer.get_response()["id"] == "9"
    same(answer.as_numpy("predict"), label(ROWS))
    same(answer.as_numpy("predict_proba")[:, 1], SCORES)
    explained = [json.loads(text) for text in answer.as_numpy("explain")]
    assert [row["data"] for row in explained] == ROWS, explained
    # What a user writes who says nothing of binary data.
    tensors = []
    for j, name in enumerate(COLUMNS):
        tensor = http.InferInput(name, [len(ROWS)], "FP32")
        tensor.set_data_from_numpy(np.array([row[j] for row in ROWS], dtype=np.float32))
        tensors.append(tensor)
    rounded = np.array(ROWS, dtype=np.float32).astype(float).tolist()
    answer = client.infer("model", tensors)
    same(answer.as_numpy("predict"), label(rounded))
    try:
        client.infer("model", tensors[1:])
    except http.InferenceServerException as error:
        assert COLUMNS[0] in error.message(), error.message()
    else:
        raise AssertionError("a column that lacks was answered")


@case("kserve")
def kserve_client(kserve):
    tensor = kserve.InferInput("rows", [len(ROWS), 3], "FP64")
    tensor.set_data_from_numpy(np.array(ROWS), binary_data=False)
    body, json_length = kserve.InferRequest("model", [tensor], request_id="5").to_rest()
    assert not json_length, "the body is binary"
    answer = ask_json("/v2/models/model/infer", body)
    answer = kserve.InferResponse.from_rest(answer)
    assert answer.id == "5", answer.id
    same(answer.outputs[0].as_numpy(), label(ROWS))


def run(name, packages, function):
    """Runs one case and returns how it went; only what went wrong is printed."""
    try:
        function(*[load(package) for package in packages])
    except Skipped as reason:
        print(f"skipped {name}: {reason}")
        return "skipped"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in reversed(where) if f.filename == __file__), 0)
        print(f"failed {name}, line {line}: {type(error).__name__}: {str(error)[:600]}")
        return "failed"
    return "passed"


def main():
    results = [run(*one) for one in CASES]
    passed, failed, skipped = (results.count(word) for word in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    logging.disable(logging.INFO)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    CLIENT = runtime(server.server_port)
    SCORES = score(ROWS)
    assert len({round(value, 6) for value in SCORES}) == len(ROWS), SCORES
    sys.exit(main())
