-- What callers may see of a provider's whole account, such as its files: nothing, unless it is opened.

ALTER TABLE providers ADD COLUMN open TEXT NOT NULL DEFAULT '[]'; -- a JSON list of words
