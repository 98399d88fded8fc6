"""scikit-learn's side of `npm run bench -- train`; prints one JSON object.

fit DIRECTORY ROWS COLUMNS TRAIN_ROWS MODEL PARAMS SEEDS: fits on the first rows and scores the others. The directory
holds X (doubles, row-major) and y (32-bit integers) as raw bytes, read before anything is timed.
trees: decision trees on data sets that scikit-learn ships, with the data.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

MODELS = {"decision_tree": DecisionTreeClassifier, "random_forest": RandomForestClassifier}


def fit(directory, rows, columns, train_rows, model, params, seeds):
    folder = Path(directory)
    X = np.fromfile(folder / "X").reshape(int(rows), int(columns))
    y = np.fromfile(folder / "y", dtype=np.int32)
    n = int(train_rows)
    seconds, scores = [], []
    for seed in range(int(seeds)):
        estimator = MODELS[model](random_state=seed, **json.loads(params))
        start = time.process_time()
        estimator.fit(X[:n], y[:n])
        seconds.append(time.process_time() - start)
        scores.append(roc_auc_score(y[n:], estimator.predict_proba(X[n:])[:, 1]) if n < len(y) else 0)
    return {
        "version": sklearn.__version__,
        "seconds": min(seconds),
        "auc": float(np.mean(scores)),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def trees():
    found = []
    for name in ("iris", "wine", "breast_cancer"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        tree = DecisionTreeClassifier(random_state=0).fit(X, y).tree_
        found.append(
            {
                "data": name,
                "X": X.tolist(),
                "y": y.tolist(),
                "params": {},
                "feature": [max(-1, int(f)) for f in tree.feature],
                "threshold": tree.threshold.tolist(),
                "left": tree.children_left.tolist(),
                "right": tree.children_right.tolist(),
                "missing_left": tree.missing_go_to_left.tolist(),
                "cover": tree.weighted_n_node_samples.tolist(),
                "value": tree.value[:, 0, :].tolist(),
            }
        )
    return found


COMMANDS = {"fit": fit, "trees": trees}
print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
