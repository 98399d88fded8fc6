"""A service as one writes it in Python: FastAPI, scikit-learn's forest and shap's TreeExplainer, on the port given.

It reads the same row and answers the same facts as shapserve's model of the Titanic does, in one process.
"""

import json
import sys

import numpy as np
import pandas as pd
import shap
import uvicorn
from fastapi import FastAPI, Request, Response
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

NUMBERS = ["Pclass", "Age", "SibSp", "Parch"]
TEXTS = ["Sex", "Title"]
COLUMNS = ["Pclass", "Name", "Sex", "Age", "SibSp", "Parch"]


def derive(rows: pd.DataFrame) -> pd.DataFrame:
    title = rows["Name"].str.extract(r", (?:the )?([A-Z][A-Za-z]+)", expand=False)
    return rows.assign(Title=title.fillna("none"))


table = pd.read_csv("data/titanic.csv")
transformer = ColumnTransformer(
    [
        ("numbers", SimpleImputer(strategy="median"), NUMBERS),
        ("texts", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist", sparse_output=False)), TEXTS),
    ]
)
features = transformer.fit_transform(derive(table))
forest = RandomForestClassifier(24, max_depth=11, max_features=8, max_leaf_nodes=27, random_state=0, n_jobs=1)
forest.fit(features, table["Survived"])
explainer = shap.TreeExplainer(forest)
# Which column each feature is made of, so that values are told per column.
inputs = [COLUMNS.index("Name" if "Title" in name else next(column for column in COLUMNS if column in name)) for name in transformer.get_feature_names_out()]

app = FastAPI()


@app.get("/ping")
async def ping():
    return Response()


@app.post("/invocations")
async def invocations(request: Request):
    rows = derive(pd.DataFrame([json.loads(await request.body())]))
    probabilities = forest.predict_proba(transformer.transform(rows))[0].tolist()
    answer = {"predicted_label": int(probabilities[1] > 0.5), "score": probabilities[1], "probabilities": dict(zip("01", probabilities))}
    return {"predictions": [answer]}


@app.post("/explain")
async def explain(request: Request):
    row = json.loads(await request.body())
    matrix = transformer.transform(derive(pd.DataFrame([row])))
    values = explainer.shap_values(matrix)[0, :, 1]
    columns = np.bincount(inputs, values, len(COLUMNS)).tolist()
    output = float(forest.predict_proba(matrix)[0, 1])
    explanation = {"outputs": [output], "data": [row.get(name) for name in COLUMNS], "shap_values": [columns]}
    return {"base_values": [float(explainer.expected_value[1])], "feature_names": COLUMNS, "explanations": [explanation]}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
