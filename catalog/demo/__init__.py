"""The demo catalogue: an art-print shop drawn and peopled by code."""
