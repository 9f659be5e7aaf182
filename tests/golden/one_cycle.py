#!/usr/bin/env python3
"""Golden values of the one-cycle schedule: PyTorch's formulas (torch/optim/lr_scheduler.py, OneCycleLR,
anneal_strategy='cos', pct_start=0.3, div_factor=25, final_div_factor=1e4), without PyTorch."""
import math


def anneal(start, end, share):
    return end + (start - end) / 2.0 * (1 + math.cos(math.pi * share))


def rates(max_rate, total_steps, pct_start=0.3):
    initial, first_end = max_rate / 25, float(pct_start * total_steps) - 1
    second_end, minimum = total_steps - 1, max_rate / 25 / 1e4
    out = []
    for step in range(total_steps):
        if step <= first_end:
            out.append(anneal(initial, max_rate, step / first_end))
        else:
            out.append(anneal(max_rate, minimum, (step - first_end) / (second_end - first_end)))
    return out


if __name__ == '__main__':
    print(', '.join('%.15g' % rate for rate in rates(0.1, 10)))
