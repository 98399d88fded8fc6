"""Trains models for `npm run bench -- import`, writes them as files, and times their libraries.

Reads one JSON object per line, answers with one per line. {"train": NAME, "trees": N} answers with what was written and
with margins and contributions of some rows; {"time": WHAT} with the CPU microseconds per row of one measurement.
"""

import itertools
import json
import os
import sys
import time

import numpy as np

FOLDER = sys.argv[1]
ROWS, COLUMNS, BATCH, CHECKED, SINGLE = 20_000, 30, 10_000, 50, 200
#: Columns that hold codes of categories, or mostly zeros, where a model is about them.
SPECIAL, CODES = 6, 12
LOAD_LEAVES = 63


def make_data(classes=2, special=None):
    """Rows of float32 numbers and their classes: the same at every call."""
    random = np.random.default_rng(7)
    X = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    score = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + X[:, 3] + 0.5 * np.abs(X[:, 4]) - X[:, 5] * X[:, 6]
    if special == "categories":
        codes = random.integers(0, CODES, size=(ROWS, SPECIAL))
        score = score + random.normal(size=CODES)[codes].sum(axis=1)
        X[:, :SPECIAL] = codes
    if special == "zeros":
        X[:, :SPECIAL] *= random.random((ROWS, SPECIAL)) < 0.5
        score = score + (X[:, :SPECIAL] == 0).sum(axis=1)
    score = score + X @ random.normal(scale=0.2, size=COLUMNS) + random.normal(scale=0.5, size=ROWS)
    edges = np.quantile(score, np.arange(1, classes) / classes)
    return X, np.digitize(score, edges).astype(np.int32)


def cpu(call, rows=1, seconds=0.25):
    """Least CPU microseconds per row of several runs of a call."""
    least, total = float("inf"), 0.0
    while total < seconds:
        start = time.process_time()
        repeats = 0
        while True:
            call()
            repeats += 1
            took = time.process_time() - start
            if took > 0.02:
                break
        least = min(least, took / repeats)
        total += took
    return least / rows * 1e6


def one_by_one(call, items):
    """A call on the next of the items, again from the first after the last: both sides see the same rows."""
    rows = itertools.cycle(items)
    return lambda: call(next(rows))


def save(name, data):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)
    return name


def train_xgboost(trees, classes=2, special=None):
    import xgboost as xgb

    X, y = make_data(classes, special)
    types = ["c" if special == "categories" and i < SPECIAL else "q" for i in range(COLUMNS)]
    options = {"feature_types": types, "enable_categorical": special == "categories", "nthread": 1}
    objective = {"objective": "binary:logistic"} if classes == 2 else {"objective": "multi:softprob", "num_class": classes}
    params = {**objective, "max_depth": 6, "eta": 0.1, "nthread": 1, "max_cat_to_onehot": 1, "seed": 0}
    booster = xgb.train(params, xgb.DMatrix(X, y, **options), trees // (classes if classes > 2 else 1))
    singles = [X[i : i + 1] for i in range(SINGLE)]
    ones, many = [xgb.DMatrix(row, **options) for row in singles], xgb.DMatrix(X[:BATCH], **options)
    some, few = xgb.DMatrix(X[:500], **options), xgb.DMatrix(X[:CHECKED], **options)
    calls = {
        "predict_one": (one_by_one(booster.inplace_predict, singles), 1),
        "predict_batch": (lambda: booster.inplace_predict(X[:BATCH]), BATCH),
        "explain_one": (one_by_one(lambda row: booster.predict(row, pred_contribs=True), ones), 1),
        "explain_batch": (lambda: booster.predict(some, pred_contribs=True), 500),
    }
    if special == "categories":
        # The call on an array refuses categories.
        calls["predict_one"] = (one_by_one(booster.predict, ones), 1)
        calls["predict_batch"] = (lambda: booster.predict(many), BATCH)
    if special is None and classes == 2:
        add_onnx(booster, X, calls)
    return {
        "file": save("model.ubj", bytes(booster.save_raw("ubj"))),
        "X": X,
        "margins": booster.predict(few, output_margin=True),
        "contributions": booster.predict(few, pred_contribs=True),
        "calls": calls,
        "version": xgb.__version__,
    }


def add_onnx(booster, X, calls):
    """The same trees as one operator of onnxruntime."""
    try:
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper
    except ImportError as error:
        print(f"no {error.name}: onnxruntime is not measured", file=sys.stderr)
        return
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    lists = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
    leaves = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for tree, held in enumerate(learner["gradient_booster"]["model"]["trees"]):
        for node, left in enumerate(held["left_children"]):
            row = [tree, node, held["split_indices"][node], held["split_conditions"][node], "BRANCH_LT", left, held["right_children"][node], held["default_left"][node]]
            if left < 0:
                row = [tree, node, 0, 0.0, "LEAF", 0, 0, 0]
                for key, value in zip(leaves, [tree, node, 0, held["split_conditions"][node]]):
                    leaves[key].append(value)
            for key, value in zip(lists, row):
                lists[key].append(value)
    operator = helper.make_node(
        "TreeEnsembleRegressor",
        ["X"],
        ["Y"],
        domain="ai.onnx.ml",
        n_targets=1,
        **{f"nodes_{key}": value for key, value in lists.items()},
        **{f"target_{key}": value for key, value in leaves.items()},
    )
    graph = helper.make_graph(
        [operator],
        "trees",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, COLUMNS])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    # Without the base score, which is one addition.
    scores = session.run(None, {"X": X[:CHECKED]})[0][:, 0]
    import xgboost as xgb

    margins = booster.predict(xgb.DMatrix(X[:CHECKED]), output_margin=True)
    assert np.ptp(margins - scores) < 1e-4, "onnxruntime gives other margins"
    calls["onnx_one"] = (one_by_one(lambda row: session.run(None, {"X": row}), [X[i : i + 1] for i in range(SINGLE)]), 1)
    calls["onnx_batch"] = (lambda: session.run(None, {"X": X[:BATCH]}), BATCH)


