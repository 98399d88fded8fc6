"""The block of docs/scale.md on Spark's local[2]: `node test/clients/run.mjs` starts it where Java and PySpark are.

Trains with XGBoost on Spark, imports, and explains by mapInPandas and rdd.pipe; every number must be the library's own.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")

import numpy as np
import xgboost as xgb
from pyspark.sql import SparkSession

ROWS = 240
#: XGBoost computes in float32.
SINGLE = 2e-5


def block():
    """The lines that the document shows."""
    text = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    (section,) = re.findall(r"^## Spark\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    (code,) = re.findall(r"```python\n(.*?)```", section, re.S)
    return code


def start():
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    return spark


def main():
    random = np.random.default_rng(3)
    # What 15 decimal places say exactly.
    X = np.round(random.normal(size=(ROWS, 4)), 6)
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(float)
    features = ["height", "width", "with space", "d"]
    spark = start()
    try:
        table = [(i, *map(float, x), float(label)) for i, (x, label) in enumerate(zip(X, y))]
        # Not repartitioned: a shuffle that is computed again for other columns has another order.
        parts = spark.sparkContext.parallelize(table, 2)
        rows = spark.createDataFrame(parts, ["id", *features, "label"])
        with tempfile.TemporaryDirectory() as folder:
            names = {
                "spark": spark,
                "rows": rows,
                "features": features,
                "shapserve": json.loads(os.environ["SHAPSERVE_COMMAND"]),
                "model_file": f"{folder}/model.ubj",
                "model_dir": f"{folder}/model",
            }
            exec(compile(block(), "docs/scale.md", "exec"), names)
            check(names, X, features, spark)
    finally:
        spark.stop()


def check(names, X, features, spark):
    booster = xgb.Booster(model_file=names["model_file"])
    wanted = booster.predict(xgb.DMatrix(X, feature_names=features), pred_contribs=True)[:, :-1]
    explained = {row["id"]: [row[name] for name in features] for row in names["explained"].collect()}
    assert sorted(explained) == list(range(ROWS)), "every row is explained once"
    by_map = np.array([explained[i] for i in range(ROWS)])
    report("mapInPandas", by_map, wanted)
    order = [row["id"] for row in names["rows"].select("id").collect()]
    answers = [json.loads(line) for line in names["piped"].collect()]
    assert len(answers) == ROWS, f"{len(answers)} lines for {ROWS} rows"
    by_pipe = np.array([answer["shap_values"][0] for answer in answers])
    report("rdd.pipe", by_pipe, wanted[order])
    assert np.array_equal(by_pipe, by_map[order]), "both ways give the same numbers"
    # More partitions than rows: most have none.
    few = names["lines"].zipWithIndex().filter(lambda pair: pair[1] < 2).keys().repartition(5)
    import shlex

    lines = few.pipe(shlex.join(names["explain"]), checkCode=True).collect()
    assert len(lines) == 2, f"{len(lines)} lines for 2 rows in 5 partitions"
    print("ok   partitions without rows")


def report(way, values, wanted):
    difference = np.abs(values - wanted).max()
    assert difference < SINGLE, f"{way}: off by {difference}"
    print(f"ok   {way}: {len(values)} rows, largest difference to XGBoost {difference:.1e}")


main()
