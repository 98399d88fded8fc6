"""`shapserve sagemaker` against moto's SageMaker, S3 and ECR on loopback; the command itself plays the container.

What the launcher uploads and says goes through `train` and `serve` as SageMaker would lay it out:
`node test/clients/run.mjs` starts this with the path of the built command.
"""

import contextlib
import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3

CLI = [os.environ.get("NODE", "node"), sys.argv[1]]
ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "data" / "titanic.csv"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shapserve:1"
ROLE = "arn:aws:iam::123456789012:role/sm"
BUCKET = "sagemaker-eu-central-1-123456789012"
TRAIN = ["--target", "Survived", "--id", "PassengerId", "--drop", "Name", "--drop", "Parch"]
TRAIN += ["--estimator", "decision_tree", "--set", "max_depth=4", "--seed", "3"]

CASES = []


def case(function):
    """Registers a case; they run in order, each on what those before it left."""
    CASES.append(function)
    return function


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url, child):
    for _ in range(300):
        if child.poll() is not None:
            raise AssertionError(f"ended early: {url}")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.1)
    raise AssertionError(f"no answer: {url}")


class Recorder(BaseHTTPRequestHandler):
    """Hands requests on to moto and keeps them: moto looks at few of their bytes, and changes some."""

    target = 0
    invocations = []
    asked = {}
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.endswith("/invocations"):
            self.invocations.append((dict(self.headers.items()), body))
        if action := self.headers.get("x-amz-target"):
            self.asked[action.split(".")[-1]] = json.loads(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.target)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = forward

    def log_message(self, *_):
        pass


