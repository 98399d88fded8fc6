"""The manifests of deploy/ against the schemas of those who read them: `node test/clients/run.mjs` starts it.

Kubernetes' own for the two newest versions that kubernetes-validate brings; KServe's models, which are generated from
the types that its CRDs are; Prometheus' operator's by cloudcoil; the Compose Specification's by docker-compose. What is
not installed has a notice. A misspelt field must be refused by each, or the check is worth nothing.
"""

import copy
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NEWEST = 2
#: Whose documents are of a schema of their own.
OTHERS = ("serving.kserve.io/", "monitoring.coreos.com/", "kustomize.config.k8s.io/")


def is_there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def notice(name):
    print(f"notice: no {name}, its checks are left out")


def documents():
    return [
        (path.relative_to(ROOT), yaml.safe_load(path.read_text()))
        for folder in ("kubernetes", "kserve")
        for path in sorted((DEPLOY / folder).rglob("*.yaml"))
    ]


def of(prefix):
    return [(path, document) for path, document in documents() if document["apiVersion"].startswith(prefix)]


def refused(validate, document, *path):
    """A field that nobody knows, at a place in the document, must be refused."""
    broken = copy.deepcopy(document)
    place = broken
    for step in path:
        place = place[step]
    place["misspelt"] = "x"
    try:
        validate(broken)
    except Exception:
        return
    raise AssertionError(f"a misspelt field at {path} is not refused")


def newest_versions():
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    found = {
        tuple(map(int, match.groups()))
        for path in folder.iterdir()
        if (match := re.match(r"v(\d+)\.(\d+)\.\d+-local-strict$", path.name))
    }
    return [f"{major}.{minor}" for major, minor in sorted(found)[-NEWEST:]]


def rendered():
    """What `kubectl kustomize` makes of the folder with a model in it, monitoring too; none without the program."""
    program = next(([p, *rest] for p, *rest in (["kubectl", "kustomize"], ["kustomize", "build"]) if shutil.which(p)), None)
    if program is None:
        notice("kubectl or kustomize")
        return []
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "kubernetes"
        shutil.copytree(DEPLOY / "kubernetes", copied)
        subprocess.run(["tar", "-czf", copied / "model.tar.gz", "-C", ROOT / "model_checkpoint", "."], check=True)
        file = copied / "kustomization.yaml"
        text, count = re.subn(r"^# (components: )", r"\1", file.read_text(), flags=re.M)
        assert count == 1, "the line about components is there"
        file.write_text(text)
        made = subprocess.run([*program, copied], check=True, capture_output=True, text=True).stdout
        objects = list(yaml.safe_load_all(made))
    kinds = sorted(each["kind"] for each in objects)
    assert len(kinds) == 8, kinds
    deployment = next(each for each in objects if each["kind"] == "Deployment")
    config_map = next(each for each in objects if each["kind"] == "ConfigMap")
    (model,) = [v for v in deployment["spec"]["template"]["spec"]["volumes"] if v["name"] == "model"]
    assert model["configMap"]["name"] == config_map["metadata"]["name"] != "shapserve-model", "its name has a hash"
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for kind in ("Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"):
        spec = next(each for each in objects if each["kind"] == kind)["spec"]
        selector = spec.get("podSelector", spec["selector"] if "selector" in spec else None)
        wanted = selector.get("matchLabels", selector)
        assert wanted and wanted.items() <= labels.items(), f"{kind} selects the pods: {wanted}"
    print(f"ok   {program[0]}: {', '.join(kinds)}")
    return [(Path(f"rendered {each['kind']}"), each) for each in objects]


