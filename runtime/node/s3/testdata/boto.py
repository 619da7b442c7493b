"""What boto3 asks of the endpoint in argv[1], with the keys in the environment's
AWS_SHARED_CREDENTIALS_FILE; each check raises where it does not hold."""
import io
import os
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError


def fails(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
    else:
        raise AssertionError(f"no {code}")


s3 = boto3.client("s3", endpoint_url=sys.argv[1])
content = os.urandom(21 << 20)

s3.put_object(Bucket="uploads", Key="small.csv", Body=b"a,b\n1,2\n", Metadata={"target": "b"}, ContentType="text/csv")
got = s3.get_object(Bucket="uploads", Key="small.csv")
assert got["Body"].read() == b"a,b\n1,2\n" and got["Metadata"] == {"target": "b"} and got["ContentType"] == "text/csv", got
assert s3.get_object(Bucket="uploads", Key="small.csv", Range="bytes=2-4")["Body"].read() == b"b\n1"
for algorithm in ["CRC32", "SHA1", "SHA256"]:
    s3.put_object(Bucket="uploads", Key=algorithm, Body=io.BytesIO(content[:100000]), ChecksumAlgorithm=algorithm)

# Multipart, from a file object, in threads.
parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
s3.upload_fileobj(io.BytesIO(content), "uploads", "large.csv", ExtraArgs={"Metadata": {"target": "y", "task": "regression"}}, Config=parts)
back = io.BytesIO()
s3.download_fileobj("uploads", "large.csv", back, Config=parts)
assert back.getvalue() == content
upload = s3.create_multipart_upload(Bucket="uploads", Key="aborted")["UploadId"]
s3.upload_part(Bucket="uploads", Key="aborted", UploadId=upload, PartNumber=1, Body=content)
s3.abort_multipart_upload(Bucket="uploads", Key="aborted", UploadId=upload)

fails("PreconditionFailed", s3.put_object, Bucket="uploads", Key="small.csv", Body=b"x", IfNoneMatch="*")
fails("NoSuchKey", s3.get_object, Bucket="uploads", Key="none")
fails("NoSuchBucket", s3.put_object, Bucket="none", Key="k", Body=b"x")
s3.copy_object(Bucket="uploads", Key="copy.csv", CopySource={"Bucket": "uploads", "Key": "small.csv"})
assert s3.head_object(Bucket="uploads", Key="copy.csv")["Metadata"] == {"target": "b"}

s3 = boto3.client("s3", endpoint_url=sys.argv[1], config=Config(signature_version="s3v4"))
url = s3.generate_presigned_url("get_object", {"Bucket": "uploads", "Key": "small.csv"}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b"a,b\n1,2\n"
url = s3.generate_presigned_url("put_object", {"Bucket": "uploads", "Key": "presigned.csv"}, ExpiresIn=60)
urllib.request.urlopen(urllib.request.Request(url, data=b"a\n1\n", method="PUT", headers={"Content-Type": ""})).read()

s3.create_bucket(Bucket="listed")
keys = ["a b", "dir/x", "dir/y", "naïve", "odd&?#%+", "\x01"]
for key in keys:
    s3.put_object(Bucket="listed", Key=key, Body=b"x")
pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="listed", PaginationConfig={"PageSize": 2}))
assert len(pages) == 3 and sorted(o["Key"] for p in pages for o in p["Contents"]) == sorted(keys), pages
assert [p["Prefix"] for p in s3.list_objects_v2(Bucket="listed", Delimiter="/")["CommonPrefixes"]] == ["dir/"]
s3.delete_object(Bucket="listed", Key=keys.pop())  # XML cannot say this one
s3.delete_objects(Bucket="listed", Delete={"Objects": [{"Key": k} for k in keys]})
s3.delete_bucket(Bucket="listed")
assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["uploads"]
