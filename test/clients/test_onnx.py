"""Exported models in onnxruntime against `shapserve predict`: `node test/clients/run.mjs` starts it, or `test_onnx.py CLI [CASE ...]`.

Every model is trained or imported, exported and asked by the built command; only the ONNX file is run here.
"""

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback

import numpy as np
import onnxruntime

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "data")
GOLDEN = os.path.join(ROOT, "test", "fixtures")
#: Scores of trees are given in single precision by onnxruntime, those of linear models in doubles.
CLOSE = {"trees": 1e-6, "linear": 1e-12}
RANDOM_MODELS = 30


def shapserve(*args):
    done = subprocess.run(
        ["node", sys.argv[1], *args], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{args}: {done.stderr}"
    return done.stdout


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cells_of(rows, inputs):
    """Rows of texts as a table has them, as typed values."""

    def typed(text, kind):
        if text is None or text in ("", "NA"):
            return None
        return float(text) if kind == "number" else text

    return [{one["name"]: typed(row[one["name"]], one["type"]) for one in inputs} for row in rows]


def ask_model(model, directory, rows):
    """Returns labels and probabilities of `predict`."""
    path = os.path.join(directory, "rows.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"instances": rows}, file)
    answers = json.loads(shapserve("predict", path, "--model-dir", model))["predictions"]
    labels = [answer["predicted_label"] for answer in answers]
    return labels, [list(answer["probabilities"].values()) for answer in answers]


def derive(rows, derived):
    """What the model derives from its columns, which whoever asks the exported model does itself."""
    for rule in derived:
        for row in rows:
            text = row[rule["from"]]
            found = text is not None and re.search(rule["pattern"], str(text))
            value = found and (found.group(rule["group"]) or "").strip()
            row[rule["column"]] = rule["map"].get(value, value) if value else None
    return rows


def feed(session, rows):
    """One tensor per input of the file; NaN and an empty text are missing."""
    tensors = {}
    for one in session.get_inputs():
        values = [row[one.name] for row in rows]
        if one.type == "tensor(string)":
            made = np.array(["" if v is None else str(v) for v in values], dtype=object)
        else:
            made = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        tensors[one.name] = made.reshape(-1, 1)
    return tensors


def compare(model, directory, rows, form="columns"):
    """Exports a model and compares what onnxruntime says of the rows with what the model says."""
    path = os.path.join(directory, "model.onnx")
    told = json.loads(shapserve("export", "onnx", model, "--out", path, "--inputs", form, "--json"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    labels, wanted = ask_model(model, directory, rows)
    spec = read_json(model, "preprocessor.json")
    tensors = feed(session, derive([dict(row) for row in rows], spec["derived"]))
    found_labels, found = session.run(None, tensors)
    assert [one.name for one in session.get_outputs()] == told["outputs"]
    wanted = np.array(wanted)
    assert found.dtype == np.float64 and found.shape == wanted.shape, found.shape
    kind = "linear" if "regression" in read_json(model, "manifest.json")["estimator"] else "trees"
    off = np.abs(found - wanted).max()
    assert off <= CLOSE[kind], f"probabilities are off by {off}"
    # Where two classes are nearly as likely, single precision may choose the other.
    top = np.sort(wanted, axis=1)[:, -2:]
    clear = (top[:, 1] - top[:, 0]) > 1e-6
    for row in np.nonzero(clear)[0]:
        assert str(found_labels[row]) == str(labels[row]), f"row {row}: {found_labels[row]}"
    # A row alone has the numbers that it has among others.
    for row in range(min(3, len(rows))):
        alone = session.run(None, {name: one[row : row + 1] for name, one in tensors.items()})[1]
        assert np.abs(alone - found[row]).max() <= 1e-6
    return off


def spoil(rows, inputs, random):
    """Some rows with gaps where the model takes them, and with categories that it has not seen."""
    spoilt = []
    for row in rows:
        row = dict(row)
        for one in inputs:
            if one["nullable"] and random.random() < 0.2:
                row[one["name"]] = None
            elif "categories" in one and not one.get("closed") and random.random() < 0.2:
                row[one["name"]] = 77.5 if one["type"] == "number" else "ünknown ?"
        spoilt.append(row)
    return spoilt


def train_and_compare(directory, table, target, *args, form="columns"):
    model = os.path.join(directory, "model")
    shapserve("train", table, "--target", target, "--model-dir", model, "--force", "--quiet", *args)
    inputs = read_json(model, "preprocessor.json")["inputs"]
    rows = cells_of(read_csv(table), inputs)
    return compare(model, directory, rows + spoil(rows, inputs, np.random.default_rng(1)), form)


def titanic(directory):
    model = os.path.join(ROOT, "model_checkpoint")
    inputs = read_json(model, "preprocessor.json")["inputs"]
    rows = cells_of(read_csv(os.path.join(DATA, "titanic.csv")), inputs)
    compare(model, directory, rows, "derived")


def titanic_features(directory):
    """The features alone, made here by another file: that of the preprocessing."""
    path = os.path.join(directory, "features.onnx")
    model = os.path.join(ROOT, "model_checkpoint")
    told = json.loads(
        shapserve("export", "onnx", model, "--out", path, "--inputs", "features", "--json")
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    props = session.get_modelmeta().custom_metadata_map
    assert json.loads(props["feature_names"]) == told["feature_names"]
    rows = np.zeros((2, len(told["feature_names"])))
    assert session.run(None, {"features": rows})[1].shape == (2, 2)


def penguins(directory):
    for estimator in ("logistic_regression", "decision_tree", "random_forest"):
        table = os.path.join(DATA, "penguins.csv")
        train_and_compare(directory, table, "species", "--estimator", estimator)


def credit(directory):
    for estimator in ("logistic_regression", "random_forest"):
        with open(os.path.join(DATA, "credit-g.csv"), encoding="utf-8") as file:
            target = file.readline().strip().split(",")[-1]
        table = os.path.join(DATA, "credit-g.csv")
        train_and_compare(directory, table, target, "--estimator", estimator)


def mljs(directory):
    """The other engine, whose forests vote by one class per tree."""
    for estimator in ("random_forest", "decision_tree", "logistic_regression"):
        table = os.path.join(DATA, "penguins.csv")
        args = ["--estimator", estimator, "--engine", "mljs"]
        train_and_compare(directory, table, "species", *args)


def imported(directory):
    """Models of other libraries: views of categories and zeros, both precisions, every link."""
    seen = set()
    for folder in ("golden-import", "import"):
        for name in sorted(os.listdir(os.path.join(GOLDEN, folder))):
            golden = read_json(GOLDEN, folder, name)
            try:
                seen.add(import_and_compare(directory, golden))
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from error
    assert {"logit", "softmax", "identity"} <= seen, seen


def import_and_compare(directory, golden):
    import base64

    columns, options, rows = golden["columns"], golden["options"], golden["rows"]
    text = golden["model"]["data"]
    is_text = golden["model"]["encoding"] == "utf-8"
    path = os.path.join(directory, golden["model"]["file"])
    with open(path, "wb") as file:
        file.write(text.encode() if is_text else base64.b64decode(text))
    names = [column["name"] for column in columns]
    for name, head in (("background.csv", golden.get("background", rows)), ("columns.csv", [])):
        with open(os.path.join(directory, name), "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([names, *head])
    args = ["--classes", ",".join(golden["classes"]), "--target", "label", "--json"]
    args += ["--columns", os.path.join(directory, "columns.csv")]
    if golden["options"]["format"] in ("onnx", "skops"):
        args += ["--background", os.path.join(directory, "background.csv")]
    for key in ("rounds", "missing"):
        if key in options:
            args += [f"--{key}", str(options[key])]
    if options.get("allow_missing"):
        args += ["--allow-missing"]
    model = os.path.join(directory, "imported")
    given = {c["name"]: c["categories"] for c in columns if "categories" in c}
    if given and options["format"] in ("xgboost", "lightgbm") and not own_categories(text):
        with open(os.path.join(directory, "categories.json"), "w", encoding="utf-8") as file:
            json.dump(given, file)
        args += ["--categories", os.path.join(directory, "categories.json")]
    shapserve("import", path, "--model-dir", model, *args)
    inputs = read_json(model, "preprocessor.json")["inputs"]
    asked = [dict(zip(names, row)) for row in rows]
    asked = [{one["name"]: row[one["name"]] for one in inputs} for row in asked]
    compare(model, directory, asked + spoil(asked, inputs, np.random.default_rng(2)))
    return link_of(model)


def own_categories(text):
    """Whether a file names its categories itself."""
    return "pandas_categorical:[[" in text


def link_of(model):
    with open(os.path.join(model, "model.safetensors"), "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(size))["__metadata__"]["link"]


WORDS = ["red", "green", "blue", "naïve café", "日本", "NaN?", "a,b", 'say "so"', "0", "label"]


def random_table(path, random, imputations):
    """A table of numbers with gaps, whole numbers, texts and truths, whose classes depend on all of them."""
    size = 240
    classes = [["no", "yes"], ["0", "1", "2"], ["ä", "b", "c", "d"]][random.integers(3)]
    columns, score = {}, np.zeros(size)
    for j in range(random.integers(2, 7)):
        kind = random.choice(["number", "whole", "text", "truth"])
        if kind == "number":
            values = np.round(random.normal(size=size) * 10.0 ** random.integers(-2, 4), 4)
            score += values / np.std(values)
            cells = [repr(float(v)) for v in values]
        elif kind == "whole":
            values = random.integers(0, 6, size)
            score += values * random.normal()
            cells = [str(v) for v in values]
        else:
            choices = WORDS[: random.integers(2, len(WORDS))] if kind == "text" else ["True", "False"]
            codes = random.integers(0, len(choices), size)
            score += random.normal(size=len(choices))[codes]
            cells = [choices[code] for code in codes]
        if random.random() < 0.5:
            cells = ["" if random.random() < 0.1 else cell for cell in cells]
        columns[["label", "x y", "ß", "q", "probabilities", "m", "n"][j]] = (kind, cells)
    edges = np.quantile(score, np.linspace(0, 1, len(classes) + 1)[1:-1])
    target = [classes[place] for place in np.searchsorted(edges, score)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "target"])
        writer.writerows(zip(*[cells for _, cells in columns.values()], target))
    plan = {"target": "target", "numeric": [], "ordinal": [], "nominal": []}
    for name, (kind, _) in columns.items():
        if kind == "number" or (kind == "whole" and random.random() < 0.4):
            impute = random.choice(imputations)
            plan["numeric"].append({"column": name, "impute": str(impute)})
        elif random.random() < 0.5:
            impute = random.choice(["most_frequent", "own_level"])
            plan["ordinal"].append({"column": name, "impute": str(impute)})
        else:
            impute = random.choice(["most_frequent", "own_level"])
            often = int(random.choice([1, 30]))
            plan["nominal"].append(
                {"column": name, "impute": str(impute), "min_frequency": often}
            )
    plan["nullable"] = list(columns)
    return plan


def random_models(directory):
    for seed in range(RANDOM_MODELS):
        random = np.random.default_rng(seed)
        table, file = os.path.join(directory, "table.csv"), os.path.join(directory, "plan.json")
        estimator = ("logistic_regression", "decision_tree", "random_forest")[seed % 3]
        rules = ["mean", "median", "most_frequent"]
        # Trees learn from missing values.
        plan = random_table(table, random, rules if seed % 3 == 0 else [*rules, "none", "none"])
        with open(file, "w", encoding="utf-8") as out:
            json.dump(plan, out)
        args = ["--plan", file, "--estimator", estimator, "--seed", str(seed)]
        if estimator == "random_forest":
            args += ["--set", "n_estimators=7"]
        if estimator == "logistic_regression" and seed % 2:
            args += ["--engine", "mljs"]
        try:
            train_and_compare(directory, table, "target", *args)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {estimator}, {plan}: {error}") from error


def written(directory):
    """Spellings merged, indicators of gaps in numbers and texts, values that mean missing."""
    random = np.random.default_rng(3)
    size = 300
    table = os.path.join(directory, "table.csv")
    columns = {
        "sex": random.choice(["Male", "male", "F", "Female"], size),
        "note": random.choice(["", "", "seen", "late", "unknown"], size),
        "size": random.choice(["", "1.5", "2.5"], size),
        "dose": random.choice(["-999", "0.5", "1.5", "2.5", "?"], size),
    }
    score = (
        (columns["note"] == "") * 1.0
        + (columns["size"] == "") * 0.7
        + np.char.startswith(columns["sex"], "F") * 0.5
        + (columns["dose"] == "0.5")
    )
    target = np.where(score + random.normal(size=size) / 4 > 1.2, "yes", "no")
    with open(table, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([[*columns, "y"], *zip(*columns.values(), target)])
    args = ["--merge", "sex", "--indicator", "note", "--indicator", "size", "--numeric", "dose"]
    args += ["--treat-as-missing=-999", "--missing-values", "unknown,?"]
    for estimator in ("logistic_regression", "decision_tree", "random_forest"):
        model = os.path.join(directory, "model")
        shapserve(
            *["train", table, "--target", "y", "--model-dir", model, "--force", "--quiet"],
            *["--estimator", estimator, *args],
        )
        spec = read_json(model, "preprocessor.json")
        kinds = {step["kind"] for entry in spec["steps"] for step in entry["chain"]}
        assert {"category_map", "missing_indicator"} <= kinds, kinds
        rows = [
            {
                "sex": row["sex"],
                "note": row["note"] or None,
                "size": float(row["size"]) if row["size"] else None,
                "dose": None if row["dose"] == "?" else float(row["dose"]),
            }
            for row in read_csv(table)
        ]
        compare(model, directory, rows + spoil(rows, spec["inputs"], random))


CASES = [titanic, titanic_features, penguins, credit, mljs, imported, written, random_models]


def main():
    failed = 0
    only = sys.argv[2:]
    cases = [function for function in CASES if not only or function.__name__ in only]
    for function in cases:
        with tempfile.TemporaryDirectory() as directory:
            try:
                function(directory)
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)
                line = next((f.lineno for f in reversed(where) if f.filename == __file__), 0)
                print(f"failed {function.__name__}, line {line}: {str(error)[:1500]}")
                failed += 1
    print(f"onnx: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