class World:
    """moto, the recorder before it, clients of both, and a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.moto_port = free_port()
        log = open(self.folder / "moto.log", "w")
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.moto_port)]
        self.moto = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(f"http://127.0.0.1:{self.moto_port}/moto-api/", self.moto)
        Recorder.target = self.moto_port
        self.recorder = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        threading.Thread(target=self.recorder.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.recorder.server_address[1]}"
        self.env = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.url,
            "SHAPSERVE_IMAGE": IMAGE,
            "SHAPSERVE_ROLE": ROLE,
        }
        self.sagemaker = self.client("sagemaker")
        self.s3 = self.client("s3")

    def client(self, service):
        return boto3.client(
            service,
            region_name="eu-central-1",
            endpoint_url=self.url,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def run(self, *args, env=None, status=0):
        """Runs the command; returns what it printed."""
        done = subprocess.run([*CLI, *map(str, args)], env={**self.env, **(env or {})}, capture_output=True)
        assert done.returncode == status, f"{args}: {done.returncode}\n{done.stderr.decode()}"
        return done

    def launch(self, *args, **options):
        return self.run("sagemaker", *args, "--poll-seconds", "0.05", **options)

    def read(self, uri):
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, uri):
        bucket, prefix = uri.removeprefix("s3://").split("/", 1)
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [f"s3://{bucket}/{item['Key']}" for item in listed.get("Contents", [])]

    def opt_ml(self, name, hyperparameters, channels):
        """Lays out /opt/ml as SageMaker does for a training job."""
        base = self.folder / name
        config = base / "input" / "config"
        config.mkdir(parents=True)
        (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
        described = {channel["ChannelName"]: {"TrainingInputMode": channel["InputMode"]} for channel in channels}
        (config / "inputdataconfig.json").write_text(json.dumps(described))
        for channel in channels:
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            for found in self.keys(uri):
                file = base / "input" / "data" / channel["ChannelName"] / found.removeprefix(uri)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self.read(found))
        return base

    def close(self):
        self.recorder.shutdown()
        self.moto.terminate()
        self.moto.wait()


def bytes_of(directory):
    return {file.name: file.read_bytes() for file in sorted(Path(directory).iterdir())}


def tar_gz(directory):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(directory, arcname=".")
    return packed.getvalue()


@contextlib.contextmanager
def serving(world, model_dir, env=None):
    """The command as the container of an endpoint."""
    port = free_port()
    setting = {"SAGEMAKER_BIND_TO_PORT": str(port), "SM_MODEL_DIR": str(model_dir), **(env or {})}
    command = [*CLI, "serve", "--host", "127.0.0.1"]
    child = subprocess.Popen(command, env={**world.env, **setting}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", child)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        child.terminate()
        assert child.wait(timeout=40) == 0


def post(url, body, headers):
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from error


@case
def a_job_trains_what_train_trains_here(world):
    model_dir = world.folder / "fetched"
    started = world.launch("train", TABLE, *TRAIN, "--job-name", "j", "--no-wait", "--model-dir", model_dir)
    assert b"--attach j" in started.stderr, started.stderr
    job = world.sagemaker.describe_training_job(TrainingJobName="j")
    assert job["RoleArn"] == ROLE
    base = world.opt_ml("train", job["HyperParameters"], job["InputDataConfig"])
    assert (base / "input/data/train/titanic.csv").read_bytes() == TABLE.read_bytes()
    printed = world.run("train", env={"SAGEMAKER_BASE_DIR": str(base)}).stdout.decode()
    sent = Recorder.asked["CreateTrainingJob"]
    assert (sent["HyperParameters"], sent["InputDataConfig"]) == (job["HyperParameters"], job["InputDataConfig"])
    for definition in sent["AlgorithmSpecification"]["MetricDefinitions"][:7]:
        assert re.search(definition["Regex"], printed), definition
    bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
    world.s3.put_object(Bucket=bucket, Key=key, Body=tar_gz(base / "model"))
    world.launch("train", "--attach", "j", "--model-dir", model_dir)
    here = world.folder / "here"
    world.run("train", TABLE, *TRAIN, "--model-dir", here, "--quiet")
    assert bytes_of(model_dir) == bytes_of(here)
    tags = world.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert {"Key": "created-by", "Value": "shapserve"} in tags


@case
def an_endpoint_serves_what_was_trained(world):
    model_dir = world.folder / "here"
    told = world.launch("deploy", model_dir, "--endpoint-name", "e", "--tag", "team=a", "--json")
    endpoint = json.loads(told.stdout)
    config = world.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["config"])
    assert config["ProductionVariants"][0]["ModelName"] == endpoint["model"]
    model = world.sagemaker.describe_model(ModelName=endpoint["model"])["PrimaryContainer"]
    assert model["Image"] == IMAGE
    unpacked = world.folder / "opt-ml-model"
    with tarfile.open(fileobj=io.BytesIO(world.read(model["ModelDataUrl"]))) as archive:
        assert all(member.isfile() for member in archive.getmembers())
        archive.extractall(unpacked, filter="data")
    here = bytes_of(model_dir)
    assert {name: here[name] for name in bytes_of(unpacked)} == bytes_of(unpacked)
    expected = {
        "predict": world.run("predict", TABLE, "--model-dir", model_dir).stdout,
        "explain": world.run("explain", TABLE, "--model-dir", model_dir, "--output", "all").stdout,
    }
    with serving(world, unpacked) as url:
        for operation, flags in (("predict", []), ("explain", ["--output", "all"])):
            Recorder.invocations.clear()
            # moto answers what it was told to; what was asked is answered by the container.
            results = {"results": [{"Body": f"{i}\n"} for i in range(99)]}
            post(f"{world.url}/moto-api/static/sagemaker/endpoint-results", json.dumps(results).encode(), {"content-type": "application/json"})
            args = [operation, "e", TABLE, "--batch-bytes", "20000", "--jobs", "1", *flags]
            answered = world.launch(*args).stdout
            asked = list(Recorder.invocations)
            assert len(asked) > 2, len(asked)
            assert answered.count(b"\n") == len(asked), answered
            kept = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes")
            bodies = [
                post(url, body, {name: value for name, value in headers.items() if name.lower() in kept})
                for headers, body in asked
            ]
            if operation == "predict":
                assert b"".join(bodies) == expected["predict"]
            else:
                lines = [re.sub(rb"^\d+,", b"", line) for body in bodies for line in body.splitlines()]
                assert lines == [re.sub(rb"^\d+,", b"", line) for line in expected["explain"].splitlines()]


@case
def the_same_deployment_is_found_again(world):
    told = world.launch("deploy", world.folder / "here", "--endpoint-name", "e", "--tag", "team=a")
    assert b"has it already" in told.stderr, told.stderr
    assert len(world.sagemaker.list_models()["Models"]) == 1


@case
def a_transform_answers_rows_in_parts(world):
    model_dir = world.folder / "here"
    world.launch("transform", model_dir, TABLE, "--job-name", "t1", "--no-wait")
    job = world.sagemaker.describe_transform_job(TransformJobName="t1")
    model = world.sagemaker.describe_model(ModelName=job["ModelName"])["PrimaryContainer"]
    archive = world.folder / "model.tar.gz"
    archive.write_bytes(world.read(model["ModelDataUrl"]))
    headers = {"content-type": job["TransformInput"]["ContentType"], "accept": job["TransformOutput"]["Accept"]}
    source = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    with serving(world, archive, {"SAGEMAKER_BATCH": "true", **model.get("Environment", {})}) as url:
        for found in world.keys(source):
            answer = post(url, world.read(found), headers)
            name = found.removeprefix(source)
            key = f"shapserve/t2/output/{name}.out"
            world.s3.put_object(Bucket=BUCKET, Key=key, Body=answer)
    out = world.folder / "answers.csv"
    world.launch("transform", model_dir, TABLE, "--job-name", "t2", "--out", out)
    assert out.read_bytes() == world.run("predict", TABLE, "--model-dir", model_dir).stdout
    names = [model["ModelName"] for model in world.sagemaker.list_models()["Models"]]
    assert "t2" not in names, names


@case
def a_transform_joins_answers_to_rows(world):
    rows = world.folder / "rows.csv"
    rows.write_text("7,1,male,30\n8,2,female,4\n")
    joined = ["--no-header", "--join", "--input-filter", "$[1:]", "--output-filter", "$[0,-1]"]
    world.launch("transform", world.folder / "here", rows, "--job-name", "t3", "--no-wait", *joined)
    job = world.sagemaker.describe_transform_job(TransformJobName="t3")
    assert job["DataProcessing"] == {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}, job
    assert job["TransformInput"]["SplitType"] == job["TransformOutput"]["AssembleWith"] == "Line", job
    sent = world.read("s3://" + BUCKET + "/shapserve/t3/input/part-000000.csv")
    assert sent == rows.read_bytes(), sent
    world.s3.put_object(Bucket=BUCKET, Key="shapserve/t3/output/part-000000.csv.out", Body=b"7,0.25\n8,0.75")
    out = world.folder / "joined.csv"
    world.launch("transform", "--attach", "t3", "--out", out)
    assert out.read_bytes() == b"7,0.25\n8,0.75\n"
    names = [model["ModelName"] for model in world.sagemaker.list_models()["Models"]]
    assert "t3" not in names, names


@case
def a_tuning_draws_what_train_takes(world):
    fixed = ["--target", "Survived", "--estimator", "decision_tree", "--cv", "3", "--metric", "auc"]
    world.launch("tune", TABLE, *fixed, "--job-name", "h", "--max-jobs", "3", "--no-wait")
    job = world.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="h")
    config, definition = job["HyperParameterTuningJobConfig"], job["TrainingJobDefinition"]
    objective = config["HyperParameterTuningJobObjective"]
    assert objective == {"Type": "Maximize", "MetricName": "cv:auc"}, objective
    ranges = config["ParameterRanges"]
    drawn = {one["Name"]: one["Values"][-1] for one in ranges["CategoricalParameterRanges"]}
    drawn |= {one["Name"]: one["MaxValue"] for one in ranges["IntegerParameterRanges"]}
    assert len(drawn) == 6, drawn
    given = {**definition["StaticHyperParameters"], **drawn, "_tuning_objective_metric": "cv:auc"}
    base = world.opt_ml("tune", given, definition["InputDataConfig"])
    printed = world.run("train", env={"SAGEMAKER_BASE_DIR": str(base)}).stdout.decode()
    regex = {one["Name"]: one["Regex"] for one in definition["AlgorithmSpecification"]["MetricDefinitions"]}
    assert len(re.findall(regex["cv:auc"], printed)) == 1, printed
    manifest = json.loads((base / "model" / "manifest.json").read_text())
    assert manifest["params"]["class_weight"] == "balanced", manifest["params"]


@case
def an_image_is_pushed_to_a_repository_that_is_made(world):
    tools = world.folder / "bin"
    tools.mkdir()
    calls = world.folder / "calls"
    script = f'#!/bin/sh\necho "$@" >> {calls}\n[ "$1" != login ] || cat > {world.folder}/password\n'
    (tools / "podman").write_text(script)
    (tools / "podman").chmod(0o755)
    env = {"PATH": f"{tools}:{os.environ['PATH']}"}
    pushed = world.launch("push", ROOT, "--builder", "podman", "--repository", "team/shapserve", "--json", env=env)
    image = json.loads(pushed.stdout)["image"]
    repositories = world.client("ecr").describe_repositories()["repositories"]
    assert [one["repositoryUri"] for one in repositories] == [image.rsplit(":", 1)[0]], repositories
    password = (world.folder / "password").read_text()
    assert password and password not in calls.read_text() + pushed.stderr.decode()


@case
def everything_of_an_endpoint_is_deleted(world):
    world.launch("delete", "e")
    assert world.sagemaker.list_endpoints()["Endpoints"] == []
    assert world.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    names = [model["ModelName"] for model in world.sagemaker.list_models()["Models"]]
    assert not any(name.startswith("e-") for name in names), names
    told = world.launch("delete", "e", status=1)
    assert told.stderr.startswith(b"shapserve: there is no endpoint e"), told.stderr


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        try:
            for function in CASES:
                try:
                    function(world)
                    print(f"ok {function.__name__}", flush=True)
                except Exception:  # noqa: BLE001 - the other cases say more
                    failed += 1
                    print(f"not ok {function.__name__}\n{traceback.format_exc()}", flush=True)
        finally:
            world.close()
    print(f"launcher: {len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
