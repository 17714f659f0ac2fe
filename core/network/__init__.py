"""HEALPix layers and the classifiers made of them (Keras 3 API only)."""
