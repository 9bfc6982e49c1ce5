"""What all tests share."""

from hypothesis import settings

from tests.postgres import database_url, postgres_folder, postgres_url  # noqa: F401  (fixtures)

settings.register_profile("palate", deadline=None)  # a busy machine is no defect
settings.load_profile("palate")
