"""The model that the example trainer fits."""
import numpy as np


class SoftmaxClassifier:
    """Linear softmax regression with momentum, on features as they come."""

    def __init__(self, dimension, classes):
        self.weight, self.bias = np.zeros((classes, dimension), np.float32), np.zeros(classes, np.float32)
        self.momentum = [np.zeros_like(self.weight), np.zeros_like(self.bias)]

    def step(self, features, labels, rate):
        """One step of gradient descent; returns loss and accuracy before it."""
        scores = features @ self.weight.T + self.bias
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        each = np.arange(len(labels))
        loss = -np.log(shares[each, labels] + 1e-12).mean()
        accuracy = (shares.argmax(axis=1) == labels).mean()
        shares[each, labels] -= 1.0
        gradients = [shares.T @ features / len(labels), shares.mean(axis=0)]
        for value, momentum, gradient in zip((self.weight, self.bias), self.momentum, gradients):
            momentum *= 0.9
            momentum += gradient
            value -= rate * momentum
        return loss, accuracy

    def state_dict(self):
        return {"weight": self.weight.tolist(), "bias": self.bias.tolist(),
                "momentum": [value.tolist() for value in self.momentum]}

    def load_state_dict(self, state):
        """ValueError that says which field is wrong, if this is no state of a classifier of this size."""
        if not isinstance(state, dict) or not isinstance(state.get("momentum"), list) or len(state["momentum"]) != 2:
            raise ValueError("model: momentum is missing, expected two arrays")
        weight, bias = (self._array(state.get(name), name, own)
                        for name, own in (("weight", self.weight), ("bias", self.bias)))
        self.momentum = [self._array(value, "momentum", own) for value, own in zip(state["momentum"], (weight, bias))]
        self.weight, self.bias = weight, bias

    @staticmethod
    def _array(value, name, own):
        try:
            array = np.asarray(value, np.float32)
        except (TypeError, ValueError) as error:
            raise ValueError(f"model: {name} is no array of numbers: {error}") from error
        if array.shape != own.shape or not np.isfinite(array).all():
            raise ValueError(f"model: {name} has shape {array.shape}, expected {own.shape} and finite numbers")
        return array
