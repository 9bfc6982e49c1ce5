"""What all tests share."""

from hypothesis import settings

settings.register_profile("palate", deadline=None)  # a busy machine is no defect
settings.load_profile("palate")
