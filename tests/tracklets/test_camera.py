"""Camera motion from the tracks, on a world that is known."""

import numpy as np

from reid_solve.tracklets.camera import estimate_camera, grouped_median, reference_from_pitch, reference_from_tracks

SIZE = (1920.0, 1080.0)


def filmed(pan: np.ndarray, zoom: np.ndarray, people: int = 12, walk: float = 0.0, cut: int | None = None):  # type: ignore[no-untyped-def]
    """People in a world, filmed; frame, node, boxes and feet in the world."""
    rng = np.random.default_rng(0)
    frames = len(pan)
    world = np.column_stack([rng.uniform(300, 1500, people), rng.uniform(400, 900, people)])
    feet = world[:, None] + rng.normal(0, walk, (people, frames, 2)).cumsum(axis=1)
    picture = feet * zoom[None, :, None] - np.column_stack([pan, 0 * pan])[None]
    height = 100 * np.broadcast_to(zoom, (people, frames)) + rng.normal(0, 0.3, (people, frames))
    boxes = np.stack([picture[..., 0] - 20, picture[..., 1] - height, np.full_like(height, 40), height], axis=-1)
    node = np.repeat(np.arange(people), frames)
    if cut is not None:
        node = node * 2 + (np.tile(np.arange(frames), people) >= cut)
        order = np.lexsort((np.tile(np.arange(frames), people), node))
        return (
            np.tile(np.arange(frames), people)[order],
            node[order],
            boxes.reshape(-1, 4)[order],
            feet.reshape(-1, 2)[order],
        )
    return np.tile(np.arange(frames), people), node, boxes.reshape(-1, 4), feet.reshape(-1, 2)


def test_a_pan_and_a_zoom_are_undone() -> None:
    t = np.arange(200)
    frame, node, boxes, world = filmed(200 * np.sin(t / 40), 1 + 0.2 * np.sin(t / 60), walk=0.3)
    found = reference_from_tracks(frame, node, boxes, SIZE)
    error = np.linalg.norm(found.position - world, axis=1)
    raw = np.linalg.norm(boxes[:, :2] + [20, 0] + np.column_stack([0 * frame, boxes[:, 3]]) - world, axis=1)
    assert np.median(raw) > 100
    assert np.median(error) < 15


def test_one_runner_does_not_move_the_camera() -> None:
    frame, node, boxes, _ = filmed(np.zeros(100), np.ones(100))
    boxes[node == 0, 0] += 5 * frame[node == 0]
    camera = estimate_camera(frame, node, boxes, SIZE)
    assert np.abs(camera.shift).max() < 10  # of 500 pixels that he ran


def test_uncertainty_grows_with_time_and_jumps_at_a_cut() -> None:
    frame, node, boxes, _ = filmed(np.zeros(100), np.ones(100), walk=0.3, cut=50)
    variance = estimate_camera(frame, node, boxes, SIZE).variance
    assert (np.diff(variance) >= 0).all()
    assert np.argmax(np.diff(variance)) == 49
    assert variance[50] - variance[49] > 100 * (variance[49] - variance[0])


def test_frames_may_be_sparse_and_huge() -> None:
    frame, node, boxes, _ = filmed(np.zeros(20), np.ones(20))
    camera = estimate_camera(frame * 7 + 2_000_000_000, node, boxes, SIZE)
    assert len(camera.frame) == 20
    assert np.abs(camera.shift).max() < 10  # of 500 pixels that he ran


def test_pitch_positions_that_are_missing_are_held() -> None:
    pitch = np.array([[np.nan, np.nan], [1.0, 2.0], [np.nan, np.nan], [5.0, 6.0]])
    node = np.array([0, 0, 0, 1])
    found = reference_from_pitch(pitch, np.ones((4, 4)), np.arange(4), node, SIZE)
    np.testing.assert_array_equal(found.position, [[1, 2], [1, 2], [1, 2], [5, 6]])


def test_grouped_median() -> None:
    group = np.array([0, 2, 0, 2, 2, 0, 0])
    np.testing.assert_allclose(grouped_median(np.array([1.0, 5, 2, 9, 7, 4, 3]), group, 4), [2.5, 0, 7, 0], atol=1e-12)
    assert not grouped_median(np.zeros(0), np.zeros(0, np.int64), 2).any()
    rng = np.random.default_rng(0)
    group, values = rng.integers(0, 1000, 20_000), rng.normal(-3, 1, 20_000)
    expected = [np.median(values[group == g]) for g in range(1000)]
    np.testing.assert_allclose(grouped_median(values, group, 1000), expected, atol=1e-9)


def test_places_are_those_of_the_picture_whatever_the_camera_does() -> None:
    frame, node, boxes, _ = filmed(np.linspace(0, 300, 60), 1.004 ** np.arange(60))
    found = reference_from_tracks(frame, node, boxes, SIZE)
    rows = np.array([0, 59, 100])
    x, y, w, h = boxes[rows].T
    np.testing.assert_array_equal(found.place(rows), np.column_stack([x + w / 2, y + h]))
    np.testing.assert_array_equal(found.place_unit(rows), h)
    assert abs(found.unit[59] / h[1] - 1) > 0.1  # the reference is another thing
    assert np.hypot(*(found.position[59] - found.place(rows)[1])) > 100
