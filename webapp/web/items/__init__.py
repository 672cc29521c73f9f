"""The items of a submission: table, own pages, reasons, exports, and the user's list returned."""
