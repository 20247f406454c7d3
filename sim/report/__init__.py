"""The study's report: pictures and a page that stands alone."""
