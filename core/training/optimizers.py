"""How the weights of a network follow the gradient: one optimizer for each name in the registry of networks."""

import keras

RHO, EPSILON = 0.95, 1e-7  # of Adadelta, the defaults of Keras
ADAM_RATE = 1e-2
ADAM_STEPS = 150  # after so many steps the rate has halved


def adadelta(learning_rate):
    """Adadelta (Zeiler, arXiv:1212.5701) as the published networks were trained: its rate is 1."""
    return keras.optimizers.Adadelta(learning_rate, rho=RHO, epsilon=EPSILON)


def adam(learning_rate):
    """Adam (Kingma & Ba, arXiv:1412.6980), the rate falling as 1 / (1 + step / 150): the noise of the steps averages out.

    The rate does not depend on how many epochs are meant to follow, so that a training may go on for longer.
    """
    return keras.optimizers.Adam(
        keras.optimizers.schedules.InverseTimeDecay(ADAM_RATE * learning_rate, decay_steps=ADAM_STEPS, decay_rate=1.0)
    )


OPTIMIZERS = {"adadelta": adadelta, "adam": adam}
