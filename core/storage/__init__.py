"""Files that are never half written, and how they are read: text documents, tables, HDF5, compressed ones; the cache, what is kept in memory, where a file comes from."""
