"""Which pictures come when, and how they are changed: the same for everybody who asks, from wherever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from tests.training.loop.small import CPU, Noise, Rounds

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.training.augment.registry import build
from reid_solve.training.loop.batches import Order, Place, Plan, Reader, stream


def first(orders: Any, count: int) -> list[Order]:
    return [order for order, _ in zip(orders, range(count), strict=False)]


def test_a_plan_taken_up_anywhere_gives_what_would_have_come() -> None:
    plan = Plan(Rounds(6, 4), np.arange(6) // 2)
    orders = first(plan, 9)
    assert [order.place for order in orders[:3]] == [Place(0, 0, 2), Place(0, 1, 2), Place(1, 0, 2)]
    assert orders[1].rows == [4, 5, 0, 1]
    assert orders[1].times == [0, 0, 1, 1]  # rows 0 and 1 come for the second time in this epoch
    assert orders[2].times == [0, 0, 0, 0]
    assert orders[1].classes == [2, 2, 0, 0]
    for begin, order in enumerate(orders):
        again = replace(plan, epoch=order.place.epoch, number=order.place.number)
        assert first(again, 3) == orders[begin : begin + 3] or begin > 6


def test_processes_share_each_batch_and_change_pictures_alike() -> None:
    steps = build([{"name": "flip", "joint": True}, {"name": "erase", "p": 1.0, "fill": "noise"}])
    reader = Reader(Noise(), Input((32, 16)), steps, 7)
    whole = [reader.read(order) for order in first(Plan(Rounds(6, 5), np.arange(6) // 2), 4)]
    halves = [[reader.read(order) for order in first(Plan(Rounds(6, 5), np.arange(6) // 2, rank, 2), 4)]
              for rank in (0, 1)]  # fmt: skip
    for every, left, right in zip(whole, *halves, strict=True):
        assert torch.equal(torch.cat([left.pixels, right.pixels]), every.pixels)
        assert torch.equal(left.target, every.target)


def test_a_picture_is_changed_by_seed_epoch_and_turn_and_by_nothing_else() -> None:
    steps = build([{"name": "erase", "p": 1.0, "fill": "noise"}])

    def pixels(seed: int, epoch: int, times: int, number: int = 0) -> bytes:
        order = Order(Place(epoch, number, 9), [3], [times], [1], 0)
        return bytes(Reader(Noise(), Input((32, 16)), steps, seed).read(order).pixels.numpy())

    base = pixels(0, 0, 0)
    assert pixels(0, 0, 0, number=5) == base
    assert len({base, pixels(1, 0, 0), pixels(0, 1, 0), pixels(0, 0, 1)}) == 4


def test_readers_in_other_processes_give_the_same_and_draw_nothing_from_torch() -> None:
    reader = Reader(Noise(), Input((32, 16)), build([{"name": "jitter"}, {"name": "erase"}]), 7)
    torch.manual_seed(5)
    found = []
    for workers in (0, 2):
        orders = Plan(Rounds(6, 4), np.arange(6) // 2)
        found.append([batch for batch, _ in zip(stream(reader, orders, workers, CPU.device), range(5), strict=False)])
    for one, other in zip(*found, strict=True):
        assert one.place == other.place
        assert torch.equal(one.pixels, other.pixels)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)
