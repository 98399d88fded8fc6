"""Times shap, scikit-learn and onnxruntime for `npm run bench -- shap`.

Reads one JSON object per line: {"task": ..., ...}; writes one JSON object per line. Times are CPU seconds.
"""

import json
import sys
import time


def best(function, seconds=1.0, most=7):
    """Least CPU time of several calls."""
    least = float("inf")
    end = time.process_time() + seconds
    for _ in range(most):
        start = time.process_time()
        function()
        least = min(least, time.process_time() - start)
        if time.process_time() > end:
            break
    return least


def build_model(np, task):
    """The trees as shap takes them: their arrays in a dict."""
    trees = []
    for tree in task["trees"]:
        trees.append(
            {
                "children_left": np.array(tree["left"]),
                "children_right": np.array(tree["right"]),
                "children_default": np.array(tree["left"]),
                "features": np.array(tree["feature"]),
                "thresholds": np.array(tree["threshold"]),
                "values": np.array(tree["value"]),
                "node_sample_weight": np.array(tree["cover"]),
            }
        )
    return {"trees": trees, "input_dtype": np.float32}


def explain(task):
    import numpy as np
    import shap

    rows = np.array(task["rows"])
    background = np.array(task["background"])
    model = build_model(np, task)
    answer = {"shap": shap.__version__}
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")

    def values(some):
        return explainer.shap_values(some, check_additivity=False)

    answer["values"] = np.asarray(values(rows[:5])).tolist()
    answer["one"] = best(lambda: values(rows[:1]))
    answer["batch"] = best(lambda: values(rows), 2.0, 3) / len(rows)
    if task["interactions"]:
        answer["pairs"] = best(lambda: explainer.shap_interaction_values(rows[:1]), 1.0, 3)
    if task["interventional"]:
        against = shap.TreeExplainer(model, background, feature_perturbation="interventional")
        answer["interventional"] = best(
            lambda: against.shap_values(rows[:10], check_additivity=False), 2.0, 3
        ) / 10
    return answer


def predict(task):
    """A forest of scikit-learn's own, of the same number of trees and depth."""
    import numpy as np
    import sklearn
    from sklearn.ensemble import RandomForestClassifier

    rows = np.array(task["rows"], dtype=np.float32)
    labels = np.array(task["labels"])
    forest = RandomForestClassifier(n_estimators=100, max_depth=8, random_state=0)
    forest.fit(rows, labels)
    answer = {
        "sklearn": sklearn.__version__,
        "leaves": int(sum(tree.get_n_leaves() for tree in forest.estimators_)),
        "sklearn_one": best(lambda: forest.predict_proba(rows[:1])),
    }
    try:
        import onnxruntime
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError as error:
        answer["missing"] = str(error)
        return answer
    onnx = convert_sklearn(
        forest,
        initial_types=[("x", FloatTensorType([None, rows.shape[1]]))],
        options={"zipmap": False},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        onnx.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    one = rows[:1]
    many = np.resize(rows, (10000, rows.shape[1]))

    def repeat():
        for _ in range(100):
            session.run(None, {"x": one})

    answer["onnxruntime"] = onnxruntime.__version__
    answer["onnx_one"] = best(repeat) / 100
    answer["onnx_batch"] = best(lambda: session.run(None, {"x": many})) / len(many)
    return answer


def main():
    tasks = {"explain": explain, "predict": predict}
    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer = tasks[task["task"]](task)
        except ImportError as error:
            answer = {"missing": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
