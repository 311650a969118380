"""Which bucket the settings open, and what they say when something is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import SettingsError, StorageSettings
from shared.store.b2 import B2Bucket
from shared.store.directory import DirectoryBucket
from shared.store.opening import open_bucket

S3 = {
    "STORAGE_MODE": "s3",
    "B2_BUCKET": "mine",
    "B2_S3_ENDPOINT": "s3.us-west-004.backblazeb2.com",
    "B2_ACCESS_KEY_ID": "id",
    "B2_SECRET_ACCESS_KEY": "secret",
}


def test_local_is_the_default_and_keeps_the_old_prefix(tmp_path: Path) -> None:
    bucket = open_bucket(StorageSettings.read({"STORAGE_DIR": str(tmp_path)}))
    assert isinstance(bucket, DirectoryBucket)
    bucket.put("scheduled.json", b"{}")
    assert (tmp_path / "whatsapp" / "scheduled.json").read_bytes() == b"{}"


def test_s3_opens_b2_without_asking_the_network() -> None:
    assert isinstance(open_bucket(StorageSettings.read(S3)), B2Bucket)


@pytest.mark.parametrize("name", ["B2_BUCKET", "B2_S3_ENDPOINT", "B2_ACCESS_KEY_ID", "B2_SECRET_ACCESS_KEY"])
def test_s3_names_what_is_missing(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set, and STORAGE_MODE is s3"):
        open_bucket(StorageSettings.read(S3 | {name: ""}))


def test_boto3_is_not_loaded_for_a_directory(tmp_path: Path) -> None:
    program = (
        "import sys; from shared.settings import StorageSettings; from shared.store.opening import open_bucket;"
        f"open_bucket(StorageSettings.read({{'STORAGE_DIR': {str(tmp_path)!r}}}));"
        "sys.exit(bool({'boto3', 'botocore', 'phonenumbers', 'dateutil'} & sys.modules.keys()))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