def train_lightgbm(trees, leaves=64, depth=6, special=None):
    import lightgbm as lgb

    X, y = make_data(2, special)
    params = {
        "objective": "binary",
        "num_leaves": leaves,
        "max_depth": depth,
        "num_threads": 1,
        "verbose": -1,
        "zero_as_missing": special == "zeros",
        "seed": 0,
    }
    booster = lgb.train(params, lgb.Dataset(X.astype(np.float64), y), trees)
    X64 = X.astype(np.float64)
    singles = [X64[i : i + 1] for i in range(SINGLE)]
    calls = {
        "predict_one": (one_by_one(lambda row: booster.predict(row, num_threads=1), singles), 1),
        "predict_batch": (lambda: booster.predict(X64[:BATCH], num_threads=1), BATCH),
        "explain_one": (one_by_one(lambda row: booster.predict(row, pred_contrib=True, num_threads=1), singles), 1),
        "explain_batch": (lambda: booster.predict(X64[:200], pred_contrib=True, num_threads=1), 200),
    }
    return {
        "file": save("model.txt", booster.model_to_string().encode()),
        "X": X,
        "margins": booster.predict(X64[:CHECKED], raw_score=True),
        "contributions": booster.predict(X64[:CHECKED], pred_contrib=True),
        "calls": calls,
        "version": lgb.__version__,
    }


def train_catboost(trees):
    import catboost

    X, y = make_data()
    model = catboost.CatBoostClassifier(iterations=trees, depth=6, learning_rate=0.1, thread_count=1, verbose=False, allow_writing_files=False, random_seed=0)
    model.fit(X, y)
    path = os.path.join(FOLDER, "model.json")
    model.save_model(path, format="json")
    singles, some = [X[i : i + 1] for i in range(SINGLE)], catboost.Pool(X[:2000])

    def contributions(pool):
        return model.get_feature_importance(pool, type="ShapValues", thread_count=1)

    return {
        "file": "model.json",
        "X": X,
        "margins": model.predict(X[:CHECKED], prediction_type="RawFormulaVal", thread_count=1),
        "contributions": contributions(catboost.Pool(X[:CHECKED])),
        "calls": {
            "predict_one": (one_by_one(lambda row: model.predict(row, prediction_type="Probability", thread_count=1), singles), 1),
            "predict_batch": (lambda: model.predict(X[:BATCH], prediction_type="Probability", thread_count=1), BATCH),
            "explain_one": (one_by_one(contributions, [catboost.Pool(row) for row in singles]), 1),
            "explain_batch": (lambda: contributions(some), 2000),
        },
        "version": catboost.__version__,
    }


TRAINERS = {
    "xgboost": train_xgboost,
    "xgboost_categories": lambda trees: train_xgboost(trees, special="categories"),
    "xgboost_ten": lambda trees: train_xgboost(trees, classes=10),
    "lightgbm": train_lightgbm,
    "lightgbm_zeros": lambda trees: train_lightgbm(trees, special="zeros"),
    "lightgbm_leaves": lambda trees: train_lightgbm(trees, leaves=LOAD_LEAVES, depth=-1),
    "catboost": train_catboost,
}


def main():
    trained = None
    for line in sys.stdin:
        task = json.loads(line)
        try:
            if "train" in task:
                trained = TRAINERS[task["train"]](task["trees"])
                save("rows", trained["X"][:BATCH].astype(np.float64).tobytes())
                answer = {
                    "file": trained["file"],
                    "version": trained["version"],
                    "margins": np.asarray(trained["margins"], dtype=float).ravel().tolist(),
                    "contributions": np.asarray(trained["contributions"], dtype=float).ravel().tolist(),
                    "calls": sorted(trained["calls"]),
                }
            else:
                call, rows = trained["calls"][task["time"]]
                answer = {"us": cpu(call, rows)}
        except ImportError as error:
            answer = {"missing": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
