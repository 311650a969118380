"""Templates in the bucket: templates/<id>/<version>.json."""

from shared.model.template import Template
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.versions import Versions


class Templates(Versions[Template]):
    """The bucket's templates. Safe to use from several threads."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(bucket, Template, keys.TEMPLATES, "template")
