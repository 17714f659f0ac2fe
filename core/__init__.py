"""The engine of Zevatron: from a source to the smallest detectable fraction, without a window.

Data flows one way, and so do the imports::

    sources -> emission -> propagation -> galactic_field -> lens
            -> sky_density -> mock_events -> network, training -> statistics -> study
"""

__version__ = "1.0.0"
