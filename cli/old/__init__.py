"""Reading what the old system left, for `wa import-old`: decisions as functions of values, nothing here prints."""