def shown_volumes():
    """The Deployment with each of the volumes that docs/kubernetes.md shows in place of its own, and shown documents."""
    text = (ROOT / "docs" / "kubernetes.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
    (deployment,) = [document for _, document in documents() if document["kind"] == "Deployment"]
    shown = []
    for block in blocks:
        if "apiVersion" in block:
            shown.append((Path("docs/kubernetes.md"), block))
            continue
        changed = copy.deepcopy(deployment)
        changed["spec"]["template"]["spec"]["volumes"] = block["volumes"]
        shown.append((Path("docs/kubernetes.md volumes"), changed))
    assert shown, "the document shows volumes"
    text = (ROOT / "docs" / "monitoring.md").read_text()
    for block in re.findall(r"```yaml\n(.*?)```", text, re.S):
        shown.append((Path("docs/monitoring.md"), yaml.safe_load(block)))
    return shown


def with_selector(document):
    """Kustomize fills in what a Deployment and a disruption budget must have."""
    filled = copy.deepcopy(document)
    if filled["kind"] == "Deployment":
        filled["spec"].setdefault("selector", {"matchLabels": {}})
    return filled


def check_kubernetes():
    plain = [(path, with_selector(each)) for path, each in documents() if not each["apiVersion"].startswith(OTHERS)]
    made = [(path, each) for path, each in rendered() if not each["apiVersion"].startswith(OTHERS)]
    shown = [(path, with_selector(each)) for path, each in shown_volumes() if not each["apiVersion"].startswith(OTHERS)]
    for version in newest_versions():
        for path, document in [*plain, *made, *shown]:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except Exception as error:
                raise AssertionError(f"{path} for Kubernetes {version}: {error}") from error
        (deployment,) = [each for _, each in plain if each["kind"] == "Deployment"]
        pod = ("spec", "template", "spec")
        for place in ((), ("spec",), (*pod, "containers", 0), (*pod, "securityContext")):
            refused(lambda each: kubernetes_validate.validate(each, version, strict=True), deployment, *place)
        print(f"ok   Kubernetes {version}: {len(plain)} files, {len(made)} rendered, {len(shown)} shown")


def check_kserve():
    if not is_there("kserve"):
        return notice("kserve")
    import kubernetes.client
    from kserve import models

    scalars = {"str": str, "int": int, "bool": bool, "float": (int, float)}

    def build(value, type_name, place):
        """Makes a value of a type as KServe's models name it; every field must be one of the type."""
        if inner := re.fullmatch(r"[Ll]ist\[(.*)\]", type_name):
            assert isinstance(value, list), f"{place} is no list"
            return [build(each, inner[1], f"{place}[{i}]") for i, each in enumerate(value)]
        if inner := re.fullmatch(r"dict\(str, (.*)\)|[Dd]ict\[str, (.*)\]", type_name):
            assert isinstance(value, dict), f"{place} is no mapping"
            return {key: build(each, inner[1] or inner[2], f"{place}.{key}") for key, each in value.items()}
        if type_name in scalars:
            wanted = scalars[type_name]
            assert isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)), f"{place} is no {type_name}"
            return value
        if type_name == "object":
            return value
        kind = getattr(models, type_name, None) or getattr(kubernetes.client, type_name, None)
        # Quantities and the like.
        if kind is None or not hasattr(kind, "openapi_types"):
            assert isinstance(value, (str, int)), f"{place} is no {type_name}"
            return value
        names = {json_name: name for name, json_name in kind.attribute_map.items()}
        # What the models have inline, their documents have in the object itself.
        for name in value:
            assert name in names, f"{place} has no {name}"
        fields = {names[name]: build(each, kind.openapi_types[names[name]], f"{place}.{name}") for name, each in value.items()}
        return kind(**fields)

    def validate(document):
        version = document["apiVersion"].split("/")[1].capitalize()
        return build(document, f"{version}{document['kind']}", document["kind"])

    found = of("serving.kserve.io/")
    assert len(found) == 2
    for _, document in found:
        validate(document)
        refused(validate, document, "spec")
    service = next(each for _, each in found if each["kind"] == "InferenceService")
    for place in (("spec", "predictor", "model"), ("spec", "explainer"), ("spec", "explainer", "containers", 0)):
        refused(validate, service, *place)
    print(f"ok   KServe: {', '.join(each['kind'] for _, each in found)}")


def check_prometheus():
    if not is_there("cloudcoil.models.prometheus_operator"):
        return notice("cloudcoil.models.prometheus_operator")
    from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor

    def validate(document):
        made = ServiceMonitor.model_validate(document).model_dump(mode="json", by_alias=True, exclude_none=True)
        assert_within(document, made)

    ((_, document),) = of("monitoring.coreos.com/")
    validate(document)
    refused(validate, document, "spec", "endpoints", 0)
    print("ok   Prometheus' operator: ServiceMonitor")


def assert_within(part, whole, place="document"):
    """Every field that was given is there after reading."""
    if isinstance(part, dict):
        for name, value in part.items():
            assert name in whole, f"{place} has no {name}"
            assert_within(value, whole[name], f"{place}.{name}")
    elif isinstance(part, list):
        for i, value in enumerate(part):
            assert_within(value, whole[i], f"{place}[{i}]")
    else:
        assert part == whole, f"{place} is {whole}"


def check_compose():
    spec = importlib.util.find_spec("compose")
    schema = Path(spec.origin).parent / "config" / "compose_spec.json" if spec and spec.origin else None
    if schema is None or not schema.exists():
        return notice("docker-compose")
    import jsonschema

    rules = json.loads(schema.read_text())
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    # The schema of this package is older than the name of a project.
    document.pop("name")
    validator = jsonschema.Draft7Validator(rules)
    validator.validate(document)
    refused(validator.validate, document, "services", "shapserve")
    print("ok   Compose: deploy/compose.yaml")


def main():
    failed = 0
    for check in (check_kubernetes, check_kserve, check_prometheus, check_compose):
        try:
            check()
        except AssertionError as error:
            failed += 1
            print(f"FAIL {check.__name__}: {error}")
    return 1 if failed else 0


sys.exit(main())
