"""Directories that MLflow saves, imported: `node test/clients/run.mjs` starts it, or `test_mlflow.py CLI`.

Every flavour that is read, for each library that is installed; the model's own probabilities are what must come out.
"""

import csv
import importlib
import importlib.util
import json
import logging
import os
import subprocess
import sys
import tempfile
import traceback
import warnings

import mlflow
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
COLUMNS = ["first", "second one", "third"]
FLAVOURS = []


def flavour(*packages):
    def register(function):
        FLAVOURS.append((function, packages))
        return function

    return register


def make_rows():
    random = np.random.default_rng(15)
    X = pd.DataFrame(random.normal(size=(240, 3)), columns=COLUMNS)
    score = X["first"] - 0.5 * X["third"] + random.normal(size=240) / 3
    return X, (score > 0).astype(int), np.digitize(score, [-0.7, 0.7])


X, BINARY, THREE = make_rows()
SIGNATURE = mlflow.models.infer_signature(X, BINARY)


def shapserve(*args, status=0):
    done = subprocess.run(
        ["node", sys.argv[1], *args], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == status, f"{args}: {done.returncode} {done.stderr}"
    return done.stdout if status == 0 else done.stderr


def check(path, wanted, tolerance, columns=COLUMNS):
    """The directory as it is, and imported, gives the library's probabilities."""
    rows = f"{path}.csv"
    with open(rows, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *X.to_numpy().tolist()])
    imported = f"{path}-imported"
    shapserve("import", path, "--model-dir", imported)
    for model in (path, imported):
        lines = shapserve("predict", rows, "--model-dir", model, "--format", "jsonl").splitlines()
        found = [list(json.loads(line)["probabilities"].values()) for line in lines]
        off = np.abs(np.array(found) - wanted).max()
        assert off <= tolerance, f"{model} is off by {off}"


def save(directory, name, function, model, **more):
    path = os.path.join(directory, name)
    function(model, path, signature=SIGNATURE, **more)
    return path


@flavour("xgboost")
def xgboost(directory):
    library = importlib.import_module("xgboost")
    for classes, y in (("two", BINARY), ("three", THREE)):
        model = library.XGBClassifier(n_estimators=7, max_depth=3).fit(X, y)
        for form in ("ubj", "json"):
            name = f"{form}-{classes}"
            path = save(directory, name, mlflow.xgboost.save_model, model, model_format=form)
            check(path, model.predict_proba(X), 1e-6)
    booster = save(directory, "booster", mlflow.xgboost.save_model, model.get_booster())
    check(booster, model.predict_proba(X), 1e-6)


@flavour("lightgbm", "skops")
def lightgbm(directory):
    library = importlib.import_module("lightgbm")
    for classes, y in (("two", BINARY), ("three", THREE)):
        model = library.LGBMClassifier(n_estimators=7, verbose=-1).fit(X, y)
        path = save(directory, f"classifier-{classes}", mlflow.lightgbm.save_model, model)
        check(path, model.predict_proba(X), 1e-12)
        path = save(directory, f"booster-{classes}", mlflow.lightgbm.save_model, model.booster_)
        check(path, model.predict_proba(X), 1e-12)


@flavour("catboost")
def catboost(directory):
    library = importlib.import_module("catboost")
    model = library.CatBoostClassifier(iterations=7, verbose=0, allow_writing_files=False)
    model.fit(X, BINARY)
    path = save(directory, "json", mlflow.catboost.save_model, model, format="json")
    check(path, model.predict_proba(X), 1e-12)
    path = save(directory, "binary", mlflow.catboost.save_model, model)
    assert "CatBoost's binary form" in shapserve("import", path, status=1)


def scikit_models():
    ensemble = importlib.import_module("sklearn.ensemble")
    linear = importlib.import_module("sklearn.linear_model")
    pipeline = importlib.import_module("sklearn.pipeline")
    preprocessing = importlib.import_module("sklearn.preprocessing")
    scaler = preprocessing.StandardScaler()
    forest = ensemble.RandomForestClassifier(7, max_depth=4, random_state=0)
    return [pipeline.make_pipeline(scaler, forest), linear.LogisticRegression()]


@flavour("sklearn", "skops")
def sklearn(directory):
    trusted = ["sklearn.tree._tree.Tree"]
    for number, model in enumerate(scikit_models()):
        model.fit(X, THREE)
        more = {"serialization_format": "skops", "skops_trusted_types": trusted}
        path = save(directory, f"skops-{number}", mlflow.sklearn.save_model, model, **more)
        if number == 0:
            check(path, model.predict_proba(X), 1e-12)
            continue
        # A linear model is explained against rows, and a directory has none.
        assert "--background" in shapserve("import", path, status=1)
    more = {"serialization_format": "cloudpickle"}
    path = save(directory, "pickle", mlflow.sklearn.save_model, model, **more)
    assert "pickle" in shapserve("import", path, status=1)


@flavour("sklearn", "onnx", "skl2onnx")
def onnx(directory):
    convert = importlib.import_module("skl2onnx").to_onnx
    model = scikit_models()[0].fit(X, THREE)
    made = convert(model, X.to_numpy().astype(np.float32), options={"zipmap": False})
    path = save(directory, "onnx", mlflow.onnx.save_model, made)
    check(path, model.predict_proba(X.astype(np.float32)), 1e-6)


def run(function, packages):
    for name in packages:
        if importlib.util.find_spec(name) is None:
            print(f"notice: no {name}, MLflow's flavour {function.__name__} is left out")
            return "skipped"
    with tempfile.TemporaryDirectory() as directory:
        try:
            function(directory)
            return "passed"
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in reversed(where) if f.filename == __file__), 0)
            print(f"failed {function.__name__}, line {line}: {str(error)[:1500]}")
            return "failed"


def main():
    results = [run(*one) for one in FLAVOURS]
    passed, failed, skipped = (results.count(word) for word in ("passed", "failed", "skipped"))
    print(f"mlflow: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    sys.exit(main())
