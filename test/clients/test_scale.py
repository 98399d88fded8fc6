"""The blocks of docs/scale.md about endpoints and batch transform, against moto: `node test/clients/run.mjs` starts it."""

import os
import re
from pathlib import Path

# Nobody's account: moto takes any.
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")

import boto3
from moto import mock_aws

ROLE = "arn:aws:iam::123456789012:role/shapserve"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shapserve:sagemaker"


def block(title):
    text = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    (code,) = re.findall(r"```python\n(.*?)```", section, re.S)
    return compile(code, f"docs/scale.md, {title}", "exec")


@mock_aws
def main():
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_model(ModelName="titanic", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    # An instance of the kinds that moto knows.
    variant = {"VariantName": "AllTraffic", "ModelName": "titanic", "InstanceType": "ml.c5.large", "InitialInstanceCount": 2}
    sagemaker.create_endpoint_config(EndpointConfigName="titanic", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="titanic", EndpointConfigName="titanic")
    names = {"endpoint": "titanic"}
    exec(block("Endpoints that scale"), names)
    scaling = boto3.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 10), target
    (variant,) = sagemaker.describe_endpoint(EndpointName="titanic")["ProductionVariants"]
    assert target["ResourceId"] == f"endpoint/titanic/variant/{variant['VariantName']}", "the variant is there"
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    tracked = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracked["TargetValue"] == names["target"] > 0, tracked
    print(f"ok   endpoint: at most {names['target']:.0f} requests a minute for each instance")

    exec(block("Batch transform"), {"job": "titanic-1", "model": "titanic", "bucket": "rows"})
    made = sagemaker.describe_transform_job(TransformJobName="titanic-1")
    assert made["ModelName"] == "titanic", made
    assert made["TransformInput"]["SplitType"] == made["TransformOutput"]["AssembleWith"] == "Line", made
    print("ok   batch transform")


main()
