"""Opens the bucket the settings name. boto3 is loaded only where it is asked for."""

from shared.settings import SettingsError, StorageMode, StorageSettings
from shared.store.bucket import StreamingBucket
from shared.store.directory import DirectoryBucket


def open_bucket(settings: StorageSettings, *, hurried: bool = False) -> StreamingBucket:
    """The bucket of STORAGE_MODE; hurried: for one who must be done within a minute.

    Raises SettingsError for what is missing, StoreError where it cannot be opened.
    """
    if settings.mode is StorageMode.LOCAL:
        return DirectoryBucket(settings.directory, settings.prefix)
    needed = {
        "B2_BUCKET": settings.bucket,
        "B2_S3_ENDPOINT": settings.endpoint,
        "B2_ACCESS_KEY_ID": settings.access_key_id,
        "B2_SECRET_ACCESS_KEY": settings.secret_access_key.get_secret_value(),
    }
    if missing := [name for name, value in needed.items() if not value]:
        verb = "is" if len(missing) == 1 else "are"
        raise SettingsError(
            f"{', '.join(missing)} {verb} not set, and STORAGE_MODE is s3: put it into the environment or .env."
        )
    from shared.store.b2 import B2Bucket  # boto3 takes a third of a second and 50 MB

    return B2Bucket(
        bucket=settings.bucket,
        prefix=settings.prefix,
        endpoint=settings.endpoint,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key.get_secret_value(),
        hurried=hurried,
    )
