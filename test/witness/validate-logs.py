"""Runs the AWS CLI's own validator (awscli.customizations.cloudtrail.validation) on worlds that are given as JSON on
stdin, without network: S3, ListPublicKeys, DescribeTrails and DescribeOrganization are answered from the worlds.
Prints one JSON array: for each run the lines it printed, its exit status, or how it aborted."""

import base64
import contextlib
import datetime
import io
import json
import sys

from awscli.customizations.cloudtrail.validation import CloudTrailValidateLogs
from botocore.exceptions import ClientError
from dateutil import parser, tz


# No run of these worlds needs nearly as many.
MOST_READS = 200


class Endless(BaseException):
    """The validator walks in a circle; it catches every Exception and would go on."""


class Clients:
    """Stands for the clients of S3, CloudTrail and Organizations."""

    def __init__(self, world, run):
        self.objects = world["objects"]
        self.keys = world["keys"]
        self.run = run
        self.reads = 0

    def get_client(self, _bucket):
        return self

    def get_paginator(self, _name):
        return self

    def paginate(self, Bucket, Marker, Prefix):
        keys = sorted(self.objects.get(Bucket, {}))
        self.page = [key for key in keys if key > Marker and key.startswith(Prefix)]
        return self

    def search(self, _expression):
        return iter(self.page)

    def get_object(self, Bucket, Key):
        self.reads += 1
        if self.reads > MOST_READS:
            raise Endless
        found = self.objects.get(Bucket, {}).get(Key)
        if found is None:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "none"}}, "GetObject")
        body = io.BytesIO(base64.b64decode(found["bytes"]))
        return {"Body": body, "Metadata": found["metadata"]}

    def list_public_keys(self, StartTime, EndTime):
        def us(value):
            if isinstance(value, str):
                return parser.parse(value)
            return datetime.datetime.fromtimestamp(value, tz.tzutc())

        keys = [
            key
            for key in self.keys
            if us(key["ValidityStartTime"]) <= EndTime and us(key["ValidityEndTime"]) >= StartTime
        ]
        return {"PublicKeyList": keys}

    def describe_trails(self, **_):
        run = self.run
        trail = {"TrailARN": run["arn"], "S3BucketName": run["bucket"]}
        if run["prefix"]:
            trail["S3KeyPrefix"] = run["prefix"]
        if run["org"]:
            trail["IsOrganizationTrail"] = True
        return {"trailList": [trail]}

    def describe_organization(self):
        return {"Organization": {"Id": self.run["org"]}}


def validate(world, run):
    clients = Clients(world, run)
    command = CloudTrailValidateLogs(None)
    command.trail_arn = run["arn"]
    command.is_verbose = True
    command.start_time = parser.parse(run["start"]).replace(tzinfo=tz.tzutc())
    command.end_time = parser.parse(run["end"]).replace(tzinfo=tz.tzutc())
    command.account_id = run["account"]
    command._source_region = run["region"]
    command.s3_client_provider = clients
    command.cloudtrail_client = clients
    command.organization_client = clients
    out, err = io.StringIO(), io.StringIO()
    aborted = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            command._call()
    except (Exception, Endless) as error:
        aborted = type(error).__name__
    lines = [line for line in (out.getvalue() + "\n" + err.getvalue()).splitlines() if line]
    return {"lines": lines, "aborted": aborted}


worlds = json.load(sys.stdin)
print(json.dumps([[validate(world, run) for run in world["runs"]] for world in worlds]))
