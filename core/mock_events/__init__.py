"""Mock skies: events drawn from a density, as lists and as counts maps."""

from ..streams import random_stream, random_streams
from .composite import CompositeSampler
from .events import EventSampler, MockEvents, draw_events, draw_training_events
from .places import event_directions, event_energies
from .simulation import simulate_skies, source_counts

__all__ = [
    "CompositeSampler", "EventSampler", "MockEvents", "draw_events", "draw_training_events", "event_directions", "event_energies",
    "random_stream", "random_streams", "simulate_skies", "source_counts",
]
