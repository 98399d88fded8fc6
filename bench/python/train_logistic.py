"""scikit-learn's side of `npm run bench -- train-logistic`; prints one JSON object.

Arguments: DIRECTORY ROWS COLUMNS REPEATS and the parameters as JSON. The directory holds X (doubles, row-major) and
y (32-bit integers) as raw bytes; X and y are read once, not timed.
Penalties l2 and none use the solver lbfgs, l1 and elasticnet saga.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")


def main():
    directory, rows, columns, repeats, given = sys.argv[1:]
    folder = Path(directory)
    X = np.fromfile(folder / "X").reshape(int(rows), int(columns))
    y = np.fromfile(folder / "y", dtype=np.int32)
    params = json.loads(given)
    if params.get("penalty") == "none":
        params["penalty"] = None
    smooth = params.get("penalty", "l2") in (None, "l2")
    solver = "lbfgs" if smooth else "saga"
    best = float("inf")
    for _ in range(int(repeats)):
        start = time.process_time()
        model = LogisticRegression(solver=solver, random_state=0, **params).fit(X, y)
        best = min(best, time.process_time() - start)
    print(
        json.dumps(
            {
                "version": sklearn.__version__,
                "solver": solver,
                "milliseconds": best * 1000,
                "iterations": int(model.n_iter_.max()),
                "coefficients": model.coef_.ravel().tolist(),
            }
        )
    )


main()
